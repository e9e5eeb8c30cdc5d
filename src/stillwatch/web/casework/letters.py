"""What would leave, from the console: a second person approves it or refuses it, by the rules of `stillwatch share`.

    approve(console, "d-3f9a12cd", person, now)             # made anew, signed and sent
    refuse(console, "d-3f9a12cd", "The customer told us.", person, now)

The outbox is what counts; what was done is noted in the cases that it is about, too.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from stillwatch.errors import ConfigError, ExchangeError, InputError, TrustError
from stillwatch.exchange.client import publishing
from stillwatch.exchange.client.outbox import Draft
from stillwatch.exchange.client.state import State
from stillwatch.reports import sharing
from stillwatch.web import exchanged
from stillwatch.web.asking import NotAllowed, NotThere, Stale
from stillwatch.web.console import Console
from stillwatch.web.model import Person
from stillwatch.web.store.events import Acted

log = logging.getLogger(__name__)


def approve(console: Console, name: str, person: Person, now: datetime) -> None:
    """Approves what another person drafted, and sends it.

    Raises:
        NotThere: there is no such draft.
        NotAllowed: he drafted it, or the settings name others.
        Stale: somebody was first, or what would leave has changed since it was drafted; nothing leaves then.
        ConfigError: what is needed to speak is not set.
        ExchangeError: the exchange cannot be reached or refuses; it says whether the draft is approved all the same.
    """
    may, unsent = sharing.people(console.settings.config.exchange), None
    with _waiting(console, name) as (state, drafted):
        _allowed(lambda: may.check_approver(person.name, drafted.drafted_by))
        try:
            sharing.approve(console.settings, state, drafted.id, by=person.name, now=now)
        except InputError as error:
            raise _changed(error) from None
        except ExchangeError as error:
            unsent = error
        found = state.outbox.find(drafted.id)
    if unsent and found.stage == "drafted":
        raise unsent
    if found.approved_by != person.name:
        raise _first(found)
    _note(console, found, f"approved {found.id}, which tells the exchange of it", person, now)
    if unsent:
        what = f"It is approved, and could not be sent: {unsent.what}"
        hint = "The next `stillwatch sync` sends it, exactly as it was shown."
        raise ExchangeError(what, where=unsent.where, hint=hint)


def refuse(console: Console, name: str, why: str, person: Person, now: datetime) -> None:
    """Keeps a draft from being sent.

    Raises:
        NotThere: there is no such draft.
        NotAllowed: the settings name others.
        Stale: somebody was first.
    """
    may = sharing.people(console.settings.config.exchange)
    with _waiting(console, name) as (state, drafted):
        _allowed(lambda: may.check_refuser(person.name))
        try:
            publishing.drop(state.outbox, drafted.id, by=person.name, why=why, people=may, now=now)
        except InputError:
            raise _first(state.outbox.find(drafted.id)) from None
    _note(console, drafted, f"refused {drafted.id}: nothing of it leaves", person, now)


@contextmanager
def _waiting(console: Console, name: str) -> Iterator[tuple[State, Draft]]:
    """The state, and a draft that waits for a second person."""
    with exchanged.opened(console) as state:
        if state is None:
            raise NotThere("There is no such draft: nothing was ever exchanged.", where=name[:80])
        found = exchanged.draft(state, name)
        if found.stage != "drafted":
            raise _first(found)
        yield state, found


def _allowed(check: Callable[[], None]) -> None:
    try:
        check()
    except (TrustError, ConfigError) as error:
        raise NotAllowed(error.what, where=error.where, hint=error.hint) from None


def _first(found: Draft) -> Stale:
    """Somebody else decided it."""
    dropped = found.content.get("dropped", {})
    by, at = (dropped.get("by"), dropped.get("at")) if dropped else (found.approved_by, found.approved_at)
    why = f": {dropped['why']}" if dropped.get("why") else ""
    now = (f"{found.id} is {found.stage}, by {by or 'somebody'}, {at or ''}{why}",)
    return Stale("This no longer waits for a second person.", now=now, hint="Nothing of yours was done.")


def _changed(error: InputError) -> Stale:
    now = tuple(filter(None, [error.where]))
    return Stale(error.what, now=now, hint=f"Nothing has left. {error.hint or ''}".strip())


def _note(console: Console, found: Draft, what: str, person: Person, now: datetime) -> None:
    """Writes into the cases what was done; what the outbox says counts, whether the console's database can be used."""
    for campaign in found.content.get("campaigns", ()):
        try:
            console.store.record(campaign["id"], Acted(what), who=person.name, now=now)
        except NotThere:  # a campaign that the console never saw
            continue
        except ExchangeError as error:
            log.warning("not noted in the case: %s", error)
            return
