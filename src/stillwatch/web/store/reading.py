"""Rows of the database as values, over an open connection."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from stillwatch.response.ledger.entries import findable
from stillwatch.web.asking import NotThere
from stillwatch.web.store.events import Event, read
from stillwatch.web.store.model import SEVERITIES, CaseRow, Version
from stillwatch.web.store.tables import cases, events, head, imports, names, versions


def number_of(connection: Connection, name: str) -> int:
    """The case of this name, whichever scan or person gave it.

    Raises:
        NotThere: there is none.
    """
    number = connection.scalar(select(names.c.case).where(names.c.id == findable(name)))
    if number is None:
        hint = "Search for an account or a text of it: a campaign's id may have changed before the console saw it."
        raise NotThere("There is no case or campaign of this id.", where=name[:80], hint=hint)
    return int(number)


def id_of(connection: Connection, number: int) -> str:
    """The id of a case."""
    found: str = connection.execute(select(cases.c.id).where(cases.c.number == number)).scalar_one()
    return found


def next_number(connection: Connection) -> int:
    """The number for a new case; whoever writes is alone."""
    return (connection.scalar(select(func.max(cases.c.number))) or 0) + 1


def root_of(connection: Connection, number: int) -> int:
    """The case that a case is shown as."""
    found: int = connection.execute(select(cases.c.root).where(cases.c.number == number)).scalar_one()
    return found


def newest_scan(connection: Connection) -> int:
    """The number of the newest scan; 0: there was none."""
    found: int = connection.execute(select(head.c.scan)).scalar_one()
    return found


def rows_of(connection: Connection, query: Select[Any]) -> tuple[CaseRow, ...]:
    """The cases that a `select(cases)` finds."""
    newest = newest_scan(connection)
    return tuple(case_row(row, newest) for row in connection.execute(query))


def case_row(row: Row[Any], newest: int) -> CaseRow:
    """A row of `cases`, where the newest scan has this number."""
    return CaseRow(
        id=row.id,
        campaign_id=row.campaign_id,
        **_figures(row),
        scanned_at=row.scanned_at,
        gone=row.scan < newest,
        status=row.status,
        assignee=row.assignee,
        notes=row.notes,
        sightings=row.sightings,
        decisions=row.decisions,
        appeals=row.appeals,
    )


def versions_of(connection: Connection, number: int) -> tuple[Version, ...]:
    """How a case looked, newest first."""
    query = select(versions, imports.c.at).join(imports, imports.c.number == versions.c.scan)
    rows = connection.execute(query.where(versions.c.case == number).order_by(versions.c.scan.desc()))
    return tuple(
        Version(campaign_id=row.campaign_id, **_figures(row), scanned_at=row.scanned_at, taken_at=row.at)
        for row in rows
    )


def _figures(row: Row[Any]) -> dict[str, Any]:
    return {
        "severity": SEVERITIES[row.severity],
        "bits": row.bits,
        "families": tuple(row.families.split()),
        "accounts": row.accounts,
        "requests": row.requests,
        "tokens": row.tokens,
        "first_seen": row.first_seen,
        "crossed_at": row.crossed_at,
        "last_seen": row.last_seen,
    }


def events_of(connection: Connection, number: int) -> tuple[Event, ...]:
    """What people did to a case, oldest first."""
    where = events.c.case == number
    rows = connection.execute(
        select(events, cases.c.id).join(cases, cases.c.number == events.c.case).where(where).order_by(events.c.number)
    )
    return _events(rows)


def events_about(connection: Connection, account: str) -> tuple[Event, ...]:
    """What people did about an account, oldest first."""
    where = events.c.account == account
    joined = (
        select(events, cases.c.id)
        .outerjoin(cases, cases.c.number == events.c.case)
        .where(where)
        .order_by(events.c.number)
    )
    return _events(connection.execute(joined))


def _events(rows: Iterable[Row[Any]]) -> tuple[Event, ...]:
    return tuple(Event(row.number, row.id, row.who, row.at, read(row.kind, row.body)) for row in rows)


def pieces(values: Sequence[Any], size: int = 1000) -> Iterable[Sequence[Any]]:
    """Values in as many pieces as a question can name."""
    return (values[at : at + size] for at in range(0, len(values), size))
