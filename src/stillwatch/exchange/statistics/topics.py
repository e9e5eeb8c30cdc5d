"""What is counted: campaigns, indicators by kind, sightings by outcome, techniques.

The cells are fixed beforehand: a cell that is there only because somebody published something would say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.exchange.trust.decay import LIFETIMES
from stillwatch.exchange.trust.statements import Outcome, kind, outcome
from stillwatch.indicators.atlas import TECHNIQUES

_NUMBERS: Mapping[str, str] = {pattern["id"]: number for number, pattern in TECHNIQUES.items()}


@dataclass(frozen=True)
class Topic:
    """One question that can be asked of a month."""

    name: str
    type: str  # of the STIX objects that are counted
    cells: tuple[str, ...]
    clip: int  # objects that one member adds at most in a month, over all cells together
    cell: Callable[[Mapping[str, Any]], str | None]  # where a checked object is counted; None: nowhere


def _technique(relationship: Mapping[str, Any]) -> str | None:
    uses = relationship["relationship_type"] == "uses"
    return _NUMBERS.get(relationship["target_ref"]) if uses else None


def _outcome(sighting: Mapping[str, Any]) -> str | None:
    said = outcome(sighting)
    return said.value if said else None


#: A member that works a forum well publishes a campaign a week and looks at some thirty matches in a month; more of one
#: member would only ask for more noise over all.
TOPICS: Mapping[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("campaigns", "campaign", ("campaigns",), 4, lambda _: "campaigns"),
        Topic("indicators", "indicator", tuple(LIFETIMES), 16, kind),
        Topic("sightings", "sighting", tuple(Outcome), 32, _outcome),
        Topic("techniques", "relationship", tuple(TECHNIQUES), 8, _technique),
    )
}
