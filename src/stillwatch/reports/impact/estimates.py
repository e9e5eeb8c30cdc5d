"""What follows from what was taken: each estimate a formula over assumptions, an interval, and what moves it.

An interval is the 5 %, 50 % and 95 % quantile of Monte Carlo draws. What moves it is told by a tornado: one assumption
at a time goes from its own 5 % to its 95 % quantile while the others stand at their medians.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.reports.impact.assumptions import Assumptions, of_model
from stillwatch.reports.impact.document import Estimate, Interval, Swing
from stillwatch.reports.impact.volume import Volume

F64 = npt.NDArray[np.float64]
Values = Mapping[str, F64]  # of every assumption, by name

LEAST_SWING = 1e-3  # of the median: what moves an estimate less is not told


@dataclass(frozen=True)
class Taking:
    """What was taken, once it is corrected for what detection gets wrong.

    Attributes:
        volumes: as the log has them.
        missed: whether what detection misses is counted too.
        values: of the assumptions.
    """

    volumes: tuple[Volume, ...]
    missed: bool
    values: Values

    @property
    def correction(self) -> F64:
        """What the log's counts are multiplied with: precision, and over recall where the missed count too."""
        return self.values["precision"] / (self.values["recall"] if self.missed else 1.0)

    @property
    def answers(self) -> F64:
        """Answers given to campaigns."""
        return self.correction * sum(volume.answers for volume in self.volumes)

    def tokens(self, volume: Volume) -> tuple[F64, F64]:
        """Tokens in and out of one model."""
        mean_in, mean_out = self.values["input_tokens"], self.values["output_tokens"]
        return (
            self.correction * (volume.input_tokens + volume.unmetered * mean_in),
            self.correction * (volume.output_tokens + volume.unmetered * mean_out),
        )

    def of(self, name: str, volume: Volume) -> F64:
        """A model's own number, or the one for all."""
        return self.values.get(of_model(name, volume.model), self.values[name])


def _answers(t: Taking) -> F64:
    return t.answers


def _output_tokens(t: Taking) -> F64:
    return _sum(t, lambda volume: t.tokens(volume)[1])


def _list_price(t: Taking) -> F64:
    def price(volume: Volume) -> F64:
        asked, answered = t.tokens(volume)
        return (asked * t.of("price_input", volume) + answered * t.of("price_output", volume)) / 1e6

    return _sum(t, price)


def _replacement(t: Taking) -> F64:
    return t.answers * t.values["useful_share"] * t.values["example_cost"]


def _compute(t: Taking) -> F64:
    return _sum(t, lambda volume: 2.0 * t.of("active_parameters", volume) * sum(t.tokens(volume)))


def _hours(t: Taking) -> F64:
    return _compute(t) / (t.values["peak"] * t.values["utilisation"] * 3600.0)


def _sum(t: Taking, part: Callable[[Volume], F64]) -> F64:
    return sum((part(volume) for volume in t.volumes), np.zeros_like(t.values["precision"]))


@dataclass(frozen=True)
class Quantity:
    """Something to estimate.

    Attributes:
        name: for machines.
        title: for people.
        unit: of the figures.
        formula: in words.
        value: from a taking.
    """

    name: str
    title: str
    unit: str
    formula: str
    value: Callable[[Taking], F64]


#: All that is estimated. They measure different things: nothing here is ever added to anything else.
QUANTITIES = (
    Quantity(
        "answers",
        "answers taken",
        "answers",
        "answers in the log x precision (/ recall, with what is missed)",
        _answers,
    ),
    Quantity(
        "output_tokens",
        "output tokens taken",
        "tokens",
        "tokens in the log + answers without tokens x their mean; corrected as the answers",
        _output_tokens,
    ),
    Quantity(
        "list_price",
        "at list price",
        "US dollars",
        "over models: input tokens x price + output tokens x price (reasoning is billed as output)",
        _list_price,
    ),
    Quantity(
        "replacement_cost",
        "replacement cost",
        "US dollars",
        "answers x useful share x cost of one example written by somebody else",
        _replacement,
    ),
    Quantity(
        "teacher_compute",
        "teacher's compute",
        "FLOP",
        "2 x active parameters x tokens, in and out (Kaplan et al. 2020, arXiv:2001.08361, section 2.1)",
        _compute,
    ),
    Quantity("teacher_hours", "on accelerators", "hours", "FLOP / (peak x utilisation)", _hours),
)


def estimates(
    volumes: tuple[Volume, ...], assumptions: Assumptions, draws: Values, *, missed: bool
) -> tuple[Estimate, ...]:
    """Estimate every quantity.

    Args:
        volumes: what the log has.
        assumptions: for the tornado.
        draws: `assumptions.drawn()`.
        missed: whether what detection misses is counted too.
    """
    taking = Taking(_merged(volumes, assumptions), missed, draws)
    made = []
    for quantity in QUANTITIES:
        low, middle, high = np.quantile(quantity.value(taking), (0.05, 0.5, 0.95)).tolist()
        made.append(
            Estimate(
                name=quantity.name,
                title=quantity.title,
                unit=quantity.unit,
                formula=quantity.formula,
                interval=Interval(low=_round(low), middle=_round(middle), high=_round(high)),
                moved_by=_swings(quantity, taking, assumptions),
            )
        )
    return tuple(made)


def _merged(volumes: tuple[Volume, ...], assumptions: Assumptions) -> tuple[Volume, ...]:
    """Models without numbers of their own, as one: what is the same for them is computed once."""
    own = tuple(volume for volume in volumes if volume.model in assumptions.models)
    others = [volume for volume in volumes if volume.model not in assumptions.models]
    counts = zip(*((v.answers, v.unmetered, v.input_tokens, v.output_tokens) for v in others), strict=True)
    return (*own, Volume("", *map(sum, counts))) if others else own


def _swings(quantity: Quantity, taking: Taking, assumptions: Assumptions) -> tuple[Swing, ...]:
    """What moves it, most first."""
    low, middle, high = assumptions.ends

    def at(values: Values) -> float:
        return float(quantity.value(Taking(taking.volumes, taking.missed, values))[0])

    least = LEAST_SWING * at(middle)
    swings = [
        Swing(
            assumption=name,
            at_low=_round(at({**middle, name: low[name]})),
            at_high=_round(at({**middle, name: high[name]})),
        )
        for name in assumptions.laws
    ]
    telling = [swing for swing in swings if abs(swing.at_high - swing.at_low) > least]
    return tuple(sorted(telling, key=lambda swing: (-abs(swing.at_high - swing.at_low), swing.assumption)))


def _round(value: float) -> float:
    """To four digits: more would be noise of the draws."""
    return float(f"{value:.4g}")
