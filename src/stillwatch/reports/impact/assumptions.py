"""The numbers that no log tells: read from TOML, drawn.

assumptions = load(None)                  # those of the package
assumptions = load(Path("ours.toml"))     # every number in it, or those that differ
"""

import difflib
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stillwatch.errors import InputError, mistakes
from stillwatch.reports.impact.laws import Beta, Fixed, Law
from stillwatch.reports.wording import printable

F64 = npt.NDArray[np.float64]
Share = Annotated[Beta | Fixed, Field(discriminator="law")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(_Part):
    """What is known of one model; what is not given is as for all."""

    price_output: Law | None = None
    price_input: Law | None = None
    active_parameters: Law | None = None


class Assumptions(_Part):
    """Every number that an estimate rests on and a log does not have."""

    version: Literal["1"]
    draws: int = Field(ge=100_000, le=5_000_000)
    seed: int = Field(ge=0)
    precision: Share
    recall: Share
    output_tokens: Law
    input_tokens: Law
    price_output: Law
    price_input: Law
    useful_share: Law
    example_cost: Law
    active_parameters: Law
    peak: Law
    utilisation: Law
    models: dict[str, Model] = Field(default_factory=dict)

    @cached_property
    def laws(self) -> dict[str, Law]:
        """All of them by name; a model's own as `price_output of my-large-model`."""
        shared = {name: law for name, law in _named(self) if name not in {"version", "draws", "seed", "models"}}
        own = {of_model(name, key): law for key, model in self.models.items() for name, law in _named(model) if law}
        return shared | own

    def drawn(self) -> dict[str, F64]:
        """Draws of every number, (draws,) each; a number's draws do not depend on what else is assumed."""
        return {name: law.quantile(self._uniform(name)) for name, law in self.laws.items()}

    @cached_property
    def ends(self) -> tuple[dict[str, F64], dict[str, F64], dict[str, F64]]:
        """Every number's 5 %, 50 % and 95 % quantile, each an array of one."""
        return self._at(0.05), self._at(0.5), self._at(0.95)

    def _at(self, probability: float) -> dict[str, F64]:
        return {name: law.quantile(np.array([probability])) for name, law in self.laws.items()}

    def _uniform(self, name: str) -> F64:
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())]).random(self.draws)


def of_model(name: str, model: str) -> str:
    """The name of an assumption about one model."""
    return f"{name} of {model}"


def _named(part: BaseModel) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(part, name)) for name in type(part).model_fields)


def packaged() -> str:
    """The package's assumptions, as TOML."""
    return resources.files("stillwatch.reports.impact").joinpath("assumptions.toml").read_text(encoding="utf-8")


def load(path: Path | None) -> Assumptions:
    """Read assumptions; what a file leaves out is as in the package.

    Raises:
        InputError: the file cannot be read, is no TOML, names an assumption that there is none of (the nearest is
            named), lacks a source, or a law does not hold together.
    """
    given = tomllib.loads(packaged())
    if path is None:
        return Assumptions.model_validate(given)
    try:
        return Assumptions.model_validate(given | tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        hint = "`stillwatch report --impact --print-assumptions` writes one to begin with."
        raise InputError(f"The assumptions cannot be read ({error.strerror}).", where=str(path), hint=hint) from None
    except ValidationError as error:
        raise _wrong(error, str(path)) from None
    except ValueError as error:
        raise InputError(f"The assumptions are not TOML: {error}.", where=str(path)) from None


def _wrong(error: ValidationError, where: str) -> InputError:
    first = mistakes(error)[0]
    place = printable(first.place)
    if first.kind == "extra_forbidden":
        nearest = difflib.get_close_matches(str(first.path[-1]), _known(), n=1, cutoff=0)[0]
        return InputError(f"There is no assumption {place}.", where=where, hint=f"The nearest is {nearest}.")
    return InputError(f"The assumption {place} is wrong: {first.says}.", where=where)


def _known() -> list[str]:
    from_laws: Iterable[str] = ("law", "value", "low", "high", "median", "p95", "hits", "misses", "unit", "source")
    return [*Assumptions.model_fields, *Model.model_fields, *from_laws]


def parameters(law: Law) -> Mapping[str, float]:
    """A law's parameters by name, as they are printed."""
    return law.model_dump(exclude={"law", "unit", "source"})
