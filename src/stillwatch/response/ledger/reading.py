"""Entries from the database, over an open connection."""

from collections.abc import Collection, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from stillwatch.response.ledger.chain import BEGINNING, Entry, body_of, microseconds
from stillwatch.response.ledger.entries import Proposed, findable
from stillwatch.response.ledger.picture import Picture, fold
from stillwatch.response.ledger.tables import entry, head, words
from stillwatch.response.model import Decision

_PAGE = 1000  # entries that are held at a time
NAMED = 1000  # values that a question names; for more, all that stands is read
_PAGES = 8  # of so many entries, through which `newest` looks for what still stands


def head_of(connection: Connection) -> tuple[int, bytes]:
    """Number and hash of the last entry."""
    row = connection.execute(select(head.c.number, head.c.hash)).first()
    return (row.number, bytes(row.hash)) if row else (0, BEGINNING)


def entries(connection: Connection, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
    """Entries in order, page by page."""
    more = True
    while more:
        query = select(entry).where(entry.c.number > after).order_by(entry.c.number).limit(_PAGE)
        rows = connection.execute(query if upto is None else query.where(entry.c.number <= upto)).all()
        yield from map(_entry, rows)
        more = len(rows) == _PAGE
        after = rows[-1].number if rows else after


def found(connection: Connection, where: ColumnElement[bool]) -> list[Entry]:
    """Entries that fit a condition, in order; sorted here, so that the condition's index is used."""
    return sorted(map(_entry, connection.execute(select(entry).where(where))), key=lambda each: each.number)


def latest(connection: Connection, where: ColumnElement[bool]) -> Entry | None:
    """The newest entry that fits a condition."""
    row = connection.execute(select(entry).where(where).order_by(entry.c.number.desc()).limit(1)).first()
    return _entry(row) if row else None


def picture_of(
    connection: Connection,
    now: datetime,
    *,
    whose: Collection[str] | None = None,
    about: Collection[str] | None = None,
) -> Picture:
    """What stands and waits, and who is exempt.

    Args:
        connection: to read with.
        now: the time.
        whose: of these accounts (organizations, keys, campaigns) alone.
        about: of these decisions alone.
    """
    matters = entry.c.until > microseconds(now)
    if whose is not None and len(whose) <= NAMED:
        matters &= entry.c.whose.in_([findable(each) for each in whose])
    if about is not None and len(about) <= NAMED:
        matters &= entry.c.about.in_(about)
    rows = connection.execute(select(entry.c.number, entry.c.kind, entry.c.text).where(matters)).all()
    return fold((body_of(*row) for row in sorted(rows, key=itemgetter(0))), now)


def newest(
    connection: Connection, now: datetime, kind: str, *, before: int | None = None, most: int = 50
) -> tuple[list[Decision], int | None]:
    """What stands or waits, newest first, a page at a time; reads no more of the ledger than the page needs.

    Args:
        connection: to read with.
        now: the time.
        kind: `Decided.kind`: what stands; `Proposed.kind`: what waits.
        before: where the page before this one ended.
        most: how many.

    Returns:
        The decisions, and where the next page begins; None: there is none. A page may hold fewer than `most` though
        another one follows, where much has ended.
    """
    found: list[Decision] = []
    for _ in range(_PAGES):
        query = select(entry.c.number, entry.c.about).where(entry.c.kind == kind)
        query = query if before is None else query.where(entry.c.number < before)
        rows = connection.execute(query.order_by(entry.c.number.desc()).limit(NAMED)).all()
        picture = picture_of(connection, now, about=[row.about for row in rows])
        held = picture.waiting if kind == Proposed.kind else picture.standing
        for row in rows:
            before = row.number
            if row.about in held:
                found.append(held.pop(row.about))
            if len(found) == most:
                return found, before
        if len(rows) < NAMED:
            return found, None
    return found, before


def known(connection: Connection, ids: Collection[str]) -> set[str]:
    """Which of these decisions the ledger has an entry about."""
    names = list(ids)
    pages = [names[start : start + NAMED] for start in range(0, len(names), NAMED)]
    return {id_ for page in pages for id_ in connection.scalars(select(entry.c.about).where(entry.c.about.in_(page)))}


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        row.number,
        row.time,
        row.kind,
        row.text,
        bytes(row.previous),
        bytes(row.hash),
        row.about,
        row.whose,
        row.until,
    )


def words_of(connection: Connection, numbers: Collection[int]) -> dict[int, str]:
    """What people wrote, by the entry that seals it; erased words are left out."""
    rows = connection.execute(select(words.c.entry, words.c.text).where(words.c.entry.in_(numbers)))
    return {row.entry: row.text for row in rows}
