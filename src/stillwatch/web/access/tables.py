"""The tables of access: who may sign in, and who is signed in. Times are seconds since 1970."""

import sqlalchemy as sql

from stillwatch.database import Database

metadata = sql.MetaData()

person = sql.Table(
    "console_person",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("folded", sql.Text, nullable=False, unique=True),  # Ana and ana are one
    sql.Column("role", sql.Text, nullable=False),
    sql.Column("password", sql.Text),  # argon2id; none for who signs in elsewhere
)

session = sql.Table(
    "console_session",
    metadata,
    sql.Column("digest", sql.LargeBinary, primary_key=True),  # of the cookie, which is kept nowhere
    sql.Column("name", sql.Text, sql.ForeignKey(person.c.name, ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("source", sql.Text, nullable=False),
    sql.Column("seen", sql.BigInteger, nullable=False),
    sql.Column("until", sql.BigInteger, nullable=False, index=True),
)


def make(database: Database) -> None:
    """Makes the tables where they are not there yet.

    Raises:
        ExchangeError: the database cannot be used.
    """
    with database.writing() as connection:
        metadata.create_all(connection)
