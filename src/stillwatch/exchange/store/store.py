"""The store: what the exchange keeps, in SQLite or PostgreSQL.

    store = Store.open("forum.sqlite", create=True)
    store.add_root(Root("forum", "The forum"))
    page = store.read(principal, collection, Query(limit=100))

Every read of objects goes through `access.readable`. Every method is one transaction, and may be called from several
threads and processes at once. Each may raise ExchangeError (the database cannot be used; nothing was half stored).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Self

from sqlalchemy import select

from stillwatch.database import Database
from stillwatch.exchange.model import (
    Collection,
    Known,
    Member,
    Page,
    Principal,
    Query,
    Record,
    Right,
    Root,
    SignedPage,
    Versions,
)
from stillwatch.exchange.store import directory, leaves, notes, objects, schema
from stillwatch.exchange.store import dump as dumping
from stillwatch.exchange.store import load as loading
from stillwatch.exchange.store.tables import log_entry, object_
from stillwatch.exchange.store.transaction import Build, Transaction, Withdraw


def microseconds() -> int:
    """The time now, in whole microseconds since 1970."""
    return time.time_ns() // 1000


class Store:
    """An open store; `open` makes one."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self.database, self._clock = database, clock

    @classmethod
    def open(cls, url: str, *, create: bool = False, clock: Callable[[], int] = microseconds) -> Self:
        """Opens a store.

        Args:
            url: a path (SQLite), `sqlite:///path` or `postgresql://user@host/name`.
            create: make the tables, or bring those of an earlier version up to date.
            clock: gives the time, microseconds; it may go back, `date_added` does not.

        Raises:
            ConfigError: the address is none, there is no store, or it is of another version.
            ExchangeError: the database cannot be reached.
        """
        database = Database.at(url)
        try:
            (schema.upgrade if create else schema.check)(database)
        except BaseException:
            database.engine.dispose()
            raise
        return cls(database, clock)

    def close(self) -> None:
        """Closes all connections; the store opens new ones if it is used again."""
        self.database.engine.dispose()

    # roots and collections

    def roots(self) -> tuple[Root, ...]:
        """All roots, in the order in which they were added."""
        with self.database.reading() as connection:
            return directory.roots(connection)

    def root(self, name: str) -> Root | None:
        """One root."""
        with self.database.reading() as connection:
            return directory.root_named(connection, name)

    def add_root(self, new: Root) -> None:
        """Adds a root, with its collection of retractions and an empty log.

        Raises:
            ConfigError: there is one of this name, or the name cannot be one.
        """
        with self.database.writing() as connection:
            directory.add_root(connection, new)
            directory.complete(connection, new.name)

    def collections(self, root: str) -> tuple[Collection, ...]:
        """The collections of a root, in the order in which they were added."""
        with self.database.reading() as connection:
            return directory.collections(connection, root)

    def collection(self, root: str, id_or_alias: str) -> Collection | None:
        """One collection of a root."""
        with self.database.reading() as connection:
            return directory.collection_named(connection, root, id_or_alias)

    def add_collection(self, new: Collection) -> None:
        """Adds a collection to a root.

        Raises:
            ConfigError: there is no such root, or one with this id or alias.
        """
        with self.database.writing() as connection:
            directory.add_collection(connection, new)

    # members

    def members(self) -> tuple[Member, ...]:
        """All members, by name."""
        with self.database.reading() as connection:
            return directory.members(connection)

    def member(self, name: str) -> Member | None:
        """One member."""
        with self.database.reading() as connection:
            return directory.member_where(connection, name=name)

    def member_by_fingerprint(self, fingerprint: str) -> Member | None:
        """The member with a client certificate: the SHA-256 of its DER form, in hexadecimal digits."""
        with self.database.reading() as connection:
            return directory.member_where(connection, fingerprint=fingerprint)

    def member_by_identity(self, identity: str) -> Member | None:
        """The member behind a pseudonym."""
        with self.database.reading() as connection:
            return directory.member_where(connection, identity=identity)

    def add_member(self, new: Member, secret_hash: str | None, rights: Mapping[str, Right]) -> None:
        """Adds a member with its rights, by the id of the collection.

        Raises:
            ConfigError: its name, identity or certificate is another's, or there is no such collection.
        """
        with self.database.writing() as connection:
            directory.add_member(connection, new, secret_hash, rights)

    def grant(self, name: str, rights: Mapping[str, Right]) -> None:
        """Gives rights in the place of those in the same collections; one that allows nothing takes them away.

        Raises:
            ConfigError: there is no such member or collection.
        """
        with self.database.writing() as connection:
            directory.grant(connection, name, rights)

    def rights(self, name: str) -> dict[str, Right]:
        """A member's rights, suspended or not, by the id of the collection."""
        with self.database.reading() as connection:
            return directory.rights(connection, name)

    def suspend(self, name: str) -> Member:
        """Shuts a member out, at once and in every process.

        Raises:
            ConfigError: there is no such member.
        """
        return self._change(name, suspended=True)

    def resume(self, name: str) -> Member:
        """Lets a suspended member in again.

        Raises:
            ConfigError: there is no such member.
        """
        return self._change(name, suspended=False)

    def rotate(self, name: str, *, secret_hash: str | None = None, fingerprint: str | None = None) -> Member:
        """Puts a new secret or certificate in the place of the old, which no longer holds.

        Raises:
            ConfigError: there is no such member.
        """
        if fingerprint is not None:
            return self._change(name, fingerprint=fingerprint)
        return self._change(name, secret_hash=secret_hash)

    def admit(self, name: str, admitted: bool = True) -> Member:
        """Ends a member's quarantine, or begins it again.

        Raises:
            ConfigError: there is no such member.
        """
        return self._change(name, quarantined=not admitted)

    def set_public_key(self, name: str, public_key: bytes | None) -> Member:
        """Registers the key that a member signs with from now on.

        Raises:
            ConfigError: there is no such member.
        """
        return self._change(name, public_key=public_key)

    def _change(self, name: str, **values: object) -> Member:
        with self.database.writing() as connection:
            return directory.change(connection, name, values)

    def principal(self, name: str) -> Principal | None:
        """A member with its rights; None when it is suspended or unknown."""
        with self.database.reading() as connection:
            return directory.principal(connection, name)

    def secret_hash(self, name: str) -> str | None:
        """What a member's secret is checked against."""
        with self.database.reading() as connection:
            return directory.secret_hash(connection, name)

    # objects

    def read(self, principal: Principal, collection: Collection, query: Query) -> Page:
        """What a member finds in a collection, in the order of `date_added`."""
        with self.database.reading() as connection:
            return objects.read(connection, principal, collection, query)

    def exists(self, principal: Principal, collection: Collection, object_id: str) -> bool:
        """Whether a member finds any version of an object."""
        with self.database.reading() as connection:
            return objects.any_version(connection, principal, collection.id, object_id)

    def versions(
        self, principal: Principal, collection: Collection, object_id: str, query: Query
    ) -> tuple[tuple[tuple[str, int], ...], bool]:
        """A page of an object's versions, each with its `date_added`, and whether more follow.

        Args:
            principal: who asks.
            collection: where.
            object_id: of which object.
            query: its spec_versions, its place and limit count; all versions are told.
        """
        asked = Query(
            added_after=query.added_after,
            ids=(object_id,),
            spec_versions=query.spec_versions,
            versions="all",
            after=query.after,
            limit=query.limit,
        )
        with self.database.reading() as connection:
            return objects.versions(connection, principal, collection, asked)

    def signatures(self, principal: Principal, collection: Collection, query: Query) -> SignedPage:
        """What vouches for the objects that `read` finds with the same query."""
        with self.database.reading() as connection:
            return objects.signatures(connection, principal, collection, query)

    def count(self, principal: Principal, collection: Collection, query: Query) -> int:
        """How many records `read` finds with a query, without its limit."""
        with self.database.reading() as connection:
            return objects.count(connection, principal, collection.id, query)

    def known(self, collection: str, ids: Iterable[str]) -> dict[str, list[Known]]:
        """All versions of some objects, deleted ones too, oldest first; for the exchange's own use."""
        with self.database.reading() as connection:
            return objects.known(connection, collection, ids)

    def add(self, root: str, name: str | None, build: Build) -> list[Record]:
        """Stores what a member publishes, with its entries in the log: all of it or nothing.

        Nobody else writes to the root from before `build` is called until all of it can be read, so that the order of
        `date_added` is the order in which readers come to see it.

        Args:
            root: the root's name.
            name: the member; None: the exchange itself.
            build: gives the records and the log's entries; what it raises leaves nothing behind.

        Returns:
            The records with their `date_added`.

        Raises:
            ConfigError: there is no such root or collection.
            TrustError: the member is suspended, or may not write there.
        """
        with self.database.writing() as connection:
            transaction = Transaction.begin(connection, root, name, self._clock)
            return transaction.take_in(*build(transaction))

    def delete(  # noqa: PLR0913 — what, where, who, and the reason
        self,
        root: str,
        principal: Principal,
        collection: Collection,
        object_id: str,
        versions: Versions = "all",
        *,
        spec_versions: tuple[str, ...] = (),
        build: Withdraw,
    ) -> int:
        """Deletes versions of an object that a member itself published.

        Args:
            root: the root's name.
            principal: who asks.
            collection: where.
            object_id: of which object.
            versions: which of them.
            spec_versions: of these only; all where none is named.
            build: gives the log's entries for what is deleted.

        Returns:
            How many were deleted: 0 where the member finds none of its own.

        Raises:
            TrustError: the member is suspended.
        """
        with self.database.writing() as connection:
            transaction = Transaction.begin(connection, root, principal.member.name, self._clock)
            return transaction.withdraw(collection.id, object_id, versions, spec_versions, build)

    # the log

    def tiles(self, root: str) -> leaves.Tiles:
        """The tiles of a root's log, to be read."""
        return leaves.Tiles(self.database.reading, root)

    def log_size(self, root: str) -> int:
        """How many entries a root's log has."""
        with self.database.reading() as connection:
            return leaves.size(connection, root)

    def log_entries(self, root: str, start: int, end: int) -> list[bytes]:
        """The entries of a root's log from `start` to before `end`."""
        with self.database.reading() as connection:
            return leaves.entries(connection, root, start, end)

    def salt(self, root: str, collection: str, object_id: str, version: int) -> bytes | None:
        """What opens the commitment of an object's entry in the log; for those only who may read the object."""
        place = (object_.c.collection == collection) & (object_.c.id == object_id) & (object_.c.version == version)
        entry = (log_entry.c.root == root) & (log_entry.c.leaf == object_.c.leaf)
        with self.database.reading() as connection:
            return connection.scalar(select(log_entry.c.salt).join(object_, entry).where(place))

    # statuses, quotas, documents

    def put_status(self, root: str, member: str, status_id: str, body: bytes) -> None:
        """Keeps the status of a member's request, for a day."""
        with self.database.writing() as connection:
            notes.put_status(connection, root, member, status_id, body, self._clock())

    def status(self, root: str, member: str, status_id: str) -> bytes | None:
        """The status of a member's own request; None once it is a day old."""
        with self.database.reading() as connection:
            return notes.status_of(connection, root, member, status_id, self._clock())

    def quota(self, member: str, name: str, amount: int, per_day: int) -> bool:
        """Takes an amount of a member's quota of today (UTC), if that much is left; else takes nothing."""
        with self.database.writing() as connection:
            return notes.spend(connection, member, name, amount, per_day, self._clock())

    def quota_used(self, member: str, name: str) -> int:
        """How much of a member's quota of today is used."""
        with self.database.reading() as connection:
            return notes.spent(connection, member, name, self._clock())

    def get_document(self, root: str, name: str) -> Any:  # noqa: ANN401 — any JSON value
        """A small JSON document of a root (the empty name: of the whole exchange); None where there is none."""
        with self.database.reading() as connection:
            return notes.document_named(connection, root, name)

    def put_document(self, root: str, name: str, value: object, *, secret: bool = False) -> None:
        """Puts a small JSON document in the place of the one of this name.

        Args:
            root: the root's name, or "" for the whole exchange.
            name: the document's.
            value: any JSON value.
            secret: a dump without secrets leaves it out.
        """
        with self.database.writing() as connection:
            notes.put_document(connection, root, name, value, secret=secret)

    def change_document(self, root: str, name: str, change: Callable[[Any], object], *, secret: bool = False) -> Any:  # noqa: ANN401 — any JSON value
        """Changes a small JSON document, nobody else writing meanwhile.

        Args:
            root: the root's name.
            name: the document's.
            change: gives the new value for the old one (None where there is none).
            secret: as for `put_document`.

        Returns:
            The new value.
        """
        with self.database.writing() as connection:
            transaction = Transaction.begin(connection, root, None, self._clock)
            value = change(transaction.get_document(name))
            transaction.put_document(name, value, secret=secret)
            return value

    # backup

    def dump(self, stream: BinaryIO, *, secrets: bool = False) -> dict[str, int]:
        """Writes everything as JSON lines (see `lines`), from one state of the store, while others go on.

        Args:
            stream: where to.
            secrets: with the hashes of members' secrets and the secret documents.

        Returns:
            How many lines of each kind there are.
        """
        return dumping.dump(self.database, stream, self._clock(), secrets=secrets)

    def load(self, stream: BinaryIO) -> dict[str, int]:
        """Reads what `dump` wrote, or a dump that was made of another server: all of it or nothing.

        Returns:
            How many lines of each kind were taken in; how many were `kept` as they are here, objects `moved` in time.

        Raises:
            InputError: a line is none of a dump, or contradicts what the store has.
        """
        return loading.load(self.database, stream)
