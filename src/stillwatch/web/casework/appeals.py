"""Somebody objects to a measure, and a person who did not decide it answers (`response.appeals`), from the console.

    page = listed(console, now)
    told = reverse(console, "a-51c09b7de2f0", "You are right: …", person, now, campaign_wrong=True)

Granting an appeal ends the measures, and, where the whole campaign was a mistake, is a verdict on its case, too.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from stillwatch.errors import ConfigError, ExchangeError, InputError, TrustError
from stillwatch.response import appeals
from stillwatch.response.appeals import Appeal
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision
from stillwatch.web.asking import Invalid, NotAllowed, NotThere, Stale
from stillwatch.web.casework import measures, verdicts
from stillwatch.web.casework.desk import Desk
from stillwatch.web.casework.verdicts import Said
from stillwatch.web.console import Console
from stillwatch.web.model import Person
from stillwatch.web.store import cases
from stillwatch.web.store.events import Reviewed


@dataclass(frozen=True)
class Answered:
    """What became of an appeal."""

    appeal: Appeal
    ended: tuple[Decision, ...] = ()
    told: bool = True  # gateways know


def listed(console: Console, now: datetime) -> tuple[Appeal, ...]:
    """All appeals: those that wait first, what is due soonest on top; nothing where there is no ledger yet.

    Raises:
        ExchangeError: the ledger cannot be reached.
    """
    try:
        with measures.opened(console) as ledger:
            found = appeals.appeals(ledger)
    except ConfigError:
        return ()
    waiting = sorted((each for each in found if each.status == "open"), key=lambda each: each.due)
    answered = sorted((each for each in found if each.status != "open"), key=_newest_first)
    return (*waiting, *(each for each in answered if each.opened <= now))


def of_accounts(console: Console, values: Sequence[str], now: datetime) -> tuple[Appeal, ...]:
    """The appeals of these accounts.

    Raises:
        ExchangeError: the ledger cannot be reached.
    """
    whose = set(values)
    return tuple(each for each in listed(console, now) if each.value in whose)


def wordless(appeal: Appeal) -> Appeal:
    """Without what people wrote."""
    return replace(appeal, text=None, contact=None, reply=None)


def file(  # noqa: PLR0913 — what an appeal says
    console: Console, decision: str, text: str, person: Person, now: datetime, *, contact: str = "", account: str = ""
) -> Appeal:
    """Writes down that somebody objects, as he told an analyst.

    Raises:
        NotThere: there is no such decision.
        Invalid: it is too long, says not whose it is, or one is open already.
    """
    due = timedelta(days=console.settings.config.response.appeal_days)
    with measures.opened(console) as ledger:
        about = decision_of(ledger, decision)
        try:
            opened = appeals.open_appeal(ledger, decision, text, contact, now, account=account, due=due)
        except InputError as error:
            raise Invalid(error.what, where=error.where, hint=error.hint) from None
    measures.note(console, [about], f"took appeal {opened.id} of", person.name, now)
    return opened


def answer(console: Console, appeal_id: str, text: str, person: Person, now: datetime) -> Answered:
    """Answers, and the measure stays.

    Raises:
        NotThere: there is no such appeal.
        NotAllowed: this person decided the measure, or may not answer.
        Stale: somebody answered already.
        Invalid: there is no text, or too much.
    """
    by = measures.answerable(console, person)
    with measures.opened(console) as ledger:
        about = _about(ledger, appeal_id)
        try:
            done = appeals.answer(ledger, appeal_id, text, by, now)
        except (InputError, TrustError) as error:
            raise _refusal(ledger, appeal_id, error) from None
    measures.note(console, [about], f"answered appeal {appeal_id}; it stays:", by, now)
    return Answered(done)


def reverse(  # noqa: PLR0913 — as `response.appeals.reverse`
    console: Console, appeal_id: str, text: str, person: Person, now: datetime, *, campaign_wrong: bool = False
) -> Answered:
    """Grants an appeal: what stands and waits against the account ends, and does not come back by itself.

    Args:
        console: with the ledger.
        appeal_id: the appeal.
        text: what the person is told.
        person: who answers.
        now: the time.
        campaign_wrong: the whole campaign was a mistake: its measures end, and its case is judged rejected; where
            `reviews.two_persons` asks for two, once a second person says so, too.

    Raises:
        NotThere: there is no such appeal, or no case of its campaign.
        NotAllowed: this person decided the measure, or may not answer.
        Stale: somebody answered already.
        Invalid: there is no text, or too much.
    """
    by = measures.answerable(console, person)
    exempt = timedelta(days=console.settings.config.response.exempt_days)
    with measures.opened(console) as ledger:
        about = _about(ledger, appeal_id)
        desk = _desk(console, about, by, now) if campaign_wrong else None
        whole = desk is not None and verdicts.stands_at_once(desk, "rejected")
        try:
            done, ended = appeals.reverse(ledger, appeal_id, text, by, now, campaign_wrong=whole, exempt=exempt)
        except (InputError, TrustError) as error:
            raise _refusal(ledger, appeal_id, error) from None
        told = measures.tell_gateways(console, ledger, now)
    measures.note(console, ended or [about], f"granted appeal {appeal_id}; ended", by, now)
    if desk is not None:
        _judge(replace(desk, case=cases.case(console.store, desk.case.id)), appeal_id)
    return Answered(done, ended, told)


def waits(console: Console, appeal: Appeal, about: Decision) -> str:
    """The case that a second person has to call a mistake, too, before its measures end; empty: none.

    Args:
        console: with the case.
        appeal: an appeal.
        about: the decision that it is about.
    """
    try:
        case = _desk(console, about, "", appeal.opened).case
    except NotThere:
        return ""
    waiting = case.state.waiting.body if case.state.waiting else None
    return case.id if isinstance(waiting, Reviewed) and waiting.appeal == appeal.id else ""


def _judge(desk: Desk, appeal_id: str) -> None:
    """Says that the campaign was a mistake."""
    reason, campaign = f"The appeal {appeal_id} was granted.", desk.case.campaign.id
    if verdicts.stands_at_once(desk, "rejected"):
        verdicts.judge(desk, Said("rejected", reason), campaign)
    else:
        desk.record(Reviewed("rejected", reason, campaign, stands=False, appeal=appeal_id))


def erase(console: Console, appeal_id: str, person: Person, now: datetime) -> None:
    """Erases what was written in an appeal and its answer; that there was one stays.

    Raises:
        NotThere: there is no such appeal.
        NotAllowed: he may not.
    """
    by = measures.answerable(console, person)
    with measures.opened(console) as ledger:
        about = _about(ledger, appeal_id)
        appeals.erase(ledger, appeal_id, by, now)
    measures.note(console, [about], f"erased the words of appeal {appeal_id} of", by, now)


def read(ledger: Ledger, appeal_id: str) -> Appeal:
    """One appeal.

    Raises:
        NotThere: there is none of this id.
    """
    try:
        return appeals.appeal(ledger, appeal_id)
    except InputError:
        raise NotThere(
            "There is no appeal of this id.", where=appeal_id[:80], hint="See the list of appeals."
        ) from None


def decision_of(ledger: Ledger, decision_id: str) -> Decision:
    """One decision, whether it still stands or not.

    Raises:
        NotThere: there is none of this id.
    """
    try:
        return ledger.decision(decision_id)
    except InputError:
        raise NotThere("There is no decision of this id.", where=decision_id[:80], hint="See the measures.") from None


def _about(ledger: Ledger, appeal_id: str) -> Decision:
    return decision_of(ledger, read(ledger, appeal_id).decision)


def _desk(console: Console, about: Decision, who: str, now: datetime) -> Desk:
    """Somebody at the case of the campaign that a measure was about; where it was merged, the one that it is shown as.

    Raises:
        NotThere: the console knows none; nothing is written then.
    """
    try:
        found = cases.case(console.store, about.campaign)
    except NotThere:
        hint = "Grant the appeal without it, and judge the case where it is."
        raise NotThere("The console knows no case of this campaign.", where=about.campaign[:80], hint=hint) from None
    return Desk(console, cases.case(console.store, found.into) if found.into else found, who, now, None)


def _refusal(ledger: Ledger, appeal_id: str, error: InputError | TrustError) -> Stale | NotAllowed | Invalid:
    if isinstance(error, TrustError):
        return NotAllowed(error.what, hint="Ask another approver; what you typed is below.")
    with suppress(InputError, ExchangeError):
        found = appeals.appeal(ledger, appeal_id)
        if found.status != "open" and found.answered:
            now = (f"{found.status} by {found.by}, {found.answered:%Y-%m-%d %H:%M} UTC: {found.reply or ''}",)
            return Stale("Somebody answered this appeal meanwhile.", now=now, hint="There is nothing left to answer.")
    return Invalid(error.what, hint=error.hint)


def _newest_first(appeal: Appeal) -> float:
    return -(appeal.answered or appeal.opened).timestamp()
