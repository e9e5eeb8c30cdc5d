"""Many cases: those that a search finds, in its order, page by page, with how many have which severity, family, status.

first = page(store, search.parse("severity:high sort:-tokens"))
second = page(store, query, after=first.next)
for row in rows(store, query): ...          # all of them, for .csv
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from stillwatch.response.ledger.entries import findable
from stillwatch.web.search import Operator, Query, Term
from stillwatch.web.store.model import SEVERITIES, CasePage, CaseRow, Facet
from stillwatch.web.store.paging import MOST, Cursor, page_of, unindexed
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
_ALL = frozenset(_COLUMNS)
_COUNTED_BY = frozenset({"severity", "status"})  # one index has them and the families: `console_case_counted`
_COUNTED = {
    "sighting": cases.c.sightings,
    "decision": cases.c.decisions,
    "appeal": cases.c.appeals,
    "note": cases.c.notes,
}
_FEW = 5_000  # cases that are found first and then sorted; more are met in their order soon enough
_COMMON = 30_000  # cases from which on a word is asked of each case, and not its cases listed


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
        total, facets = _counted(connection, _where(connection, query, _ALL - _COUNTED_BY))
        found, following = _found(connection, query, after, most, few=total <= _FEW)
    return CasePage(found, following, total, facets)


def first(store: Store, query: Query, most: int) -> tuple[CaseRow, ...]:
    """The first cases that a search finds; nothing is counted."""
    with store.reading() as connection:
        return _found(connection, query, None, most)[0]


def rows(store: Store, query: Query) -> Iterator[CaseRow]:
    """All cases that a search finds, read a page at a time."""
    after: str | None = None
    while True:
        with store.reading() as connection:
            found, after = _found(connection, query, after, MOST)
        yield from found
        if after is None:
            return


def _found(
    connection: Connection, query: Query, after: str | None, most: int, *, few: bool = False
) -> tuple[tuple[CaseRow, ...], str | None]:
    """One page of cases, and where the next begins."""
    cursor = Cursor(SORTS[query.sort.by], cases.c.number, descending=query.sort.descending, few=few)
    where = _where(connection, query, _ALL if few else frozenset())
    found, following = page_of(connection, select(cases).where(where), cursor, after, most)
    newest = newest_scan(connection)
    return tuple(case_row(row, newest) for row in found), following


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


def _where(connection: Connection, query: Query, by_index: AbstractSet[str]) -> ColumnElement[bool]:
    """What a case must be; one that is shown as another is none.

    Args:
        connection: to ask how many cases a word has.
        query: the search.
        by_index: fields by which cases may be found; by the others they are looked at one by one, as they are met.
    """
    conditions: list[ColumnElement[bool]] = [unindexed(cases.c.into).is_(None)]
    for name in dict.fromkeys(term.field for term in query.terms):
        terms = [term for term in query.terms if term.field == name]
        any_of = [_condition(connection, term, by_index) for term in terms if not term.operator]
        conditions += [or_(*any_of)] if any_of else []
        conditions += [_condition(connection, term, by_index) for term in terms if term.operator]
    asked = [word for phrase in query.words for word in words_in(phrase)]
    return and_(*conditions, *_having(connection, dict.fromkeys(asked)))


def _condition(connection: Connection, term: Term, by_index: AbstractSet[str]) -> ColumnElement[bool]:  # noqa: PLR0911 — one a field
    value: Any = term.value
    match term.field:
        case "family":
            return cases.c.families.contains(f" {findable(value)} ", autoescape=True)
        case "assignee":
            return unindexed(cases.c.assignee).is_(None) if value == "none" else cases.c.assignee == findable(value)
        case "has":
            return _COUNTED[value] > 0
        case "is":
            newest = select(head.c.scan).scalar_subquery()
            return cases.c.scan == newest if value == "current" else cases.c.scan < newest
        case "id":
            return _named(connection, findable(value))
        case "account":
            return _shown(select(accounts.c.case).where(accounts.c.account_id == findable(value)))
    column = _COLUMNS[term.field]
    compared = SEVERITIES.index(value) if term.field == "severity" else value
    return _compared(column if term.field in by_index else unindexed(column), term.operator, compared)


def _shown(numbers: Select[Any]) -> ColumnElement[bool]:
    """Whether a case is one of these, or what one of these is shown as."""
    other = cases.alias()
    return cases.c.number.in_(select(other.c.root).where(other.c.number.in_(numbers)))


def _named(connection: Connection, start: str) -> ColumnElement[bool]:
    """Cases with an id that begins so; where most do, only by the ids that they have now."""
    having = select(names.c.case).where(_begins(names.c.id, start))
    if _upto(connection, having, _COMMON) < _COMMON:
        return _shown(having)
    return _begins(unindexed(cases.c.id), start) | _begins(cases.c.campaign_id, start)


def _having(connection: Connection, asked: Iterable[str]) -> list[ColumnElement[bool]]:
    """Cases that have all of these words: found by the rarest of them, if it is rare, and asked for the others."""
    of = {word: select(words.c.case).where(words.c.word == word) for word in asked}
    count = {word: _upto(connection, having, _COMMON) for word, having in of.items()}
    ordered = sorted(of, key=lambda word: count[word])
    found = [cases.c.number.in_(of[word]) for word in ordered[:1] if count[word] < _COMMON]
    return found + [of[word].where(words.c.case == cases.c.number).exists() for word in ordered[len(found) :]]


def _upto(connection: Connection, query: Select[Any], most: int) -> int:
    """How many rows a question has, counted up to a number."""
    return connection.execute(select(func.count()).select_from(query.limit(most).subquery())).scalar_one()


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
