"""The accounts of a case, page by page; one account and its cases.

first = page(store, "c-3f9a", sort="requests")
second = page(store, "c-3f9a", sort="requests", after=first.next)
view = account(store, "acct-17")
"""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, func, select

from stillwatch.response.ledger.entries import findable
from stillwatch.web.asking import NotThere
from stillwatch.web.store.model import AccountPage, AccountRow, AccountView, Membership
from stillwatch.web.store.paging import Cursor, page_of
from stillwatch.web.store.reading import case_row, events_about, newest_scan, number_of
from stillwatch.web.store.store import Store
from stillwatch.web.store.tables import accounts, cases

Order = Literal["bits", "requests", "first", "last", "account"]

_COLUMNS = {
    "bits": accounts.c.bits,
    "requests": accounts.c.requests,
    "first": accounts.c.first_seen,
    "last": accounts.c.last_seen,
    "account": accounts.c.account_id,
}
ORDERS = tuple(_COLUMNS)
_MOST_CASES = 100  # of one account


def page(  # noqa: PLR0913 — what can be asked of a page
    store: Store,
    name: str,
    *,
    sort: Order = "bits",
    descending: bool = True,
    after: str | None = None,
    most: int = 50,
) -> AccountPage:
    """Accounts of a case, and of those merged into it.

    Args:
        store: where.
        name: the case, by any id that it ever had.
        sort: by what.
        descending: the most, newest or last first.
        after: `next` of the page before.
        most: how many.

    Raises:
        NotThere: there is no such case.
        Invalid: `after` is of no page.
    """
    with store.reading() as connection:
        group = _group(connection, name)
        here = _once(list(group))
        total = connection.execute(select(func.count()).select_from(accounts).where(here)).scalar_one()
        cursor = Cursor(_COLUMNS[sort], accounts.c.account_id, descending=descending)
        rows, following = page_of(connection, select(accounts).where(here), cursor, after, most)
    return AccountPage(tuple(_account(row, group[row.case]) for row in rows), following, total)


def account(store: Store, account_id: str) -> AccountView:
    """An account and its cases.

    Raises:
        NotThere: it is in no case.
    """
    key = findable(account_id)
    joined = select(accounts, cases.c.id).join(cases, cases.c.number == accounts.c.case)
    with store.reading() as connection:
        rows = connection.execute(joined.where(accounts.c.account_id == key).limit(_MOST_CASES)).all()
        if not rows:
            raise NotThere("This account is in no case.", hint="Nothing is kept of accounts that are in none.")
        memberships = sorted((_membership(connection, row) for row in rows), key=lambda each: -each.account.bits)
        return AccountView(key, tuple(memberships), events_about(connection, key))


def _membership(connection: Connection, row: Row[Any]) -> Membership:
    stronger = (accounts.c.case == row.case) & (accounts.c.bits > row.bits)
    rank = connection.execute(select(func.count()).select_from(accounts).where(stronger)).scalar_one() + 1
    whole = connection.execute(select(cases).where(cases.c.number == row.case)).one()
    return Membership(_account(row, row.id), case_row(whole, newest_scan(connection)), rank)


def _account(row: Row[Any], case_id: str) -> AccountRow:
    return AccountRow(row.account_id, case_id, row.bits, row.requests, row.first_seen, row.last_seen)


def _once(numbers: Sequence[int]) -> ColumnElement[bool]:
    """The accounts of cases; of one that is in several, the row of the first."""
    here = accounts.c.case.in_(numbers)
    if len(numbers) == 1:
        return here
    other = accounts.alias()
    same = (other.c.account_id == accounts.c.account_id) & (other.c.case < accounts.c.case)
    return here & ~select(other.c.case).where(same, other.c.case.in_(numbers)).exists()


def _group(connection: Connection, name: str) -> dict[int, str]:
    """The ids of a case and of all that is merged into it, by number."""
    number = number_of(connection, name)
    query = select(cases.c.number, cases.c.id).where((cases.c.root == number) | (cases.c.number == number))
    return {row.number: row.id for row in connection.execute(query)}
