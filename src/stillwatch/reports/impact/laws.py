"""How a number that is not known for certain is distributed.

Every law has one method, its quantile function: draws are quantiles at uniform numbers, and an interval's ends are
quantiles too, so that a Monte Carlo and a tornado use the same arithmetic.
"""

from typing import Annotated, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy import special

F64 = npt.NDArray[np.float64]
T = TypeVar("T")

_P95 = 1.6448536269514722  # of the standard normal law


class _Law(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    unit: str = Field(min_length=1)
    source: str = Field(min_length=1, description="where the number is from; of one's own, who says so")


class Fixed(_Law):
    """Known: a price list, a data sheet."""

    law: Literal["fixed"]
    value: float = Field(ge=0)

    def quantile(self, u: F64) -> F64:
        """The value, whatever the probabilities."""
        return np.full(np.shape(u), self.value)


class Uniform(_Law):
    """Anything from low to high."""

    law: Literal["uniform"]
    low: float = Field(ge=0)
    high: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        return _rising(self, self.low, self.high, "low", "high")

    def quantile(self, u: F64) -> F64:
        """The values at these probabilities."""
        return self.low + (self.high - self.low) * u


class LogUniform(_Law):
    """Anything from low to high, each order of magnitude alike."""

    law: Literal["loguniform"]
    low: float = Field(gt=0)
    high: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        return _rising(self, self.low, self.high, "low", "high")

    def quantile(self, u: F64) -> F64:
        """The values at these probabilities."""
        return self.low * (self.high / self.low) ** u


class LogNormal(_Law):
    """A median, and a value that 5 % exceed."""

    law: Literal["lognormal"]
    median: float = Field(gt=0)
    p95: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        return _rising(self, self.median, self.p95, "median", "p95")

    def quantile(self, u: F64) -> F64:
        """The values at these probabilities."""
        sigma = np.log(self.p95 / self.median) / _P95
        return np.asarray(self.median * np.exp(sigma * special.ndtri(u)), np.float64)


class Beta(_Law):
    """A share of which `hits` of `hits + misses` were counted: the posterior under Jeffreys' prior, Beta(½, ½)."""

    law: Literal["beta"]
    hits: float = Field(ge=0)
    misses: float = Field(ge=0)

    def quantile(self, u: F64) -> F64:
        """The shares at these probabilities."""
        return np.asarray(special.betaincinv(self.hits + 0.5, self.misses + 0.5, u), np.float64)


Law = Annotated[Fixed | Uniform | LogUniform | LogNormal | Beta, Field(discriminator="law")]


def _rising(law: T, low: float, high: float, *names: str) -> T:
    if low > high:
        raise ValueError(f"{names[0]} is above {names[1]}")
    return law
