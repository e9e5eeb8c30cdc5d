"""Many cases: those that a search finds, in its order, page by page, with how many have which severity, family, status.

first = page(store, search.parse("severity:high sort:-tokens"))
second = page(store, query, after=first.next)
for row in rows(store, query): ...          # all of them, for .csv
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from stillwatch.response.ledger.entries import findable
from stillwatch.web.search import Operator, Query, Term
from stillwatch.web.store.model import SEVERITIES, CasePage, CaseRow, Facet
from stillwatch.web.store.paging import MOST, Cursor, page_of
from stillwatch.web.store.reading import case_row, newest_scan
from stillwatch.web.store.store import Store
from stillwatch.web.store.tables import SORTS, accounts, cases, head, names, words
from stillwatch.web.store.words import words_in

_COLUMNS: dict[str, ColumnElement[Any]] = {
    "bits": cases.c.bits,
    "accounts": cases.c.accounts,
    "requests": cases.c.requests,
    "tokens": cases.c.tokens,
    "since": cases.c.first_seen,
    "until": cases.c.first_seen,
    "crossed": cases.c.crossed_at,
    "last": cases.c.last_seen,
    "status": cases.c.status,
    "severity": cases.c.severity,
}
_COUNTED = {
    "sighting": cases.c.sightings,
    "decision": cases.c.decisions,
    "appeal": cases.c.appeals,
    "note": cases.c.notes,
}
_RARE = (
    2_000  # cases with a word, up to which they are looked up; else each case of the list is asked whether it has it
)


def page(store: Store, query: Query, after: str | None = None, most: int = 50) -> CasePage:
    """Cases that a search finds.

    Args:
        store: where.
        query: the search; cases that were merged into another are found as that one.
        after: `next` of the page before.
        most: how many.

    Raises:
        Invalid: `after` is of no page of this order.
    """
    with store.reading() as connection:
        where = _where(connection, query)
        found, following = page_of(connection, select(cases).where(where), _cursor(query), after, most)
        newest = newest_scan(connection)
        total, facets = _counted(connection, where)
    return CasePage(tuple(case_row(row, newest) for row in found), following, total, facets)


def rows(store: Store, query: Query) -> Iterator[CaseRow]:
    """All cases that a search finds, read a page at a time."""
    after: str | None = None
    while True:
        with store.reading() as connection:
            where = select(cases).where(_where(connection, query))
            found, after = page_of(connection, where, _cursor(query), after, MOST)
            newest = newest_scan(connection)
        yield from (case_row(row, newest) for row in found)
        if after is None:
            return


def _cursor(query: Query) -> Cursor:
    return Cursor(SORTS[query.sort.by], cases.c.number, descending=query.sort.descending)


def _counted(connection: Connection, where: ColumnElement[bool]) -> tuple[int, tuple[Facet, ...]]:
    """How many cases there are, and how many with each value of a field: one pass over them."""
    by = (cases.c.severity, cases.c.status, cases.c.families)
    counts: dict[str, Counter[str]] = {"severity": Counter(), "status": Counter(), "family": Counter()}
    total = 0
    for severity, status, families, number in connection.execute(select(*by, func.count()).where(where).group_by(*by)):
        total += number
        counts["severity"][SEVERITIES[severity]] += number
        counts["status"][status] += number
        for family in families.split():
            counts["family"][family] += number
    found = (Facet(name, *each) for name, counter in counts.items() for each in counter.most_common())
    return total, tuple(found)


def _where(connection: Connection, query: Query) -> ColumnElement[bool]:
    """What a case must be; one that is shown as another is none."""
    conditions: list[ColumnElement[bool]] = [cases.c.root == cases.c.number]
    fields = dict.fromkeys(term.field for term in query.terms)
    for name in fields:
        terms = [term for term in query.terms if term.field == name]
        any_of = [_condition(term) for term in terms if not term.operator]
        conditions += [or_(*any_of)] if any_of else []
        conditions += [_condition(term) for term in terms if term.operator]
    for phrase in query.words:
        conditions += [_has_word(connection, word) for word in words_in(phrase)]
    return and_(*conditions)


def _condition(term: Term) -> ColumnElement[bool]:  # noqa: PLR0911 — one a field
    value: Any = term.value
    match term.field:
        case "family":
            return cases.c.families.contains(f" {findable(value)} ", autoescape=True)
        case "assignee":
            return cases.c.assignee.is_(None) if value == "none" else cases.c.assignee == findable(value)
        case "has":
            return _COUNTED[value] > 0
        case "is":
            newest = select(head.c.scan).scalar_subquery()
            return cases.c.scan == newest if value == "current" else cases.c.scan < newest
        case "id":
            return _shown(select(names.c.case).where(_begins(names.c.id, findable(value))))
        case "account":
            return _shown(select(accounts.c.case).where(accounts.c.account_id == findable(value)))
    compared = SEVERITIES.index(value) if term.field == "severity" else value
    return _compared(_COLUMNS[term.field], term.operator, compared)


def _shown(numbers: Select[Any]) -> ColumnElement[bool]:
    """Whether a case is one of these, or what one of these is shown as."""
    other = cases.alias()
    return cases.c.number.in_(select(other.c.root).where(other.c.number.in_(numbers)))


def _has_word(connection: Connection, word: str) -> ColumnElement[bool]:
    having = select(words.c.case).where(words.c.word == word)
    few = connection.scalar(select(func.count()).select_from(having.limit(_RARE + 1).subquery())) or 0
    return cases.c.number.in_(having) if few <= _RARE else having.where(words.c.case == cases.c.number).exists()


def _begins(column: ColumnElement[str], start: str) -> ColumnElement[bool]:
    return and_(column >= start, column < f"{start}\U0010ffff")


def _compared(column: ColumnElement[Any], operator: Operator, value: object) -> ColumnElement[bool]:
    match operator:
        case ">":
            return column > value
        case ">=":
            return column >= value
        case "<":
            return column < value
        case "<=":
            return column <= value
    return column == value
