"""What members say of each other's indicators, read from the objects that they publish.

A sighting speaks through the outcome in our feedback extension (one without it says that something matched, not that it
was right, and so nothing here), an opinion through STIX's own scale. Who speaks is the member whose credentials
published the object, and when is the exchange's `date_added`: what the object says of either is not believed. Who
revokes a sighting or an opinion takes back his word: he is unsure from then on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from stillwatch.indicators import patterns, timestamps
from stillwatch.indicators.extensions import FEEDBACK


class Outcome(StrEnum):
    """What a member found when it looked, in the words of the feedback extension."""

    TRUE_POSITIVE = "true-positive"
    FALSE_POSITIVE = "false-positive"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Claim:
    """An indicator, as far as trust goes."""

    id: str
    publisher: str  # pseudonym: the STIX identity of the member
    kind: str  # of the signature; "stix" for an ordinary pattern
    time: int  # when its first version was added: a new version by its publisher makes nothing younger
    base: float = 0.5  # its confidence, 0 to 1
    valid_until: int | None = None
    revoked: bool = False


@dataclass(frozen=True)
class Statement:
    """One member's word about one indicator."""

    indicator: str
    teller: str  # pseudonym
    outcome: Outcome
    time: int  # when it was added


_OUTCOMES: Mapping[str, Outcome] = MappingProxyType({outcome.value: outcome for outcome in Outcome})
_OPINIONS: Mapping[str, Outcome] = MappingProxyType(
    {
        "strongly-agree": Outcome.TRUE_POSITIVE,
        "agree": Outcome.TRUE_POSITIVE,
        "neutral": Outcome.UNSURE,
        "disagree": Outcome.FALSE_POSITIVE,
        "strongly-disagree": Outcome.FALSE_POSITIVE,
    }
)


#: The kind of an indicator whose pattern is not in our language.
FOREIGN = "stix"


def kind(indicator: Mapping[str, Any]) -> str:
    """The kind of signature of a checked indicator (`indicators.incoming`)."""
    if indicator["pattern_type"] != patterns.PATTERN_TYPE:
        return FOREIGN
    return str(json.loads(indicator["pattern"])["kind"])


def claim(obj: Mapping[str, Any], publisher: str, added: int) -> Claim:
    """What one version of a checked indicator says.

    Args:
        obj: the indicator.
        publisher: the pseudonym of the member that published it.
        added: the `date_added` of its first version, in microseconds.
    """
    until = obj.get("valid_until")
    return Claim(
        id=obj["id"],
        publisher=publisher,
        kind=kind(obj),
        time=added,
        base=obj.get("confidence", 50) / 100,
        valid_until=None if until is None else timestamps.parse(until),
        revoked=obj.get("revoked", False),
    )


def outcome(obj: Mapping[str, Any]) -> Outcome | None:
    """What a sighting or an opinion found; None where the object judges nothing."""
    match obj:
        case {"type": "sighting", "extensions": {**extensions}}:
            feedback = extensions.get(FEEDBACK)
            word = feedback.get("outcome") if isinstance(feedback, dict) else None
            return _OUTCOMES.get(word) if isinstance(word, str) else None
        case {"type": "opinion", "opinion": str(word)}:
            return _OPINIONS.get(word)
        case _:
            return None


def statements(obj: Mapping[str, Any], teller: str, added: int) -> Iterator[Statement]:
    """What a sighting or an opinion says, a statement for each indicator that it is about.

    Args:
        obj: one version of a STIX object.
        teller: the pseudonym of the member that published it.
        added: its `date_added`, in microseconds.

    Yields:
        Nothing where the object judges nothing or is about no indicator.
    """
    said = outcome(obj)
    if said and obj.get("revoked"):
        said = Outcome.UNSURE
    if said:
        yield from (Statement(ref, teller, said, added) for ref in _about(obj) if ref.startswith("indicator--"))


def _about(obj: Mapping[str, Any]) -> list[str]:
    match obj:
        case {"type": "sighting", "sighting_of_ref": str(ref)}:
            return [ref]
        case {"type": "opinion", "object_refs": list(refs)}:
            return [ref for ref in refs if isinstance(ref, str)]
        case _:
            return []


def last_words(said: Iterable[Statement]) -> list[Statement]:
    """The last word of each member about each indicator: to look again and say so anew is no second vote."""
    latest: dict[tuple[str, str], Statement] = {}
    for statement in said:
        key = statement.indicator, statement.teller
        if key not in latest or statement.time >= latest[key].time:
            latest[key] = statement
    return list(latest.values())
