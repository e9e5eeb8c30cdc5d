"""A verdict on a case, the second person's word, and taking back.

    judge(desk, Said("rejected", "A course at a university.", until=in_half_a_year), campaign_id)
    agree(desk, campaign_id)        # where `reviews.two_persons` asks for two, the second says so, too
    undo(desk, event, "wrong case")

A verdict that stands is remembered in the reviews: scans recall it, `stillwatch sync` tells the exchange. Case and
reviews change together or not at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stillwatch.reports.document import Campaign
from stillwatch.reports.wording import count
from stillwatch.web.asking import Invalid, NotAllowed, Stale
from stillwatch.web.casework import measures
from stillwatch.web.casework.desk import Desk
from stillwatch.web.store import cases
from stillwatch.web.store.events import Event, Merged, Noted, Reviewed, Split, Undone, Verdict
from stillwatch.web.store.model import Case

VERDICTS: dict[str, Verdict] = {"confirmed": "confirmed", "rejected": "rejected", "unsure": "unsure"}
MOST_DAYS = 3650


@dataclass(frozen=True)
class Said:
    """What somebody takes a case for."""

    verdict: Verdict
    reason: str
    until: datetime | None = None  # when somebody is to look again; None: when the evidence changes


def said(verdict: str, reason: str, days: str, now: datetime) -> Said:
    """What a form says.

    Raises:
        Invalid: the verdict is none, or the days are no number.
    """
    if verdict not in VERDICTS:
        raise Invalid("Choose a verdict.", where="verdict", hint=f"One of {', '.join(VERDICTS)}.")
    if not days:
        return Said(VERDICTS[verdict], reason)
    if not (days.isascii() and days.isdecimal() and len(days) <= 4 and 1 <= int(days) <= MOST_DAYS):
        raise Invalid(f"A verdict holds 1 to {MOST_DAYS:,} days, or as long as the evidence is the same.", where="days")
    return Said(VERDICTS[verdict], reason, now + timedelta(days=int(days)))


def judge(desk: Desk, what: Said, campaign_id: str) -> Event:
    """Gives a verdict; it waits for a second person where the settings ask for one.

    Args:
        desk: who, about which case.
        what: the verdict.
        campaign_id: the version of the campaign that he saw.

    Raises:
        Stale: somebody else was first, or a scan changed the case meanwhile.
        NotAllowed: he said the same before, and somebody else is to say it now.
        StillwatchError: the reviews cannot be written; nothing is written then.
    """
    _as_seen(desk, campaign_id)
    waiting = desk.case.state.waiting
    if waiting and isinstance(waiting.body, Reviewed) and waiting.body.verdict == what.verdict:
        return _seconded(desk, waiting, what)
    if what.verdict in desk.console.settings.config.reviews.two_persons:
        return desk.record(Reviewed(what.verdict, what.reason, campaign_id, what.until, stands=False))
    return _remembered(desk, what, desk.who)


def stands_at_once(desk: Desk, verdict: Verdict) -> bool:
    """Whether this person's word is enough for a verdict: no second person is asked for, or he is the second."""
    waiting = desk.case.state.waiting
    if waiting and isinstance(waiting.body, Reviewed) and waiting.body.verdict == verdict:
        return not _same(waiting.who, desk.who)
    return verdict not in desk.console.settings.config.reviews.two_persons


def agree(desk: Desk, campaign_id: str) -> Event:
    """Says the same as somebody whose verdict waits for a second person.

    Raises:
        Stale: somebody else was first, or a scan changed the case meanwhile.
        NotAllowed: it is his own verdict.
        Invalid: no verdict waits.
        StillwatchError: the reviews cannot be written; nothing is written then.
    """
    _as_seen(desk, campaign_id)
    waiting = desk.case.state.waiting
    if waiting is None or not isinstance(waiting.body, Reviewed):
        raise Invalid("No verdict waits for a second person here.", where=desk.case.id)
    return _seconded(desk, waiting, Said(waiting.body.verdict, waiting.body.reason, waiting.body.until))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def undoable(case: Case) -> frozenset[int]:
    """The numbers of the entries that may be taken back: what still has an effect, and notes."""
    undone = {each.body.event for each in case.events if isinstance(each.body, Undone)}
    in_effect = {each.number for each in (case.state.verdict, case.state.waiting) if each}
    return frozenset(
        each.number
        for each in case.events
        if each.number not in undone
        and (each.number in in_effect or isinstance(each.body, Noted | Split) or _merges(case, each))
    )


def undo(desk: Desk, number: int, reason: str) -> Event:
    """Takes an entry of a case back; what stood before it stands again.

    Raises:
        Stale: somebody else was first.
        Invalid: this entry cannot be taken back.
        StillwatchError: the reviews cannot be written; nothing is written then.
    """
    found = next((each for each in desk.case.events if each.number == number), None)
    if found is None or (desk.revision == desk.case.revision and number not in undoable(desk.case)):
        raise Invalid("This entry cannot be taken back.", where=str(number))
    with desk.recorded(Undone(number, reason)) as event:
        if isinstance(found.body, Reviewed) and found.body.stands:
            desk.reviews.withdraw(found.who, found.at, by=desk.who)
    return event


def _as_seen(desk: Desk, campaign_id: str) -> None:
    desk.shown_here()
    campaign = desk.case.campaign
    if desk.revision == desk.case.revision and campaign_id != campaign.id:
        size = count(len(campaign.accounts), "account")
        now = (f"{campaign.id}: {campaign.bits:.1f} bits, {size}, {campaign.severity}",)
        fields = {"campaign": campaign.id, "version": str(desk.case.revision)}
        raise Stale("A scan changed this case while you were looking at it.", now=now, fields=fields)


def _seconded(desk: Desk, waiting: Event, what: Said) -> Event:
    """Remembers a verdict of two."""
    if _same(waiting.who, desk.who):
        hint = "Ask somebody else to look at it, or take yours back."
        raise NotAllowed("You said so yourself, and a second person is to say it now.", hint=hint)
    event = _remembered(desk, what, waiting.who, second=desk.who)
    if isinstance(waiting.body, Reviewed) and waiting.body.appeal:
        measures.end_campaign(desk.console, waiting.body.appeal, waiting.who, desk.now)
    return event


def _remembered(desk: Desk, what: Said, author: str, second: str = "") -> Event:
    """Writes a verdict that stands into the case, and into the reviews of every campaign that is shown as it.

    Raises:
        Stale: somebody else was first.
        StillwatchError: the reviews cannot be written; nothing is written then.
    """
    campaigns = _campaigns(desk)
    reviews, given = desk.reviews, False
    people = {"author": author, "second": second}
    try:
        with desk.recorded(Reviewed(what.verdict, what.reason, desk.case.campaign.id, what.until)) as event:
            reviews.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            reviews.add(*campaigns, verdict=what.verdict, reason=what.reason, at=desk.now, until=what.until, **people)
            given = True
    except BaseException:
        if given:  # the case could not be written after all
            reviews.withdraw(author, desk.now, by=desk.who)
        raise
    return event


def _campaigns(desk: Desk) -> tuple[Campaign, ...]:
    merged = (cases.case(desk.console.store, each.id).campaign for each in desk.case.merged)
    return (desk.case.campaign, *merged)


def _merges(case: Case, event: Event) -> bool:
    return isinstance(event.body, Merged) and case.state.into == event.body.into
