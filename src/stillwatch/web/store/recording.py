"""What an entry does to cases, within a transaction: the entry is added, and the state that follows is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select, update

from stillwatch.response.ledger.entries import findable
from stillwatch.web.asking import Invalid, NotThere, Stale
from stillwatch.web.store import figures, reading
from stillwatch.web.store.events import (
    KINDS,
    Body,
    Event,
    Merged,
    Noted,
    Opened,
    Split,
    SplitFrom,
    State,
    Undone,
    Viewed,
    fold,
    written,
)
from stillwatch.web.store.tables import accounts, campaigns, cases, events, names, versions
from stillwatch.web.store.words import index, share, words_in

#: Who opens a case again when its verdict has come to its end.
CLOCK = "clock"

_MOST_SINCE = 10  # entries that a stale form is told of


def record(  # noqa: PLR0913 — as `Store.record`
    connection: Connection,
    case_id: str | None,
    body: Body,
    *,
    who: str,
    now: datetime,
    revision: int | None = None,
) -> Event:
    """See `Store.record`."""
    if case_id is None:
        return _added(connection, None, None, body, who, now)
    number = reading.number_of(connection, case_id)
    before = reading.events_of(connection, number)
    if revision is not None:
        _fresh(before, revision)
    match body:
        case Merged():
            body = _merger(connection, number, body)
        case Undone():
            _undoable(before, body)
        case Split():
            body = _split(connection, number, body, who, now)
        case Noted(text=text):
            index(connection, number, words_in(text))
    event = _added(connection, number, reading.id_of(connection, number), body, who, now)
    settle(connection, number)
    if isinstance(body, Undone):
        _unsplit(connection, number, before, body, who, now)
    return event


def add(connection: Connection, number: int, body: Body, *, who: str, now: datetime) -> State:
    """Adds an entry that needs no examination, and returns the state that follows."""
    _added(connection, number, None, body, who, now)
    return settle(connection, number)


def expire(connection: Connection, now: datetime) -> int:
    """See `Store.expire`."""
    over = connection.scalars(select(cases.c.number).where(cases.c.status_until <= now)).all()
    for number in over:
        add(connection, number, Opened("The verdict has come to its end."), who=CLOCK, now=now)
    return len(over)


def settle(connection: Connection, number: int) -> State:
    """Brings the row of a case to the state that its entries come to."""
    state = fold(reading.events_of(connection, number))
    old = connection.execute(select(cases.c.into, cases.c.root).where(cases.c.number == number)).one()
    into = reading.number_of(connection, state.into) if state.into else None
    kept = {
        "status": state.status,
        "status_until": state.until,
        "assignee": state.assignee,
        "into": into,
        "origin": reading.number_of(connection, state.origin) if state.origin else None,
        "revision": state.revision,
        "notes": state.notes,
    }
    connection.execute(update(cases).where(cases.c.number == number).values(kept))
    _relate(connection, number)
    if into != old.into:
        if into is not None:
            share(connection, number, reading.root_of(connection, into))
        _rooted(connection, number, number if into is None else reading.root_of(connection, into))
        figures.renew(connection, old.root)
        figures.renew(connection, reading.root_of(connection, number))
    return state


def _added(  # noqa: PLR0913, PLR0917 — the columns
    connection: Connection, number: int | None, case_id: str | None, body: Body, who: str, now: datetime
) -> Event:
    account = findable(body.account) if isinstance(body, Viewed) and body.account else None
    row = {"case": number, "account": account, "kind": body.kind, "who": who, "at": now, "body": written(body)}
    done = connection.execute(insert(events).returning(events.c.number), row).scalar_one()
    return Event(done, case_id, who, now, body)


def _fresh(before: Sequence[Event], revision: int) -> None:
    """Ends here if the case was changed since."""
    changes = [each for each in before if each.body.changes]
    if len(changes) != revision:
        now = [f"{each.says}, {each.at:%Y-%m-%d %H:%M} UTC" for each in changes[revision:][-_MOST_SINCE:]]
        raise Stale("Somebody changed this case while you were looking at it.", now=now)


def _merger(connection: Connection, number: int, body: Merged) -> Merged:
    other = reading.root_of(connection, reading.number_of(connection, body.into))
    if other == number or reading.root_of(connection, number) == other:
        raise Invalid("The two are one case already.", where=body.into)
    if reading.root_of(connection, number) != number:
        raise Invalid("It is merged into another case already.", hint="Undo that first.")
    return replace(body, into=reading.id_of(connection, other))


def _undoable(before: Sequence[Event], body: Undone) -> None:
    found = next((each for each in before if each.number == body.event), None)
    if found is None:
        raise NotThere("The case has no such entry.", where=str(body.event))
    if not KINDS[found.kind].undoable:
        raise Invalid("This entry cannot be undone.", where=str(body.event))
    if any(isinstance(each.body, Undone) and each.body.event == body.event for each in before):
        raise Invalid("This entry was undone already.", where=str(body.event))


def _split(connection: Connection, number: int, body: Split, who: str, now: datetime) -> Split:
    """Makes the new case; returns the entry with its id."""
    chosen = [findable(each) for each in dict.fromkeys(body.accounts)]
    here = and_(accounts.c.case == number, accounts.c.account_id.in_(chosen))
    found = connection.scalar(select(func.count()).select_from(accounts).where(here)) or 0
    total = connection.scalar(select(func.count()).select_from(accounts).where(accounts.c.case == number)) or 0
    if found < len(chosen) or not chosen:
        raise Invalid("Not all of these accounts are in the case.", where="accounts")
    if found == total:
        raise Invalid("Not all accounts can be split from a case.", where="accounts")
    new, new_id = _copied(connection, number)
    connection.execute(update(accounts).where(here).values(case=new))
    origin = reading.id_of(connection, number)
    _added(connection, new, new_id, SplitFrom(origin, body.reason), who, now)
    settle(connection, new)
    for each in (number, new):
        figures.cut(connection, each)
    return replace(body, accounts=tuple(chosen), case=new_id)


def _copied(connection: Connection, number: int) -> tuple[int, str]:
    """A new case with the same campaign, the same newest version, and no accounts."""
    row = dict(connection.execute(select(cases).where(cases.c.number == number)).mappings().one())
    parts = connection.scalar(select(func.count()).select_from(names).where(names.c.id.startswith(f"{row['id']}.")))
    new_id = f"{row['id']}.{(parts or 0) + 1}"
    new = reading.next_number(connection)
    counted = {"sightings": 0, "decisions": 0, "appeals": 0}
    fresh = {"number": new, "id": new_id, "root": new, "into": None, "origin": None, **counted}
    connection.execute(insert(cases), row | fresh)
    connection.execute(insert(names).values(id=new_id, case=new))
    newest = select(versions).where(versions.c.case == number).order_by(versions.c.scan.desc()).limit(1)
    for table, query in ((campaigns, select(campaigns).where(campaigns.c.case == number)), (versions, newest)):
        copy = dict(connection.execute(query).mappings().one())
        connection.execute(insert(table), {**copy, "case": new})
    return new, new_id


def _unsplit(  # noqa: PLR0913, PLR0917 — as `_added`
    connection: Connection, number: int, before: Sequence[Event], body: Undone, who: str, now: datetime
) -> None:
    """What a split made is merged back where the split is undone."""
    split = next(each.body for each in before if each.number == body.event)
    if isinstance(split, Split):
        record(connection, split.case, Merged(reading.id_of(connection, number), body.reason), who=who, now=now)


def _relate(connection: Connection, number: int) -> None:
    """Numbers all that mergers and splits connect with a case; and what no longer is."""
    before = connection.execute(select(cases.c.kin).where(cases.c.number == number)).scalar_one()
    left = {number, *connection.scalars(select(cases.c.number).where(cases.c.kin == before))}
    while left:
        kin = _kin(connection, left.pop())
        connection.execute(update(cases).where(cases.c.number.in_(kin)).values(kin=min(kin)))
        left -= kin


def _kin(connection: Connection, number: int) -> set[int]:
    found: set[int] = set()
    new = {number}
    while new:
        found |= new
        here = select(cases.c.into, cases.c.origin).where(cases.c.number.in_(new))
        beyond = select(cases.c.number).where(cases.c.into.in_(new) | cases.c.origin.in_(new))
        linked = {each for row in connection.execute(here) for each in row if each is not None}
        new = (linked | set(connection.scalars(beyond))) - found
    return found


def _rooted(connection: Connection, number: int, root: int) -> None:
    """A case and all that was merged into it are shown as another."""
    connection.execute(update(cases).where(cases.c.number == number).values(root=root))
    for each in connection.scalars(select(cases.c.number).where(cases.c.into == number)).all():
        _rooted(connection, each, root)
