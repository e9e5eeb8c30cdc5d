"""The tables of a ledger: entries that cannot be changed or taken away, the last one's place, and words beside them.

What `entry` repeats of its body (about, whose, until) is there to be found by; `Ledger.verify` holds both equal.
"""

import sqlalchemy as sql
from sqlalchemy import Connection, inspect

from stillwatch.database import Database
from stillwatch.errors import ConfigError

metadata = sql.MetaData()

entry = sql.Table(
    "ledger_entry",
    metadata,
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("time", sql.BigInteger, nullable=False),  # microseconds since 1970
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("text", sql.Text, nullable=False),  # canonical JSON
    sql.Column("previous", sql.LargeBinary, nullable=False),
    sql.Column("hash", sql.LargeBinary, nullable=False),
    sql.Column("about", sql.Text, nullable=False),
    sql.Column("whose", sql.Text, nullable=False),
    sql.Column("until", sql.BigInteger),  # microseconds since 1970
)
sql.Index("ledger_entry_until", entry.c.until)
sql.Index("ledger_entry_about", entry.c.about)
sql.Index("ledger_entry_whose", entry.c.whose)
sql.Index("ledger_entry_kind", entry.c.kind, entry.c.number)

#: One row: who writes holds it, so that no two entries ever follow the same one.
head = sql.Table(
    "ledger_head",
    metadata,
    sql.Column("one", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("number", sql.BigInteger, nullable=False),
    sql.Column("hash", sql.LargeBinary, nullable=False),
)

#: What people wrote, by the entry that seals it; may be erased.
words = sql.Table(
    "ledger_words",
    metadata,
    sql.Column("entry", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("salt", sql.LargeBinary, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
)

_LOCK = 0x57A7C6  # of PostgreSQL's advisory locks: two that make the tables at once
_SQLITE = """
CREATE TRIGGER ledger_no_{what} BEFORE {what} ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END
"""
_POSTGRESQL = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is only ever added to'; END $$;
CREATE TRIGGER ledger_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
"""
_REFUSALS = {
    "sqlite": (_SQLITE.format(what="UPDATE"), _SQLITE.format(what="DELETE")),
    "postgresql": (_POSTGRESQL,),
}


def there(database: Database) -> bool:
    """Whether a database holds a ledger; False for one that is empty or not there.

    Raises:
        ConfigError: it is another program's.
        ExchangeError: it cannot be reached.
    """
    if database.file and not database.file.is_file():
        return False
    with database.reading() as connection:
        return _there(connection, database)


def make(database: Database, connection: Connection) -> bool:
    """Makes the tables within a transaction; False where somebody else just did.

    Raises:
        ConfigError: the database is another program's.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sql.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if _there(connection, database):
        return False
    metadata.create_all(connection)
    for statement in _REFUSALS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    return True


def _there(connection: Connection, database: Database) -> bool:
    names = set(inspect(connection).get_table_names())
    if names and entry.name not in names:
        hint = "Name a database of its own for the ledger."
        raise ConfigError("This is another program's database.", where=database.name, hint=hint)
    return bool(names)
