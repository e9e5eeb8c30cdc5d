"""Charts for pages: what others chose the words of is shown for what it is; the waterfall is drawn in its table.

drawn(charts.timeline(campaign))        # a Vega-Lite specification for the macro `chart`
waterfall(campaign)                     # its bars, for the rows of the table of evidence
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from stillwatch.reports import charts
from stillwatch.reports.document import Campaign, Evidence
from stillwatch.web.rendering import visible

_NAME = 120  # characters of a name in a chart


@dataclass(frozen=True)
class Step:
    """A bar: where the sum stood before a piece of evidence, and after; `left` and `width` in percent of the chart."""

    name: str
    kind: str
    bits: str
    left: float
    width: float
    evidence: Evidence | None = None  # None: the prior, the score


@dataclass(frozen=True)
class Waterfall:
    """How prior and evidence add up."""

    steps: tuple[Step, ...]
    zero: float  # where even odds stand, in percent


def waterfall(campaign: Campaign) -> Waterfall:
    """The bars of `charts.waterfall`, as a table shows them: at once, without a script, on any width."""
    values = charts.waterfall(campaign)["data"]["values"]
    ends = [0.0, *(each[end] for each in values for end in ("from", "to"))]
    low, width = min(ends), (max(ends) - min(ends)) or 1.0
    reasons = (None, *campaign.evidence, None)
    steps = tuple(
        Step(
            value["step"],
            value["kind"],
            value["bits"],
            round(100 * (min(value["from"], value["to"]) - low) / width, 2),
            round(100 * abs(value["to"] - value["from"]) / width, 2),
            reason,
        )
        for value, reason in zip(values, reasons, strict=True)
    )
    return Waterfall(steps, round(100 * -low / width, 2))


def drawn(spec: charts.Spec) -> charts.Spec:
    """A chart in which everything written can be seen for what it is."""
    return {key: _drawn(value) for key, value in spec.items()}


def _drawn(value: object) -> object:
    match value:
        case str():
            return _seen(value)
        case Mapping():
            return {key: _drawn(each) for key, each in value.items()}
        case list() | tuple():
            return [_drawn(each) for each in value]
    return value


@lru_cache(10_000)
def _seen(text: str) -> str:
    return visible(text, _NAME)
