"""One case, by any id that it ever had.

found = case(store, "c-3f9a")
if found.into: ...                  # merged: shown as that one
found.campaign, found.versions, found.events, found.state
"""

from sqlalchemy import Connection, select

from stillwatch.reports.document import Campaign
from stillwatch.web.store import figures
from stillwatch.web.store.events import fold
from stillwatch.web.store.model import Case, CaseRow
from stillwatch.web.store.packing import unpacked
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
        split = rows_of(connection, select(cases).where(cases.c.origin == number).order_by(cases.c.number))
        return Case(
            row=case_row(row, newest_scan(connection)),
            campaign=_campaign(connection, number, in_part=bool(split) or row.origin is not None),
            versions=versions_of(connection, number),
            events=events,
            state=fold(events),
            names=tuple(connection.scalars(select(names.c.id).where(names.c.case == number).order_by(names.c.id))),
            merged=_merged(connection, number),
            into=None if row.root == number else id_of(connection, row.root),
            split=split,
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


def _campaign(connection: Connection, number: int, *, in_part: bool) -> Campaign:
    whole = unpacked(connection.execute(select(campaigns.c.body).where(campaigns.c.case == number)).scalar_one())
    if not in_part:
        return whole
    kept = connection.scalars(select(accounts.c.account_id).where(accounts.c.case == number))
    return figures.part(whole, frozenset(kept))
