"""What is done together in one root, or not at all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from stillwatch.errors import ConfigError, TrustError
from stillwatch.exchange.access import may_delete, may_write
from stillwatch.exchange.model import Collection, Known, LogEntry, NewRecord, Principal, Record, Root, Versions
from stillwatch.exchange.store import directory, leaves, notes, objects
from stillwatch.exchange.store.tables import root as roots
from stillwatch.indicators import timestamps

#: What `Store.add` is given: the records and the log's entries. What it raises leaves nothing behind.
Build = Callable[["Transaction"], tuple[Sequence[NewRecord], Sequence[LogEntry]]]

#: What `Store.delete` is given: the log's entries for the records that are deleted.
Withdraw = Callable[["Transaction", Sequence[Record]], Sequence[LogEntry]]


@dataclass(frozen=True)
class Transaction:
    """Open while `Store.add` and `Store.delete` build what they store: all of it is kept, or nothing.

    Nobody else writes to the root meanwhile, so what is asked here still holds when it is kept. Ask here and not the
    store: another connection would wait for this one.
    """

    connection: Connection
    root: Root
    principal: Principal | None  # with the rights of this moment; None: the exchange itself
    now: int  # microseconds

    @classmethod
    def begin(cls, connection: Connection, root: str, name: str | None, clock: Callable[[], int]) -> "Transaction":
        """Waits until nobody else writes to the root.

        Raises:
            ConfigError: there is no such root.
            TrustError: the member was suspended, or is none.
        """
        connection.execute(select(roots.c.name).where(roots.c.name == root).with_for_update())
        found = directory.root_named(connection, root)
        if found is None:
            raise ConfigError("There is no root of this name.", where=root)
        principal = directory.principal(connection, name) if name is not None else None
        if name is not None and principal is None:
            raise TrustError("The member may not write, or is none.")
        return cls(connection, found, principal, clock())

    def collection(self, id_or_alias: str) -> Collection | None:
        """A collection of the root."""
        return directory.collection_named(self.connection, self.root.name, id_or_alias)

    def known(self, collection: str, ids: Iterable[str]) -> dict[str, list[Known]]:
        """All versions of some objects in a collection (by its id), oldest first; also those that were deleted."""
        return objects.known(self.connection, collection, ids)

    def quota(self, name: str, amount: int, per_day: int) -> bool:
        """Takes an amount of the member's quota of today, if that much is left."""
        member = self.principal.member.name if self.principal else ""
        return notes.spend(self.connection, member, name, amount, per_day, self.now)

    def put_status(self, status_id: str, body: bytes) -> None:
        """Keeps the status of the member's request."""
        member = self.principal.member.name if self.principal else ""
        notes.put_status(self.connection, self.root.name, member, status_id, body, self.now)

    def get_document(self, name: str) -> Any:  # noqa: ANN401 — any JSON value
        """A JSON document of the root; None where there is none."""
        return notes.document_named(self.connection, self.root.name, name)

    def put_document(self, name: str, value: object, *, secret: bool = False) -> None:
        """Puts a JSON document of the root in the place of the one of this name."""
        notes.put_document(self.connection, self.root.name, name, value, secret=secret)

    def take_in(self, records: Sequence[NewRecord], log: Sequence[LogEntry]) -> list[Record]:
        """Stores records and entries of the log; an entry with a record's id and version is that record's.

        Raises:
            TrustError: the member may not write there, or says that it were another.
        """
        for collection in {each.collection for each in records}:
            self._check_place(collection, {each.origin for each in records if each.collection == collection})
        if self.principal and {each.publisher for each in records} - {self.principal.member.name}:
            raise TrustError("A member publishes in its own name only.")
        places = leaves.append(self.connection, self.root.name, log)
        leaf_of = {_key(each): leaf for each, leaf in zip(log, places, strict=True) if each.id}
        return objects.take_in(
            self.connection, records, [leaf_of.get(_key(each)) for each in records], [self.now] * len(records)
        )

    def withdraw(
        self,
        collection: str,
        object_id: str,
        versions: Versions,
        spec_versions: tuple[str, ...],
        build: Withdraw,
    ) -> int:
        """Deletes versions of an object that the member itself published, with their entries in the log."""
        if self.principal is None or not may_write(self.principal, collection):
            return 0
        own = [
            each
            for each in objects.all_versions(self.connection, self.principal, collection, object_id)
            if may_delete(self.principal, collection, each)
            and (not spec_versions or each.spec_version in spec_versions)
        ]
        gone = _chosen(own, versions)
        leaves.append(self.connection, self.root.name, build(self, gone) if gone else [])
        objects.remove(self.connection, collection, [each.date_added for each in gone], [object_id])
        return len(gone)

    def _check_place(self, collection: str, origins: set[str]) -> None:
        place = self.collection(collection)
        if place is None or place.id != collection:
            raise ConfigError("There is no collection of this id in the root.", where=self.root.name)
        if self.principal and place.kind == "objects" and not may_write(self.principal, place.id):
            raise TrustError("The member may not write to this collection.")
        if place.kind == "objects" and origins != {place.id}:
            raise TrustError("An object comes from the collection that it stands in.")


def _chosen(records: Sequence[Record], versions: Versions) -> list[Record]:
    """Those of one object's records, oldest first, that `match[version]` names."""
    chosen = set((versions,) if isinstance(versions, str) else versions)
    if "all" in chosen:
        return list(records)
    times = [timestamps.parse(each.version) for each in records]
    ends = {"first": times[:1], "last": times[-1:]}
    wanted = chosen.union(*(ends[kind] for kind in ("first", "last") if kind in chosen))
    return [each for each, time in zip(records, times, strict=True) if time in wanted]


def _key(each: NewRecord | LogEntry) -> tuple[str | None, int | None]:
    return each.id, timestamps.parse(each.version) if each.version else None
