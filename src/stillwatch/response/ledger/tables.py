"""The tables of a ledger: entries that cannot be changed or taken away, the last one's place, and words beside them.

What `entry` repeats of its body (about, whose, until) is there to be found by; `Ledger.verify` holds both equal.
"""

import sqlalchemy as sql
from sqlalchemy import Connection

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


def guard(connection: Connection) -> None:
    """Lets the database itself refuse to change or take away an entry."""
    for statement in _REFUSALS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
