"""The objects of a store, held against its log: each is what was logged when it was published, and stands as it should.

    held = check_objects(store, root, directory, progress)      # raises TrustError

Whoever changes the database cannot make an object another's, give it to others to read, or let it disappear: who reads
it follows from its level, its publisher and its origin, and those from the object and its receipt; and every line that
tells of an object leads to it, or to its deletion.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from stillwatch.errors import TrustError
from stillwatch.exchange.log.directory import EXCHANGE, Directory
from stillwatch.exchange.log.entries import Receipt, read
from stillwatch.exchange.log.verification import Progress
from stillwatch.exchange.model import Collection, Level, Member, Principal, Query, Record, Right, Signed
from stillwatch.exchange.store import deletions
from stillwatch.exchange.store.store import Store
from stillwatch.indicators import ids, incoming, markings
from stillwatch.indicators.extensions import RETRACTION

_ALL = Query(versions="all", spec_versions=("2.0", "2.1"))
_LINES = 10_000  # of the log, at a time


@dataclass(frozen=True)
class Held:
    """How many objects there are, version by version."""

    logged: int
    unlogged: int  # without a receipt: loaded from elsewhere
    deleted: int


def check_objects(store: Store, root: str, directory: Directory, progress: Progress) -> Held:
    """Checks every version of every object of a root: its receipt, its salt, its line, and who may read it.

    Raises:
        TrustError: an object is not what was logged, or is gone; the message names it by its id, or its line.
    """
    collections, size = store.collections(root), store.log_size(root)
    auditor = Principal(Member("", "", "mtls"), {each.id: Right(True, False, Level.RED) for each in collections})
    told, unlogged = bytearray(size), 0
    for number, collection in enumerate(collections):
        shelf = _Shelf.of(store, auditor, collection, directory)
        for record, signed in _pairs(store, auditor, collection):
            if signed.receipt is None:
                unlogged += 1
                continue
            place = shelf.check(record, signed)
            told[place : place + 1] = b"\1" if place < size else b""  # what came meanwhile is not counted
        progress("looking at the objects", (number + 1) / len(collections))
    logged = sum(told)
    return Held(logged, unlogged, _check_lines(store, root, told))


@dataclass(frozen=True)
class _Shelf:
    """A collection, and what its objects are held against."""

    store: Store
    collection: Collection
    directory: Directory
    identities: Mapping[str, str]  # of members, by name
    definitions: Mapping[str, Mapping[str, Any]]  # marking definitions that stand in it

    @classmethod
    def of(cls, store: Store, auditor: Principal, collection: Collection, directory: Directory) -> "_Shelf":
        identities = {member.name: member.identity for member in store.members()}
        own = (json.loads(record.body) for record, _ in _pairs(store, auditor, collection, ("marking-definition",)))
        return cls(store, collection, directory, identities, {each["id"]: each for each in own})

    def check(self, record: Record, signed: Signed) -> int:
        """Checks an object; gives the number of its line."""
        place = signed.log_index if signed.log_index is not None else -1
        try:
            receipt = Receipt.parse(json.loads(signed.receipt or b""))
            public = self.directory.key(EXCHANGE, receipt.key_id)
            value = json.loads(record.body)
            receipt.check(value, collection=self.collection.id, salt=signed.salt or b"", public=public)
        except (TrustError, ValueError) as error:
            raise _changed(record) from error
        logged = self.store.log_entries(self.collection.root, place, place + 1) == [receipt.entry]
        if not logged or not self._placed(record, value, receipt.publisher):
            raise _changed(record)
        return place

    def _placed(self, record: Record, value: Mapping[str, Any], publisher: str) -> bool:
        """Whether the columns by which a record is found, and given or withheld, say what its object says."""
        named = (record.id, record.type, record.spec_version, record.version)
        return (
            named == (value.get("id"), value.get("type"), value.get("spec_version"), incoming.version(value)[0])
            and self.identities.get(record.publisher) == publisher
            and record.origin == self._origin(record, value)
            and self._marked(record, value)
        )

    def _marked(self, record: Record, value: Mapping[str, Any]) -> bool:
        """A definition counted only if it came with the object: between both readings, then."""
        levels = markings.level(value), markings.level(value, self.definitions)
        return min(levels) <= record.level <= max(levels)

    def _origin(self, record: Record, value: Mapping[str, Any]) -> str:
        """Where the right to read is taken from: the id of a retraction follows from the collection that it is of."""
        if self.collection.kind == "objects":
            return self.collection.id
        said = value.get("extensions", {}).get(RETRACTION, {})
        follows = ids.derived(
            "note", "retraction", record.origin, said.get("retracted_ref"), said.get("retracted_version")
        )
        return record.origin if record.id == follows else ""


def _check_lines(store: Store, root: str, told: bytearray) -> int:
    """Checks that every line of an object leads to it or to its deletion; gives the number of deletions."""
    with store.database.reading() as connection:
        gone = deletions.leaves(connection, root)
    for place in gone:
        if place is not None and place < len(told):
            told[place] = 1
    deleted = 0
    for start in range(0, len(told), _LINES):
        for number, line in enumerate(store.log_entries(root, start, start + _LINES), start):
            action = read(line)["action"]
            deleted += action == "delete"
            if action == "add" and number < len(told) and not told[number]:
                raise TrustError(f"The object that line {number} of the log tells of is neither there nor deleted.")
    if len(gone) > deleted:
        raise TrustError(f"The log tells of {deleted} deletions, and {len(gone)} are kept.")
    return len(gone)


def _pairs(
    store: Store, auditor: Principal, collection: Collection, types: tuple[str, ...] = ()
) -> Iterator[tuple[Record, Signed]]:
    query, more = replace(_ALL, types=types), True
    while more:
        page, beside = store.read(auditor, collection, query), store.signatures(auditor, collection, query)
        known = {each.date_added: each for each in beside.signatures}
        yield from ((each, known[each.date_added]) for each in page.records if each.date_added in known)
        more = page.more
        query = replace(query, after=page.records[-1].date_added) if more else query


def _changed(record: Record) -> TrustError:
    return TrustError(f"The object {record.id} (version {record.version}) is not what was logged.")
