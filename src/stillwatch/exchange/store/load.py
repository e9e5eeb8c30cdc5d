"""Restore: a dump into a store, all of it or nothing; also a dump that was made of another TAXII server.

    counts = load(database, stream)                # {"object": 1000000, "moved": 0, "kept": 0, …}

Loading is repeatable: what the store has already stays as it is. Objects keep their `date_added`, unless that is not
later than the last of their collection: then they come one microsecond behind it, so that each date stands once and
nobody who has read so far misses them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, BinaryIO, TypeVar

import msgspec
from sqlalchemy import Connection, insert, select, text, update

from stillwatch.database import Database
from stillwatch.errors import ConfigError, InputError
from stillwatch.exchange.model import Collection, Level, LogEntry, Member, NewRecord, Right, Root
from stillwatch.exchange.store import directory, leaves, lines, notes, objects, tables
from stillwatch.indicators import incoming, timestamps

FORMAT = 1

_AT_ONCE = 1000  # lines in memory
_LEVELS = {level.label: level for level in Level}

Numbered = tuple[int, Any]  # a line and its number
T = TypeVar("T")


def load(database: Database, stream: BinaryIO) -> dict[str, int]:
    """Reads a dump into a store.

    Args:
        database: the store's.
        stream: the dump.

    Returns:
        How many lines of each kind were taken in; how many objects were `moved` to a later date_added; how many lines
        were `kept` as the store had them.

    Raises:
        InputError: a line is none of a dump, or contradicts what the store has; nothing was stored.
        ExchangeError: the database cannot be used.
    """
    with database.writing() as connection:
        loading = Loading(connection)
        for _, group in groupby(_decoded(stream), key=lambda numbered: type(numbered[1])):
            for batch in _batches(group):
                loading.take(batch)
        loading.finish()
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    return dict(loading.counts)


def _decoded(stream: BinaryIO) -> Iterator[Numbered]:
    decode = msgspec.json.Decoder(lines.Line).decode
    for number, line in enumerate(stream, 1):
        if line.strip():
            try:
                yield number, decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InputError(f"This is no line of a dump: {error}.", where=f"line {number}") from None


def _batches(group: Iterable[T]) -> Iterator[list[T]]:
    flow = iter(group)
    while batch := list(islice(flow, _AT_ONCE)):
        yield batch


class Loading:
    """What is known while a dump is read."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.counts = connection, Counter[str]()
        self._roots: list[str] = []
        self._last: dict[str, int] = {}  # by the id of the collection

    def take(self, batch: Sequence[Numbered]) -> None:
        """Takes lines of one kind, in their order.

        Raises:
            InputError: one of them cannot be taken.
        """
        if isinstance(batch[0][1], lines.Object):
            self._objects(batch)
        elif isinstance(batch[0][1], lines.Entry):
            self._entries(batch)
        else:
            for number, line in batch:
                self._told(number, self._one, line)

    def finish(self) -> None:
        """Puts right what only the whole dump tells."""
        for name in self._roots:
            directory.complete(self.connection, name)
        column = tables.collection.c
        for key, last in self._last.items():
            later = update(tables.collection).where(column.id == key, column.last_added < last)
            self.connection.execute(later.values(last_added=last))

    def _told(self, number: int, take: Any, *given: Any) -> Any:  # noqa: ANN401 — any of the functions below
        try:
            return take(*given)
        except (ConfigError, ValueError) as error:
            raise InputError(str(error), where=f"line {number}") from None

    def _one(self, line: lines.Line) -> None:
        added = True
        match line:
            case lines.Exchange():
                if line.format != FORMAT:
                    raise ValueError(f"This is a dump of format {line.format}, known is {FORMAT}.")
            case lines.Root():
                added = self._root(line)
            case lines.Collection():
                added = self._collection(line)
            case lines.Member():
                added = self._member(line)
            case lines.Document():
                added = self._document(line)
            case lines.Deletion():
                added = self._deletion(line)
        self.counts[type(line).__name__.lower() if added else "kept"] += 1

    def _root(self, line: lines.Root) -> bool:
        self._roots.append(line.name)
        if directory.root_named(self.connection, line.name):
            return False
        new = Root(line.name, line.title, line.description, line.max_content_length, line.allow_list)
        directory.add_root(self.connection, new)
        return True

    def _collection(self, line: lines.Collection) -> bool:
        if line.last_added:
            self._last[line.id] = timestamps.parse(line.last_added)
        if directory.collection_named(self.connection, line.root, line.id):
            return False
        new = Collection(line.id, line.root, line.title, line.alias, line.description, line.purpose)
        directory.add_collection(self.connection, new)
        return True

    def _member(self, line: lines.Member) -> bool:
        if directory.member_where(self.connection, name=line.name):
            return False
        new = Member(
            name=line.name,
            identity=line.identity,
            auth=line.auth,
            suspended=line.suspended,
            quarantined=line.quarantined,
            public_key=line.public_key,
            fingerprint=line.fingerprint,
            revision=line.revision,
        )
        rights = {each.collection: Right(each.read, each.write, _LEVELS[each.level]) for each in line.rights}
        directory.add_member(self.connection, new, line.secret_hash, rights)
        return True

    def _document(self, line: lines.Document) -> bool:
        if notes.document_named(self.connection, line.root, line.name) is not None:
            return False
        value = msgspec.json.decode(line.document)
        notes.put_document(self.connection, line.root, line.name, value, secret=line.secret)
        return True

    def _deletion(self, line: lines.Deletion) -> bool:
        deletion = tables.deletion
        place = {"collection": line.collection, "date_added": timestamps.parse(line.date_added)}
        if self.connection.execute(select(deletion.c.id).filter_by(**place)).first():
            return False
        if not self.connection.scalar(select(tables.collection.c.id).where(tables.collection.c.id == line.collection)):
            raise ConfigError("There is no such collection before this line.", where=line.collection)
        said = {"id": line.id, "publisher": line.publisher, "revoked": line.revoked, "leaf": line.log_index}
        told = said | {"version": timestamps.parse(line.version), "level": int(_LEVELS[line.level])}
        self.connection.execute(insert(deletion).values(**place, **told))
        return True

    def _entries(self, batch: Sequence[Numbered]) -> None:
        for root, group in groupby(batch, key=lambda numbered: numbered[1].root):
            numbered = list(group)
            start = self._told(numbered[0][0], self._log_size, root)
            held = leaves.entries(self.connection, root, numbered[0][1].number, start)
            for (number, line), known in zip(numbered, held, strict=False):
                if line.entry.encode() != known:
                    raise InputError("The store has another log.", where=f"line {number}")
            fresh = numbered[len(held) :]
            for expected, (number, line) in enumerate(fresh, start):
                if line.number != expected:
                    raise InputError(f"The log goes on with entry {expected}.", where=f"line {number}")
            leaves.append(self.connection, root, [_entry(line) for _, line in fresh])
            self.counts.update({"entry": len(fresh), "kept": len(held)})

    def _log_size(self, root: str) -> int:
        if directory.root_named(self.connection, root) is None:
            raise ConfigError("There is no root of this name.", where=root)
        return leaves.size(self.connection, root)

    def _objects(self, batch: Sequence[Numbered]) -> None:
        for collection, group in groupby(batch, key=lambda numbered: numbered[1].collection):
            records = self._records(collection, list(group))
            held = objects.held(self.connection, collection, [each.id for each, _ in records])
            fresh: dict[tuple[str, str, int], tuple[NewRecord, lines.Object]] = {}
            for each, line in records:
                key = each.id, each.spec_version, timestamps.parse(each.version)
                if key not in held:
                    fresh.setdefault(key, (each, line))
            new = [each for each, _ in fresh.values()]
            times = [timestamps.parse(line.date_added) for _, line in fresh.values()]
            taken = objects.take_in(self.connection, new, [line.log_index for _, line in fresh.values()], times)
            moved = sum(each.date_added != time for each, time in zip(taken, times, strict=True))
            self.counts.update({"object": len(new), "kept": len(records) - len(new), "moved": moved})

    def _records(self, collection: str, batch: Sequence[Numbered]) -> list[tuple[NewRecord, lines.Object]]:
        kind = select(tables.collection.c.kind).where(tables.collection.c.id == collection)
        match self.connection.scalar(kind):
            case None:
                raise InputError("There is no such collection before this line.", where=f"line {batch[0][0]}")
            case "objects" if other := [number for number, line in batch if line.origin not in {None, collection}]:
                raise InputError("An object comes from the collection that it stands in.", where=f"line {other[0]}")
        members = directory.members(self.connection)
        publishers = {each.identity: each.name for each in members}
        return [(self._told(number, _record, line, publishers), line) for number, line in batch]


def _entry(line: lines.Entry) -> LogEntry:
    return LogEntry(line.entry.encode(), line.salt, line.id, line.version)


def _record(line: lines.Object, publishers: dict[str, str]) -> NewRecord:
    """What the line says, and for the rest what its object says."""
    value = msgspec.json.decode(line.object)
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("id", "type")):
        raise ValueError("An object has an id and a type.")
    timestamps.parse(line.date_added)
    body = bytes(line.object)
    spec_version = line.spec_version or value.get("spec_version")
    if spec_version is None:  # it must say so: some clients take an object without it for a sign of TAXII 2.0
        spec_version = value["spec_version"] = "2.0" if "created" in value else "2.1"
        body = msgspec.json.encode(value)
    by = publishers.get(str(value.get("created_by_ref")), "")
    return NewRecord(
        collection=line.collection,
        id=value["id"],
        version=timestamps.text(timestamps.parse(line.version or incoming.version(value)[0])),
        type=line.type or value["type"],
        spec_version=str(spec_version),
        level=_LEVELS[line.level] if line.level else incoming.level(value),
        publisher=by if line.publisher is None else line.publisher,
        origin=line.origin or line.collection,
        body=body,
        revoked=value.get("revoked") is True if line.revoked is None else line.revoked,
        signature=line.signature,
        key_id=line.key_id,
        receipt=line.receipt,
        receipt_key_id=line.receipt_key_id,
    )
