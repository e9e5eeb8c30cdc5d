"""The ledger of measures from the console: what stands, what waits, who may sign, end and switch.

    with opened(console) as ledger: ...
    sign(console, ["d-3f9a0c1b2d4e"], by=person, now=now)

Who signs answers for it: an approver of the console, and one of `response.people` where the settings name them. What is
written is told to the gateways at once, and noted in the cases that it is about; the ledger is what counts.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from stillwatch.errors import ConfigError, ExchangeError, InputError
from stillwatch.response import appeals
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision
from stillwatch.response.publishing import tell
from stillwatch.response.relay.protocol import RelayError
from stillwatch.web.asking import NotAllowed, NotThere, Stale
from stillwatch.web.console import Console
from stillwatch.web.model import Person
from stillwatch.web.store import cases
from stillwatch.web.store.events import Acted

log = logging.getLogger(__name__)

_WAIT_SECONDS = 5.0  # for another writer: somebody sits before the page


@dataclass(frozen=True)
class Measure:
    """A decision as pages show it.

    Attributes:
        waits: a person must sign it before it does anything.
        by: who signed it; empty: nobody had to.
        spares: touches only requests that hold the campaign's template.
    """

    id: str
    measure: str  # the rung's word
    scope: str
    value: str  # whose: the account's id and so on
    since: datetime
    until: datetime
    campaign: str
    reason: str
    origin: str
    by: str
    waits: bool
    simulated: bool
    spares: bool
    evidence: tuple[str, ...]

    @classmethod
    def of(cls, decision: Decision, *, waits: bool) -> "Measure":
        """A decision of the ledger."""
        named = ("id", "scope", "value", "since", "until", "campaign", "reason", "origin", "simulated", "spares")
        same = {name: getattr(decision, name) for name in (*named, "evidence")}
        return cls(**same, measure=decision.action.word, by=decision.by or "", waits=waits)


def named(console: Console) -> bool:
    """Whether the settings name a ledger."""
    return console.settings.config.response.ledger is not None


@contextmanager
def opened(console: Console, *, create: bool = False) -> Iterator[Ledger]:
    """The ledger.

    Raises:
        ConfigError: the settings name none, there is none yet, or it is something else.
        ExchangeError: it cannot be reached.
    """
    address = console.settings.config.response.ledger
    if address is None:
        hint = "Name a file or postgresql://user@host/database there."
        raise ConfigError("No ledger of measures is named.", where="response.ledger", hint=hint)
    with Ledger.open(address, create=create, wait=_WAIT_SECONDS) as ledger:
        yield ledger


def against(console: Console, values: Sequence[str], now: datetime) -> tuple[Measure, ...]:
    """What stands and waits against accounts (organizations, keys, campaigns); nothing where there is no ledger yet.

    Raises:
        ExchangeError: the ledger cannot be reached.
    """
    try:
        with opened(console) as ledger:
            picture = ledger.against(values, now)
    except ConfigError:
        return ()
    waiting = [Measure.of(each, waits=True) for each in picture.waiting.values()]
    return (*waiting, *(Measure.of(each, waits=False) for each in picture.standing.values()))


def case_of(console: Console, campaign: str) -> str:
    """The id of a campaign's case; empty: the console knows none."""
    try:
        return cases.row(console.store, campaign).id
    except NotThere:
        return ""


def answerable(console: Console, person: Person) -> str:
    """The name under which somebody writes in the ledger.

    Raises:
        NotAllowed: the settings name who may, and he is not among them.
    """
    people = console.settings.config.response.people
    if people and person.name not in people:
        hint = "Whoever keeps the settings can add you to response.people."
        raise NotAllowed(f"{person.name} is not among those who may answer for measures.", hint=hint)
    return person.name


def sign(console: Console, ids: Sequence[str], person: Person, now: datetime) -> bool:
    """Makes proposals stand; whoever signs answers for it.

    Returns:
        Whether gateways know of it.

    Raises:
        NotAllowed: he may not.
        NotThere: there is no such decision.
        Stale: somebody was first, or it has ended; nothing is signed then.
    """
    by = answerable(console, person)
    with opened(console) as ledger:
        try:
            signed = ledger.sign(ids, by, now)
        except InputError as error:
            raise _gone(ledger, [error.where or ""], "This does not wait for a signature any more.") from None
        told = tell_gateways(console, ledger, now)
    note(console, signed, "signed", by, now)
    return told


def lift(console: Console, ids: Sequence[str], person: Person, reason: str, now: datetime) -> bool:
    """Ends measures, and refuses proposals.

    Returns:
        Whether gateways know of it.

    Raises:
        NotAllowed: he may not.
        NotThere: there is no such decision.
        Stale: all of it had ended already.
    """
    by = answerable(console, person)
    with opened(console) as ledger:
        try:
            ended = ledger.lift(ids, by, reason, now)
        except InputError as error:
            raise NotThere("The ledger knows no such decision.", where=error.where) from None
        if not ended:
            raise _gone(ledger, ids, "This had ended already.")
        told = tell_gateways(console, ledger, now)
    note(console, ended, "ended", by, now)
    return told


def switch(console: Console, *, on: bool, person: Person, reason: str, now: datetime) -> bool:
    """Turns all measures off or on.

    Returns:
        Whether gateways know of it.

    Raises:
        NotAllowed: he may not.
        Stale: they are already.
    """
    by = answerable(console, person)
    with opened(console, create=not on) as ledger:
        if ledger.enabled == on:
            raise Stale(f"Measures are {'on' if on else 'off'} already: somebody was first.")
        ledger.switch(on, by, reason, now)
        return tell_gateways(console, ledger, now)


def end_campaign(console: Console, appeal_id: str, by: str, now: datetime) -> None:
    """Ends the measures of a campaign that an appeal showed to be a mistake, now that its verdict stands.

    Args:
        console: with the ledger.
        appeal_id: the appeal that was granted.
        by: who granted it, and answers for it.
        now: the time.

    Raises:
        ExchangeError: the ledger cannot be used; the verdict stands all the same.
    """
    try:
        with opened(console) as ledger:
            ended = appeals.end_campaign(ledger, appeal_id, by, now)
            tell_gateways(console, ledger, now)
    except (InputError, ConfigError, ExchangeError) as error:
        hint = "End the campaign's measures on their page."
        raise ExchangeError(f"The verdict stands, and its measures do, too: {error.what}", hint=hint) from None
    note(console, ended, f"ended by appeal {appeal_id}:", by, now)


def tell_gateways(console: Console, ledger: Ledger, now: datetime) -> bool:
    """Tells the gateways what stands.

    Returns:
        Whether they know: False where there is a way to them, and it failed. What was written stands all the same, and
        it can be tried again.
    """
    try:
        tell(ledger, console.settings.config.response, now)
    except (RelayError, ConfigError) as error:
        log.warning("no gateway was told: %s", error)
        return False
    return True


def note(console: Console, decisions: Sequence[Decision], what: str, by: str, now: datetime) -> None:
    """Writes into the cases what was done; what the ledger says counts, whether the console's database can be used."""
    by_campaign: dict[str, list[str]] = {}
    for each in decisions:
        by_campaign.setdefault(each.campaign or each.value, []).append(each.id)
    for campaign, ids in by_campaign.items():
        more = f" and {len(ids) - 3:,} more" if len(ids) > 3 else ""
        try:
            console.store.record(campaign, Acted(f"{what} {', '.join(ids[:3])}{more}"), who=by, now=now)
        except NotThere:  # a campaign that the console never saw
            continue
        except ExchangeError as error:
            log.warning("not noted in the case: %s", error)
            return


def _gone(ledger: Ledger, ids: Sequence[str], what: str) -> Stale | NotThere:
    """What became of decisions, as an error."""
    history = [each for id_ in ids for each in ledger.history(id_)[-2:]]
    if not history:
        return NotThere("The ledger knows no such decision.", where=next(iter(ids), ""))
    now = [f"{each.about}: {each.kind}, {each.at:%Y-%m-%d %H:%M} UTC, {_by(each.body)}" for each in history]
    return Stale(what, now=now, hint="Nothing of yours was written. Look at how it stands now.")


def _by(body: object) -> str:
    by = getattr(body, "by", "")
    return f"by {by}" if by else "proposed"
