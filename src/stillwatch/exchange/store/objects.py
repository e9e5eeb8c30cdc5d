"""Versions of objects, over an open connection: read, taken in, deleted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    false,
    func,
    insert,
    select,
    true,
    update,
)

from stillwatch.exchange.access import readable
from stillwatch.exchange.model import (
    Collection,
    Known,
    Level,
    NewRecord,
    Page,
    Principal,
    Query,
    Record,
    Signed,
    SignedPage,
)
from stillwatch.exchange.store import deletions, selecting
from stillwatch.exchange.store.tables import collection as collections
from stillwatch.exchange.store.tables import log_entry
from stillwatch.exchange.store.tables import object_ as objects
from stillwatch.indicators import timestamps

_CHUNK = 1000  # values of one statement

_c = objects.c
AnyRow = Row[*tuple[Any, ...]]
T = TypeVar("T")


def read(connection: Connection, principal: Principal, collection: Collection, query: Query) -> Page:
    """A page of records."""
    rows = connection.execute(*selecting.page("records", principal, collection, query)).fetchall()
    return Page(tuple(_record(row) for row in rows[: query.limit]), len(rows) > query.limit)


def versions(
    connection: Connection, principal: Principal, collection: Collection, query: Query
) -> tuple[tuple[tuple[str, int], ...], bool]:
    """A page of versions, each with its date_added, and whether more follow."""
    rows = connection.execute(*selecting.page("versions", principal, collection, query)).fetchall()
    page = tuple((timestamps.text(row.version), row.date_added) for row in rows[: query.limit])
    return page, len(rows) > query.limit


def signatures(connection: Connection, principal: Principal, collection: Collection, query: Query) -> SignedPage:
    """A page of signatures."""
    statement, parameters = selecting.page("signatures", principal, collection, query)
    page = statement.subquery()
    entry = (log_entry.c.root == collection.root) & (log_entry.c.leaf == page.c.leaf)
    joined = select(page, log_entry.c.salt).outerjoin(log_entry, entry).order_by(page.c.date_added)
    rows = connection.execute(joined, parameters).fetchall()
    return SignedPage(tuple(_signed(row) for row in rows[: query.limit]), len(rows) > query.limit)


def count(connection: Connection, principal: Principal, collection: str, query: Query) -> int:
    """How many records there are, whatever the limit."""
    found = select(func.count()).where(selecting.matching(principal, collection, query))
    return connection.scalar(found.select_from(objects)) or 0


def any_version(connection: Connection, principal: Principal, collection: str, object_id: str) -> bool:
    """Whether a member finds any version of an object."""
    found = select(_c.date_added).where(_of_object(principal, collection, object_id)).limit(1)
    return connection.scalar(found) is not None


def all_versions(connection: Connection, principal: Principal, collection: str, object_id: str) -> list[Record]:
    """Every version of an object that a member may read, of any spec_version, oldest first."""
    found = select(objects).where(_of_object(principal, collection, object_id)).order_by(_c.version)
    return [_record(row) for row in connection.execute(found)]


def _of_object(principal: Principal, collection: str, object_id: str) -> ColumnElement[bool]:
    named = _c.id.in_(selecting.storable([object_id]))
    return and_(_c.collection == collection, named, readable(principal, collection, _c))


def held(connection: Connection, collection: str, ids: Iterable[str]) -> set[tuple[str, str, int]]:
    """Which versions of some objects are there: id, spec_version and version."""
    columns = (_c.id, _c.spec_version, _c.version)
    rows = [_of_objects(connection, columns, chunk, _c.collection == collection) for chunk in _chunks(sorted(set(ids)))]
    return {(row.id, row.spec_version, row.version) for chunk in rows for row in chunk}


def known(connection: Connection, collection: str, ids: Iterable[str]) -> dict[str, list[Known]]:
    """All versions of some objects, oldest first, whoever may read them; also those that were deleted."""
    found: dict[str, list[Known]] = defaultdict(list)
    columns = (_c.id, _c.version, _c.publisher, _c.level, _c.revoked)
    for chunk in _chunks(selecting.storable(dict.fromkeys(ids))):
        rows = _of_objects(connection, columns, chunk, _c.collection == collection)
        there = [(row.id, Known(row.version, row.publisher, Level(row.level), row.revoked)) for row in rows]
        gone = deletions.known(connection, collection, chunk)
        for object_id, each in sorted([*gone, *there], key=lambda named: named[1].version):
            found[object_id].append(each)
    return dict(found)


def take_in(
    connection: Connection, records: Sequence[NewRecord], leaves: Sequence[int | None], times: Sequence[int]
) -> list[Record]:
    """Stores records, and gives each the next date_added of its collection: never one that was given before.

    Args:
        connection: a transaction that alone writes to the root.
        records: in the order in which readers are to find them.
        leaves: the numbers of their entries in the log.
        times: what each date_added is to be, if it is still free; microseconds.
    """
    dates = _Dates(connection)
    taken = [_dated(each, dates.next(each.collection, time)) for each, time in zip(records, times, strict=True)]
    rows = [_row(each, one.date_added, leaf) for each, one, leaf in zip(records, taken, leaves, strict=True)]
    if rows:
        connection.execute(insert(objects), rows)
    dates.keep()
    for collection in {each.collection for each in records}:
        supersede(connection, collection, {each.id for each in records if each.collection == collection})
    return taken


def remove(connection: Connection, collection: str, dates: Sequence[int], ids: Iterable[str]) -> None:
    """Deletes versions by their date_added, remembers them, and says anew which of those objects are superseded."""
    for chunk in _chunks(dates):
        deletions.remember(connection, collection, chunk)
        connection.execute(delete(objects).where(_c.collection == collection, _c.date_added.in_(chunk)))
    gone = set(ids)
    for names in _chunks(sorted(gone)):
        again = update(objects).where(_c.collection == collection, _c.id.in_(names)).values(superseded=False)
        connection.execute(again)
    supersede(connection, collection, gone)


def supersede(connection: Connection, collection: str, ids: Iterable[str]) -> None:
    """Marks what is the last version for nobody.

    That relation is transitive, so those that are marked already need not be looked at again.
    """
    columns = (_c.id, _c.date_added, _c.version, _c.spec_version, _c.level, _c.publisher, _c.origin)
    # not `superseded` itself: that would lead SQLite to the index of all that is not
    standing = ~func.coalesce(_c.superseded, false())
    groups: dict[tuple[str, ...], list[AnyRow]] = defaultdict(list)
    for chunk in _chunks(sorted(ids)):
        for row in _of_objects(connection, columns, chunk, and_(_c.collection == collection, standing)):
            groups[row.id, row.spec_version, row.publisher, row.origin].append(row)
    over = [{"date": row.date_added} for group in groups.values() for row in _superseded(group)]
    if over:
        one = update(objects).where(_c.collection == collection, _c.date_added == bindparam("date"))
        connection.execute(one.values(superseded=True), over)


def _superseded(group: list[AnyRow]) -> Iterator[AnyRow]:
    """Those of one object, publisher and origin for which there is a newer one that is at least as widely readable."""
    widest = max(Level) + 1
    for row in sorted(group, key=_version, reverse=True):
        if row.level >= widest:
            yield row
        widest = min(widest, row.level)


def _of_objects(
    connection: Connection, columns: Sequence[ColumnElement[Any]], ids: Sequence[str], condition: ColumnElement[bool]
) -> Sequence[AnyRow]:
    """The versions of some objects, in no order."""
    query = select(*columns).where(condition)
    if connection.dialect.name != "postgresql":
        return connection.execute(query.where(_c.id.in_(ids))).fetchall()
    # One look into the index for each: while PostgreSQL has no statistics, it would read the whole collection.
    wanted = func.unnest(cast(list(ids), ARRAY(Text))).table_valued("id", name="wanted").render_derived()
    each = query.where(_c.id == wanted.c.id).offset(0).lateral()
    return connection.execute(select(each).select_from(wanted.join(each, true()))).fetchall()


def _version(row: AnyRow) -> int:
    version: int = row.version
    return version


class _Dates:
    """The clocks of the collections: each gives every microsecond once, ascending, wherever the wall's clock goes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: dict[str, int] = {}

    def next(self, collection: str, time: int) -> int:
        """The date_added of the next record."""
        if collection not in self._last:
            last = self._connection.scalar(select(collections.c.last_added).where(collections.c.id == collection))
            self._last[collection] = last or 0
        self._last[collection] = max(time, self._last[collection] + 1)
        return self._last[collection]

    def keep(self) -> None:
        """Remembers how far they are."""
        for collection, last in self._last.items():
            kept = update(collections).where(collections.c.id == collection).values(last_added=last)
            self._connection.execute(kept)


def _row(new: NewRecord, date_added: int, leaf: int | None) -> dict[str, object]:
    return {
        "collection": new.collection,
        "date_added": date_added,
        "id": new.id,
        "version": timestamps.parse(new.version),
        "type": new.type,
        "spec_version": new.spec_version,
        "level": int(new.level),
        "publisher": new.publisher,
        "origin": new.origin,
        "revoked": new.revoked,
        "superseded": False,
        "leaf": leaf,
        "signature": new.signature,
        "key_id": new.key_id,
        "receipt": new.receipt,
        "receipt_key_id": new.receipt_key_id,
        "body": new.body,
    }


def _dated(new: NewRecord, date_added: int) -> Record:
    return Record(
        id=new.id,
        version=timestamps.text(timestamps.parse(new.version)),
        date_added=date_added,
        type=new.type,
        spec_version=new.spec_version,
        level=new.level,
        publisher=new.publisher,
        origin=new.origin,
        body=new.body,
    )


def _record(row: AnyRow) -> Record:
    return Record(
        id=row.id,
        version=timestamps.text(row.version),
        date_added=row.date_added,
        type=row.type,
        spec_version=row.spec_version,
        level=Level(row.level),
        publisher=row.publisher,
        origin=row.origin,
        body=row.body,
    )


def _signed(row: AnyRow) -> Signed:
    return Signed(
        id=row.id,
        version=timestamps.text(row.version),
        date_added=row.date_added,
        signature=row.signature,
        key_id=row.key_id,
        receipt=row.receipt,
        receipt_key_id=row.receipt_key_id,
        log_index=row.leaf,
        salt=row.salt,
    )


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
