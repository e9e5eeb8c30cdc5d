"""What is said of somebody else's object.

    sighting(indicator, teller=..., outcome="true-positive", now=now)
    opinion(indicator, teller=..., opinion="disagree", explanation="Matches nightly evaluation jobs.", now=now)
    note(indicator, teller=..., content="Renamed since.", now=now)
    retraction(withdrawn, operator=..., now=now)   # the server's entry in its collection of retractions

Nobody revokes somebody else's object: members disagree instead. Feedback is marked as what it is about is, so a marking
never widens by being answered. Each member has one sighting and one opinion of an object: a newer one is a version of
the same (`versions.renewed`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from stillwatch.errors import PrivacyError
from stillwatch.indicators import buckets, extensions, ids, lexicon, markings, timestamps
from stillwatch.indicators.extensions import Outcome
from stillwatch.indicators.markings import Level
from stillwatch.indicators.vocabulary import LONGEST_TEXT

Object = dict[str, Any]
Opinion = Literal["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"]


@dataclass(frozen=True)
class Seen:
    """What a match was found on; it leaves as days and orders of magnitude."""

    first: date
    last: date
    accounts: int
    requests: int


def sighting(  # noqa: PLR0913 — what, by whom, when, and on what
    about: Mapping[str, Any],
    *,
    teller: str,
    outcome: Outcome,
    now: datetime,
    seen: Seen | None = None,
    reviewed_by: Literal["human", "two-humans", "software"] = "human",
) -> Object:
    """Say what came of looking at what an indicator matched.

    Args:
        about: the indicator.
        teller: the STIX identity that speaks.
        outcome: whether it was right.
        now: when it is said.
        seen: what it matched, if that may be told.
        reviewed_by: who looked.
    """
    feedback = extensions.Feedback(
        outcome=outcome,
        reviewed_by=reviewed_by,
        accounts_bucket=buckets.of(seen.accounts) if seen else None,
        requests_bucket=buckets.of(seen.requests) if seen else None,
    )
    span = {"first_seen": f"{seen.first}T00:00:00Z", "last_seen": f"{seen.last}T00:00:00Z"} if seen else {}
    return _said(
        "sighting",
        about,
        teller,
        now,
        sighting_of_ref=about["id"],
        where_sighted_refs=[teller],
        **span,
        extensions={extensions.FEEDBACK: feedback.model_dump(mode="json", exclude_none=True)},
    )


def opinion(
    about: Mapping[str, Any], *, teller: str, opinion: Opinion, now: datetime, explanation: str | None = None
) -> Object:
    """Agree or disagree with an object.

    Raises:
        PrivacyError: the explanation is too long, or holds what counsel should see first.
    """
    told = {"explanation": _harmless("explanation", explanation)} if explanation else {}
    return _said("opinion", about, teller, now, opinion=opinion, **told, object_refs=[about["id"]])


def note(about: Mapping[str, Any], *, teller: str, content: str, now: datetime) -> Object:
    """Add a few words to an object.

    Raises:
        PrivacyError: they are too many, or hold what counsel should see first.
    """
    content = _harmless("content", content)
    return _said("note", about, teller, now, content, content=content, object_refs=[about["id"]])


def retraction(withdrawn: Mapping[str, Any], *, operator: str, now: datetime) -> Object:
    """The server's note that an object was withdrawn, for its collection of retractions.

    Args:
        withdrawn: the version that revokes it.
        operator: the STIX identity of the exchange.
        now: when the exchange took it in.
    """
    version = timestamps.text(timestamps.parse(withdrawn["modified"]))
    told = extensions.Retraction(
        retracted_ref=withdrawn["id"], retracted_version=version, retracted_at=timestamps.written(now)
    )
    return _said(
        "note",
        withdrawn,
        operator,
        now,
        version,
        content="This object was withdrawn by its publisher.",
        object_refs=[withdrawn["id"]],
        extensions={extensions.RETRACTION: told.model_dump(mode="json")},
    )


def _said(
    type_: str, about: Mapping[str, Any], teller: str, now: datetime, *name: object, **properties: object
) -> Object:
    time = timestamps.written(now)
    return {
        "type": type_,
        "spec_version": "2.1",
        "id": ids.derived(type_, teller, about["id"], *name),
        "created_by_ref": teller,
        "created": time,
        "modified": time,
        **properties,
        "object_marking_refs": list(about.get("object_marking_refs") or markings.refs(markings.TLP[Level.AMBER])),
    }


def _harmless(field: str, text: str) -> str:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise PrivacyError(f"Free text is one line of at most {LONGEST_TEXT} characters.", where=field)
    if what := lexicon.hit(text):
        raise PrivacyError(
            f"The text seems to speak of {what}.", where=field, hint="Leave it out, or ask counsel first."
        )
    return text
