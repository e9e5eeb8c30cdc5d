"""What we say of others' indicators: that they matched something here, and what our people made of it.

What a person judged is answered: a sighting with the outcome, in days and orders of magnitude, and an opinion where he
was sure; the reason that he gave stays here. When his verdict has come to its end, was taken back or is another now, a
newer version of both says so: who has none any more is unsure and neutral. Nothing is revoked for that, since nothing
may follow what was revoked, and somebody will judge anew. Without a person one thing is said: that an indicator fits
far too many.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from stillwatch.indicators import feedback, incoming, versions
from stillwatch.indicators.extensions import FEEDBACK, Outcome
from stillwatch.indicators.feedback import Opinion, Seen
from stillwatch.indicators.said import Found

Verdict = Literal["confirmed", "rejected", "unsure"]
#: What a verdict is by now; "lapsed": it has ended or was taken back, and no other counts in its place.
Became = Verdict | Literal["lapsed"]
Object = Mapping[str, Any]
Before = Mapping[str, Object]  # what we said before, by id


class Review(Protocol):
    """A person's verdict, as findings have it."""

    @property
    def verdict(self) -> Verdict: ...  # noqa: D102 — see reports.document
    @property
    def author(self) -> str: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def stands(self) -> bool: ...  # noqa: D102


class Matched(Found, Protocol):
    """A campaign that fits indicators of others."""

    @property
    def indicators(self) -> Sequence[str]: ...  # noqa: D102 — see campaigns.findings
    @property
    def review(self) -> Review | None: ...  # noqa: D102


@dataclass(frozen=True)
class Ground:
    """The verdict that an answer rests on."""

    author: str
    at: datetime

    @classmethod
    def of(cls, review: Review) -> "Ground":
        """A verdict, so that it is found again."""
        return cls(review.author, review.at)


def _nothing(_ground: Ground) -> None:
    """Nobody knows of any verdict."""


@dataclass(frozen=True)
class Judged:
    """What our people made of others' indicators.

    Attributes:
        campaigns: of the last scan, with what people said of them.
        became: what became of a verdict that was told; None: nobody knows of it, and what was told stays.
        grounds: the verdict that was told last of each indicator.
    """

    campaigns: Sequence[Matched] = ()
    became: Callable[[Ground], Became | None] = _nothing
    grounds: Mapping[str, Ground] = field(default_factory=dict)

    def standing(self) -> dict[str, Matched]:
        """For each indicator the campaign whose verdict is told."""
        found: dict[str, Matched] = {}
        for campaign in self.campaigns:
            if campaign.review and campaign.review.stands:
                for each in campaign.indicators:
                    found[each] = _weightier(found.get(each), campaign)
        return found

    def others(self) -> dict[str, Became]:
        """What became of the verdicts that were told and that no campaign of the last scan stands for."""
        told = self.grounds.keys() - self.standing().keys()
        found = {each: self._became(each) for each in sorted(told)}
        return {each: verdict for each, verdict in found.items() if verdict}

    def _became(self, indicator: str) -> Became | None:
        ground = self.grounds[indicator]
        shown = (each.review for each in self.campaigns if each.review and indicator in each.indicators)
        if any(not review.stands and Ground.of(review) == ground for review in shown):
            return "lapsed"  # it ended, or the evidence is another
        return self.became(ground)


_OUTCOMES: Mapping[Became, Outcome] = {
    "confirmed": "true-positive",
    "rejected": "false-positive",
    "unsure": "unsure",
    "lapsed": "unsure",
}
_OPINIONS: Mapping[Became, Opinion] = {"confirmed": "agree", "rejected": "disagree"}


def answers(  # noqa: PLR0913 — of what, about what, by whom, when, and what was said before
    judged: Judged,
    indicators: Mapping[str, Object],
    *,
    teller: str,
    before: Before,
    now: datetime,
    too_wide: Collection[str] = (),
) -> list[dict[str, Any]]:
    """What is new to say.

    Args:
        judged: what our people made of them.
        indicators: those of others, by id; of what is not among them only that is told which became of a verdict.
        teller: our STIX identity.
        before: what we said before, by id.
        now: when.
        too_wide: indicators that fitted more accounts of the last scan than any campaign has: that needs no person.

    Returns:
        Sightings and opinions that say something else than before.
    """
    standing = judged.standing()
    wrong = sorted(set(too_wide) & indicators.keys() - standing.keys())
    said = [
        feedback.sighting(indicators[each], teller=teller, outcome="false-positive", now=now, reviewed_by="software")
        for each in wrong
    ]
    for each in sorted(standing.keys() & indicators.keys()):
        said += _said(indicators[each], standing[each], teller, before, now)
    for each, verdict in judged.others().items():
        said += [
            new
            for new in _corrected(each, verdict, teller, before, now)
            if new["type"] != "sighting" or each not in wrong
        ]
    renewed = (versions.renewed(each, before.get(each["id"])) for each in said)
    return [each for each in renewed if each["id"] not in before or _newer(each, before[each["id"]])]


def _newer(new: Object, old: Object) -> bool:
    return incoming.version(new) > incoming.version(old)


def _weightier(one: Matched | None, other: Matched) -> Matched:
    """Of two campaigns that an indicator fits, the one that it was right about; else the first, the strongest."""
    if one is None or (_verdict(one) != "confirmed" and _verdict(other) == "confirmed"):
        return other
    return one


def _verdict(campaign: Matched) -> Verdict:
    return campaign.review.verdict if campaign.review else "unsure"


def _said(about: Object, campaign: Matched, teller: str, before: Before, now: datetime) -> list[dict[str, Any]]:
    verdict = _verdict(campaign)
    seen = Seen(campaign.first_seen.date(), campaign.last_seen.date(), len(campaign.accounts), campaign.requests)
    sighting = feedback.sighting(about, teller=teller, outcome=_OUTCOMES[verdict], now=now, seen=seen)
    return [sighting, *_opinion(about, verdict, teller, before, now)]


def _opinion(about: Object, verdict: Became, teller: str, before: Before, now: datetime) -> list[dict[str, Any]]:
    """What we think of an indicator; who is not sure says so only where he was sure before."""
    said = feedback.opinion(about, teller=teller, opinion=_OPINIONS.get(verdict, "neutral"), now=now)
    return [said] if verdict in _OPINIONS or said["id"] in before else []


def _corrected(id_: str, verdict: Became, teller: str, before: Before, now: datetime) -> list[dict[str, Any]]:
    """What we said of an indicator, with another outcome; what was seen is as it was."""
    again = feedback.sighting({"id": id_}, teller=teller, outcome=_OUTCOMES[verdict], now=now)
    if (old := before.get(again["id"])) is None:
        return []
    told = old["extensions"][FEEDBACK] | {"outcome": _OUTCOMES[verdict]}
    parts = {"modified": again["modified"], "extensions": {**old["extensions"], FEEDBACK: told}}
    about = {"id": id_, "object_marking_refs": old["object_marking_refs"]}
    return [{**old, **parts}, *_opinion(about, verdict, teller, before, now)]
