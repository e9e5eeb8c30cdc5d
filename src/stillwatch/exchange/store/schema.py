"""Which version of the tables a database has, and how it gets the newest: Alembic, from inside the package."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, column, inspect, select, table, text

from stillwatch.database import Database
from stillwatch.errors import ConfigError
from stillwatch.exchange.store.tables import VERSION, VERSION_TABLE

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x57A7C4  # of PostgreSQL's advisory locks: two that make the tables at once


def check(database: Database) -> None:
    """Makes sure that a database has the tables of this version.

    Raises:
        ConfigError: it has none, or those of another version.
        ExchangeError: it cannot be reached.
    """
    makes = f"`stillwatch exchange init --db {database.name}` makes one."
    if database.file and not database.file.is_file():
        raise ConfigError("There is no exchange here.", where=database.name, hint=makes)
    with database.reading() as connection:
        found = version(connection)
    if found is None:
        raise ConfigError("There is no exchange in this database.", where=database.name, hint=makes)
    if found < VERSION:
        hint = f"Back it up, then `stillwatch exchange init --db {database.name}` brings it up to date."
        raise ConfigError(f"The exchange has tables of version {found}, not {VERSION}.", where=database.name, hint=hint)
    _refuse_later(found, database)


def upgrade(database: Database) -> None:
    """Makes the tables, or brings those of an earlier version up to date; all of it or nothing.

    Raises:
        ConfigError: the database is another program's, or of a later version.
        ExchangeError: it cannot be reached.
    """
    database.create_file()
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = version(connection)
        if found is None and inspect(connection).get_table_names():
            hint = "Name a database of its own for the exchange."
            raise ConfigError("This is another program's database.", where=database.name, hint=hint)
        _refuse_later(found or VERSION, database)
        command.upgrade(configuration(connection), "head")


def version(connection: Connection) -> str | None:
    """The version of the tables; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return found


def configuration(connection: Connection) -> Config:
    """What Alembic needs to know."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_later(found: str, database: Database) -> None:
    if found > VERSION:
        hint = "Use the stillwatch that wrote it, or a later one."
        raise ConfigError(
            f"The exchange has tables of version {found}, this stillwatch knows {VERSION}.",
            where=database.name,
            hint=hint,
        )
