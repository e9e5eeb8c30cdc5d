"""Charts for pages: what others chose the words of is shown for what it is; the waterfall is drawn in its table.

picture = picture_of(case.sealed)        # all charts of a case, kept as long as its campaign is the same
picture.timeline                        # a Vega-Lite specification for the macro `chart`
picture.waterfall                       # its bars, for the rows of the table of evidence
drawn(spec)                             # any other chart
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from stillwatch.reports import charts, notes
from stillwatch.reports.document import Campaign, Evidence
from stillwatch.web.rendering import visible
from stillwatch.web.store.model import Sealed

_NAME = 120  # characters of a name in a chart
_KEPT = 64  # campaigns


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


@dataclass(frozen=True)
class Picture:
    """What is drawn of a campaign, and what is said beside it."""

    waterfall: Waterfall  # why, bar by bar
    timeline: charts.Spec  # when it asked
    volume: charts.Spec  # which account asked how much
    matrix: charts.Spec  # which accounts share which things
    volume_note: str
    matrix_note: str
    shared: tuple[tuple[str, str, int], ...]  # things: family, name and in how many hands; most hands first


@lru_cache(maxsize=_KEPT)
def picture_of(sealed: Sealed) -> Picture:
    """All charts of a campaign."""
    campaign = sealed.campaign
    return Picture(
        waterfall=waterfall(campaign),
        timeline=drawn(charts.timeline(campaign)),
        volume=drawn(charts.volume(campaign)),
        matrix=drawn(charts.matrix(campaign)),
        volume_note=notes.volume(campaign),
        matrix_note=notes.matrix(campaign),
        shared=tuple(_shared(campaign)),
    )


def _shared(campaign: Campaign) -> list[tuple[str, str, int]]:
    hands = [(link.family, name, len(set(link.accounts))) for name, link in charts.named(campaign.links)]
    return sorted(hands, key=lambda thing: -thing[2])[: charts.MATRIX_LINKS]


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
