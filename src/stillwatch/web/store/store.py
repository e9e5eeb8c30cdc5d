"""The console's database: open it, and write down what people do.

    with Store.open("console.sqlite") as store:                  # or postgresql://user@host/console
        taken = intake.take(store, document, now)
        page = queue.page(store, search.parse("severity:high"))
        case = cases.case(store, "c-3f9a")
        store.record(case.id, Assigned("ana"), who="bob", now=now, revision=case.revision)

Everything that writes is one transaction: killed at any moment, all of it is there or nothing. Several processes may
use one database; they write one after the other. Everything may raise ExchangeError: the database cannot be used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from sqlite3 import Connection as SQLiteConnection
from typing import Self

from sqlalchemy import Connection, event, func, select, update

from stillwatch.database import Database
from stillwatch.web.store import recording, tables
from stillwatch.web.store.events import Body, Event
from stillwatch.web.store.tables import cases, head

_CACHE_KB = 32_768  # of a connection: the rows of 100,000 cases; SQLite's own 2 MB read them anew for each question


class Store:
    """An open store; `open` makes one."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, address: str, *, create: bool = True) -> Self:
        """Opens a store.

        Args:
            address: a path (SQLite), `sqlite:///path` or `postgresql://user@host/name`.
            create: make one where there is none.

        Raises:
            ConfigError: the address is none, the database is another program's or of another version, or there is none
                and none is to be made.
            ExchangeError: the database cannot be reached.
        """
        database = Database.at(address, wait=5.0)
        if database.file:
            event.listen(database.engine, "connect", _remember)
        database.prepare(tables.SCHEMA, create=create)
        return cls(database)

    def close(self) -> None:
        """Closes all connections; the store opens new ones if it is used again."""
        self.database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the database, whatever is written meanwhile."""
        with self.database.reading(snapshot=True) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; nobody else changes cases meanwhile, and all of it is taken back if the block raises."""
        with self.database.writing() as connection:
            connection.execute(update(head).values(changes=head.c.changes + 1))
            yield connection

    def record(self, case_id: str | None, body: Body, *, who: str, now: datetime, revision: int | None = None) -> Event:
        """Writes down what somebody did, and brings the case to the state that follows.

        Args:
            case_id: the case, by any id that it ever had; None: about an account alone (`Viewed`).
            body: what he did.
            who: he.
            now: when.
            revision: of the case that he saw (`Case.revision`); None: it does not matter.

        Raises:
            NotThere: there is no such case, or no such entry to undo.
            Stale: somebody else changed the case meanwhile; nothing is written then.
            Invalid: it cannot be done: a merger with itself, a split of all accounts, an entry that cannot be undone.
        """
        with self.writing() as connection:
            return recording.record(connection, case_id, body, who=who, now=now, revision=revision)

    def expire(self, now: datetime) -> int:
        """Opens the cases whose verdict has come to its end; returns how many."""
        with self.reading() as connection:
            due = connection.scalar(select(func.count()).where(cases.c.status_until <= now))
        if not due:
            return 0
        with self.writing() as connection:
            return recording.expire(connection, now)


def _remember(connection: SQLiteConnection, _record: object) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
