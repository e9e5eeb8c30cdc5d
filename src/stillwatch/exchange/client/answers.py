"""What we say of others' indicators: that they matched something here, and what our people made of it.

What a person judged is answered: a sighting with the outcome, in days and orders of magnitude, and an opinion where he
was sure; the reason that he gave stays here. Without a person one thing is said: that an indicator fits far too many.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from stillwatch.indicators import feedback, incoming, versions
from stillwatch.indicators.extensions import Outcome
from stillwatch.indicators.feedback import Opinion, Seen
from stillwatch.indicators.said import Found


class Review(Protocol):
    """A person's verdict, as findings have it."""

    @property
    def verdict(self) -> Literal["confirmed", "rejected", "unsure"]: ...  # noqa: D102 — see reports.document
    @property
    def stands(self) -> bool: ...  # noqa: D102


class Matched(Found, Protocol):
    """A campaign that fits indicators of others."""

    @property
    def indicators(self) -> Sequence[str]: ...  # noqa: D102 — see campaigns.findings
    @property
    def review(self) -> Review | None: ...  # noqa: D102


_OUTCOMES: Mapping[str, Outcome] = {
    "confirmed": "true-positive",
    "rejected": "false-positive",
    "unsure": "unsure",
}
_OPINIONS: Mapping[str, Opinion] = {"confirmed": "agree", "rejected": "disagree"}


def answers(  # noqa: PLR0913 — of what, about what, by whom, when, and what was said before
    campaigns: Iterable[Matched],
    indicators: Mapping[str, Mapping[str, Any]],
    *,
    teller: str,
    before: Mapping[str, Mapping[str, Any]],
    now: datetime,
    too_wide: Collection[str] = (),
) -> list[dict[str, Any]]:
    """What is new to say.

    Args:
        campaigns: of the last scan, with what people said of them.
        indicators: those of others, by id; what is not among them is not answered.
        teller: our STIX identity.
        before: what we said before, by id.
        now: when.
        too_wide: indicators that fitted more accounts of the last scan than any campaign has: that needs no person.

    Returns:
        Sightings and opinions that say something else than before.
    """
    judged: dict[str, Matched] = {}
    for campaign in campaigns:
        if campaign.review and campaign.review.stands:
            for each in campaign.indicators:
                judged[each] = _weightier(judged.get(each), campaign)
    said = [
        versions.renewed(new, before.get(new["id"]))
        for each, campaign in sorted(judged.items())
        if each in indicators
        for new in _said(indicators[each], campaign, teller, now)
    ]
    wrong = [
        feedback.sighting(indicators[each], teller=teller, outcome="false-positive", now=now, reviewed_by="software")
        for each in sorted(set(too_wide) & indicators.keys() - judged.keys())
    ]
    said += [versions.renewed(new, before.get(new["id"])) for new in wrong]
    return [each for each in said if each["id"] not in before or _newer(each, before[each["id"]])]


def _newer(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return incoming.version(new) > incoming.version(old)


def _weightier(one: Matched | None, other: Matched) -> Matched:
    """Of two campaigns that an indicator fits, the one that it was right about; else the first, the strongest."""
    if one is None or (_verdict(one) != "confirmed" and _verdict(other) == "confirmed"):
        return other
    return one


def _verdict(campaign: Matched) -> str:
    return campaign.review.verdict if campaign.review else "unsure"


def _said(about: Mapping[str, Any], campaign: Matched, teller: str, now: datetime) -> list[dict[str, Any]]:
    verdict = _verdict(campaign)
    seen = Seen(campaign.first_seen.date(), campaign.last_seen.date(), len(campaign.accounts), campaign.requests)
    said = [feedback.sighting(about, teller=teller, outcome=_OUTCOMES[verdict], now=now, seen=seen)]
    if verdict in _OPINIONS:
        said.append(feedback.opinion(about, teller=teller, opinion=_OPINIONS[verdict], now=now))
    return said
