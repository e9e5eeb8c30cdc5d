"""Backup: everything that a store holds, line by line, from one state of it while others read and write.

counts = dump(database, stream, now)           # {"objects": 1000000, ...}
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import Connection, Select, select

from stillwatch.database import Database
from stillwatch.exchange.model import Level
from stillwatch.exchange.store import lines, tables
from stillwatch.exchange.store.directory import AnyRow
from stillwatch.indicators import timestamps

_AT_ONCE = 1000  # rows in memory


def dump(database: Database, stream: BinaryIO, now: int, *, secrets: bool) -> dict[str, int]:
    """Writes a dump.

    Args:
        database: the store's.
        stream: where to.
        now: the time, microseconds.
        secrets: with the hashes of members' secrets and the secret documents: whoever has it can go on in its place.

    Returns:
        How many lines of each kind there are.

    Raises:
        ExchangeError: the database cannot be used.
    """
    encode, counts = msgspec.json.Encoder().encode, Counter[str]()
    with database.reading(snapshot=True) as connection:
        stream.write(encode(lines.Exchange(written=timestamps.text(now), secrets=secrets)) + b"\n")
        for line in _all(connection, secrets=secrets):
            stream.write(encode(line) + b"\n")
            counts[type(line).__name__.lower()] += 1
    return dict(counts)


def _all(connection: Connection, *, secrets: bool) -> Iterator[lines.Line]:
    root, collection, member = tables.root, tables.collection, tables.member
    for row in connection.execute(select(root).order_by(root.c.position)).fetchall():
        yield lines.Root(**_only(row, lines.Root))
    collections = connection.execute(select(collection).order_by(collection.c.position)).fetchall()
    for row in collections:
        last = timestamps.text(row.last_added) if row.last_added else None
        yield lines.Collection(**_only(row, lines.Collection, purpose=row.kind, last_added=last))
    for row in connection.execute(select(member).order_by(member.c.name)).fetchall():
        hidden = {} if secrets else {"secret_hash": None}
        yield lines.Member(**_only(row, lines.Member, rights=_rights(connection, row.name), **hidden))
    yield from _documents(connection, secrets=secrets)
    yield from _entries(connection)
    for row in collections:
        yield from _objects(connection, row.id)
        yield from _deletions(connection, row.id)


def _rights(connection: Connection, name: str) -> list[lines.RightOf]:
    right = tables.member_right
    rows = connection.execute(select(right).where(right.c.member == name).order_by(right.c.collection)).fetchall()
    return [lines.RightOf(row.collection, row.read, row.write, _level(row.level)) for row in rows]


def _documents(connection: Connection, *, secrets: bool) -> Iterator[lines.Document]:
    document = tables.document
    for row in connection.execute(select(document).order_by(document.c.root, document.c.name)).fetchall():
        if secrets or not row.secret:
            yield lines.Document(root=row.root, name=row.name, document=msgspec.Raw(row.body), secret=row.secret)


def _entries(connection: Connection) -> Iterator[lines.Entry]:
    entry = tables.log_entry
    for row in _flowing(connection, select(entry).order_by(entry.c.root, entry.c.leaf)):
        version = None if row.version is None else timestamps.text(row.version)
        text = row.entry.decode()
        yield lines.Entry(root=row.root, number=row.leaf, entry=text, salt=row.salt, id=row.id, version=version)


def _objects(connection: Connection, collection: str) -> Iterator[lines.Object]:
    object_ = tables.object_
    for row in _flowing(
        connection, select(object_).where(object_.c.collection == collection).order_by(object_.c.date_added)
    ):
        yield lines.Object(
            **_only(
                row,
                lines.Object,
                date_added=timestamps.text(row.date_added),
                version=timestamps.text(row.version),
                level=_level(row.level),
                log_index=row.leaf,
                object=msgspec.Raw(row.body.replace(b"\n", b" ").replace(b"\r", b" ")),  # between tokens only
            )
        )


def _deletions(connection: Connection, collection: str) -> Iterator[lines.Deletion]:
    deletion = tables.deletion
    gone = select(deletion).where(deletion.c.collection == collection).order_by(deletion.c.date_added)
    for row in _flowing(connection, gone):
        times = {"date_added": timestamps.text(row.date_added), "version": timestamps.text(row.version)}
        yield lines.Deletion(**_only(row, lines.Deletion, level=_level(row.level), log_index=row.leaf, **times))


def _flowing(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[AnyRow]:
    return iter(connection.execute(query, execution_options={"yield_per": _AT_ONCE}))


def _only(row: AnyRow, kind: type[msgspec.Struct], **changed: object) -> dict[str, Any]:
    """The columns that a line has, under the same names."""
    return {name: value for name, value in row._asdict().items() if name in kind.__struct_fields__} | changed


def _level(number: int) -> lines.LevelName:
    label: lines.LevelName = Level(number).label  # type: ignore[assignment]  # its five labels
    return label
