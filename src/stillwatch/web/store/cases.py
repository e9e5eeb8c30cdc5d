"""One case, by any id that it ever had.

found = case(store, "c-3f9a")
if found.into: ...                  # merged: shown as that one
found.campaign, found.versions, found.events, found.state
"""

from functools import lru_cache

from sqlalchemy import Connection, select

from stillwatch.web.store import figures
from stillwatch.web.store.events import fold
from stillwatch.web.store.model import Case, CaseRow, Sealed
from stillwatch.web.store.packing import digest_of, unpacked
from stillwatch.web.store.reading import case_row, events_of, id_of, newest_scan, number_of, rows_of, versions_of
from stillwatch.web.store.store import Store
from stillwatch.web.store.tables import accounts, campaigns, cases, names


def case(store: Store, name: str) -> Case:
    """A case with all that belongs to it.

    Raises:
        NotThere: nothing was ever known under this name.
    """
    with store.reading() as connection:
        number = number_of(connection, name)
        row = connection.execute(select(cases).where(cases.c.number == number)).one()
        events = events_of(connection, number)
        split = connection.execute(select(cases).where(cases.c.origin == number).order_by(cases.c.number)).all()
        sealed = _campaign(connection, number, in_part=bool(split) or row.origin is not None)
        newest = newest_scan(connection)
        return Case(
            row=case_row(row, newest),
            campaign=sealed.campaign,
            digest=sealed.digest,
            versions=versions_of(connection, number),
            events=events,
            state=fold(events),
            names=tuple(connection.scalars(select(names.c.id).where(names.c.case == number).order_by(names.c.id))),
            merged=_merged(connection, number),
            into=None if row.root == number else id_of(connection, row.root),
            split=tuple(case_row(each, newest) for each in split if each.root != number),
            origin=None if row.origin is None else id_of(connection, row.origin),
        )


def row(store: Store, name: str) -> CaseRow:
    """A case as the queue shows it.

    Raises:
        NotThere: nothing was ever known under this name.
    """
    with store.reading() as connection:
        return rows_of(connection, select(cases).where(cases.c.number == number_of(connection, name)))[0]


def _merged(connection: Connection, number: int) -> tuple[CaseRow, ...]:
    others = (cases.c.root == number) & (cases.c.number != number)
    return rows_of(connection, select(cases).where(others).order_by(cases.c.number))


def _campaign(connection: Connection, number: int, *, in_part: bool) -> Sealed:
    body = connection.execute(select(campaigns.c.body).where(campaigns.c.case == number)).scalar_one()
    whole = Sealed(digest_of(body), unpacked(body))
    if not in_part:
        return whole
    return _part(whole, frozenset(connection.scalars(select(accounts.c.account_id).where(accounts.c.case == number))))


@lru_cache(maxsize=8)
def _part(whole: Sealed, kept: frozenset[str]) -> Sealed:
    return Sealed(digest_of(whole.digest.encode(), kept), figures.part(whole.campaign, kept))
