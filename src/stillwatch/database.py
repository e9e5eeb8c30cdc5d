"""How a database is reached: its address, its settings, reading and writing, and what its errors become.

    database = Database.at("forum.sqlite")            # or postgresql://user@host/forum; nothing is reached yet
    with database.reading() as connection: ...        # one snapshot
    with database.writing() as connection: ...        # one transaction: all of it or nothing
    database.prepare(SCHEMA, create=True)             # the tables are there, and ours, and of this version

SQLite runs in WAL mode with synchronous=FULL: readers never wait, and what was answered survives a power cut. A writer
takes the lock when it begins (BEGIN IMMEDIATE), so that it never fails half-way for another one's sake.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import TYPE_CHECKING, Self

from sqlalchemy import URL, Connection, Engine, MetaData, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from stillwatch.errors import ConfigError, ExchangeError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import IsolationLevel

_WAIT_SECONDS = 30.0  # for another writer
# Every question of ours has its index. PostgreSQL's planner, while it has no statistics yet, would rather read all,
# sort or hash it, and compile that first.
_SHUNNED = ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")
_PLANNER = " ".join(["-c jit=off", *(f"-c enable_{each}=off" for each in _SHUNNED)])
_POSTGRESQL = {"postgres", "postgresql", "postgresql+psycopg"}


@dataclass(frozen=True)
class Schema:
    """The tables of one of our programs, in a database of their own.

    Attributes:
        name: what they are, such as "ledger".
        metadata: the tables.
        mark: the one by which a database is known to be this program's.
        version: of their form; one more whenever a database of before cannot be read any more.
        found: the version that a database has.
        begin: writes what new tables begin with.
        lock: of PostgreSQL's advisory locks: two that make the tables at once.
        absent: what to do where there are none.
        older: what to do where they are of an older version, and what is lost.
    """

    name: str
    metadata: MetaData
    mark: Table
    version: int
    found: Callable[[Connection], int | None]
    begin: Callable[[Connection], None]
    lock: int
    absent: str
    older: str

    def there(self, connection: Connection, where: str) -> bool:
        """Whether a database holds these tables; False for one that is empty.

        Raises:
            ConfigError: it is another program's, or of another version.
        """
        names = set(inspect(connection).get_table_names())
        if not names:
            return False
        if self.mark.name not in names:
            hint = f"Name a database of its own for the {self.name}."
            raise ConfigError("This is another program's database.", where=where, hint=hint)
        found = self.found(connection)
        if found != self.version:
            what = f"This is a {self.name} of version {found}, and this stillwatch reads {self.version}."
            older = found is not None and found < self.version
            raise ConfigError(what, where=where, hint=self.older if older else "Use the stillwatch that made it.")
        return True

    def make(self, connection: Connection, where: str) -> None:
        """Makes the tables within a transaction, where nobody else just did.

        Raises:
            ConfigError: the database is another program's, or of another version.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self.lock})
        if not self.there(connection, where):
            self.metadata.create_all(connection)
            self.begin(connection)


@dataclass(frozen=True)
class Database:
    """An open database."""

    engine: Engine

    @classmethod
    def at(cls, address: str, *, wait: float = _WAIT_SECONDS) -> Self:
        """Prepares a database; nothing is reached yet.

        Args:
            address: a path (SQLite), `sqlite:///path` or `postgresql://user@host/name`.
            wait: seconds for another writer of a SQLite database.

        Raises:
            ConfigError: the address is none.
        """
        url = parse(address)
        if url.get_backend_name() == "sqlite":
            engine = create_engine(
                url,
                connect_args={"timeout": wait, "isolation_level": None},
                hide_parameters=True,
                max_overflow=64,
            )
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)
        else:
            engine = create_engine(
                url,
                connect_args={} if "options" in url.query else {"options": _PLANNER},
                hide_parameters=True,
                pool_pre_ping=True,
                max_overflow=32,
            )
        return cls(engine)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        url = self.engine.url
        return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None

    @property
    def name(self) -> str:
        """The address without its password."""
        return str(self.file or self.engine.url.render_as_string(hide_password=True))

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """A connection to read with.

        Args:
            snapshot: several statements see one state of the database; else each sees the newest.

        Raises:
            ExchangeError: the database cannot be used.
        """
        with self._told(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's reads are snapshots anyway
                level: IsolationLevel = "REPEATABLE READ" if snapshot else "AUTOCOMMIT"
                connection.execution_options(isolation_level=level)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose changes are kept when the block ends, and all taken back when it raises.

        Raises:
            ExchangeError: the database cannot be used, or cannot take what is written.
        """
        with self._told(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def scrub(self, table: str) -> None:
        """Lets what was deleted from a table be gone from the disk, too, and not only be found by nobody.

        Raises:
            ExchangeError: the database cannot be used.
        """
        sqlite = self.engine.dialect.name == "sqlite"
        with self._told(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if sqlite else f'VACUUM "{table}"')

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
            hint = "Nothing of this was stored; it can be tried again."
            raise ExchangeError(f"The database failed ({cause}).", where=self.name, hint=hint) from error

    def holds(self, schema: Schema) -> bool:
        """Whether it has these tables; False where it is empty or not there. Nothing is made.

        Raises:
            ConfigError: it is another program's, or of another version.
            ExchangeError: it cannot be reached.
        """
        if self.file and not self.file.is_file():
            return False
        with self.reading() as connection:
            return schema.there(connection, self.name)

    def prepare(self, schema: Schema, *, create: bool) -> None:
        """Makes sure of these tables; closes all connections where they are not to be had.

        Args:
            schema: the tables.
            create: make them where there are none.

        Raises:
            ConfigError: it is another program's, of another version, or there are none and none are to be made.
            ExchangeError: it cannot be reached.
        """
        try:
            there = self.holds(schema)
            if not there and create:
                self.create_file()
                with self.writing() as connection:
                    schema.make(connection, self.name)
        except BaseException:
            self.engine.dispose()
            raise
        if not there and not create:
            self.engine.dispose()
            raise ConfigError(f"There is no {schema.name} here.", where=self.name, hint=schema.absent)

    def create_file(self) -> None:
        """Makes an empty SQLite file that only its owner may read; what is there stays.

        Raises:
            ConfigError: it cannot be made.
        """
        if self.file is None:
            return
        try:
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise ConfigError(f"cannot be opened or made ({error.strerror}).", where=str(self.file)) from error


def parse(address: str) -> URL:
    """Reads the address of a database: a path, `sqlite:///path`, or `postgresql://user:password@host/name`.

    Raises:
        ConfigError: it is something else.
    """
    hint = "Name a file, or postgresql://user@host/database."
    try:
        url = make_url(address) if "://" in address else URL.create("sqlite", database=address)
    except (ArgumentError, ValueError):
        raise ConfigError("The address of the database cannot be read.", hint=hint) from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise ConfigError(f"{url.drivername} is no database that stillwatch knows.", hint=hint)
    if not url.database or url.database == ":memory:" or url.query:
        raise ConfigError("This needs a file, not a database in memory.", hint=hint)
    return URL.create("sqlite", database=str(Path(url.database).expanduser().absolute()))


def _prepare(connection: SQLiteConnection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")
