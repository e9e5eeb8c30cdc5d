"""The tables of the console, the same in SQLite and PostgreSQL.

A case is a narrow row, with an index for every order in which cases are listed; the whole campaign lies beside it.
Numbers stand for cases within the database; names ("c-3f9a…") are for people, and lead to a case for ever.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sql
from sqlalchemy import Connection, Dialect
from sqlalchemy.types import TypeDecorator

from stillwatch.database import Schema

VERSION = 2

metadata = sql.MetaData()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A time, kept as microseconds since 1970: exact, and in the same order in every database."""

    impl = sql.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else _EPOCH + value * _MICROSECOND


#: Names in the order of their code points, so that what begins with something is a stretch of the index.
_Name = sql.Text().with_variant(sql.Text(collation="C"), "postgresql")
_Number = sql.BigInteger().with_variant(sql.Integer, "sqlite")  # SQLite counts on by itself only in INTEGER

#: One row: who writes holds it, for he counts it on.
head = sql.Table(
    "console",
    metadata,
    sql.Column("one", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("version", sql.Integer, nullable=False),
    sql.Column("changes", sql.BigInteger, nullable=False),
    sql.Column("scan", sql.BigInteger, nullable=False),  # the newest of `imports`
)

cases = sql.Table(
    "console_case",
    metadata,
    sql.Column("number", _Number, primary_key=True, autoincrement=False),  # `reading.next_number`
    sql.Column("id", _Name, nullable=False, unique=True),
    sql.Column("campaign_id", sql.Text, nullable=False),  # under which the newest scan has it
    sql.Column("severity", sql.SmallInteger, nullable=False),  # 0 low .. 3 critical
    sql.Column("bits", sql.Double, nullable=False),
    sql.Column("families", sql.Text, nullable=False),  # " text time ": those that speak for it, strongest first
    sql.Column("accounts", sql.BigInteger, nullable=False),
    sql.Column("requests", sql.BigInteger, nullable=False),
    sql.Column("tokens", sql.BigInteger, nullable=False),  # input and output
    sql.Column("first_seen", Moment, nullable=False),
    sql.Column("crossed_at", Moment, nullable=False),
    sql.Column("last_seen", Moment, nullable=False),
    sql.Column("scan", sql.BigInteger, nullable=False),  # the newest import that has it
    sql.Column("scanned_at", Moment, nullable=False),  # the end of that scan's window
    # what people did; follows from the events
    sql.Column("status", sql.Text, nullable=False),
    sql.Column("status_until", Moment),  # then it is open again
    sql.Column("assignee", sql.Text),
    sql.Column("into", _Number),  # merged into this case
    sql.Column("root", _Number, nullable=False),  # the case that it is shown as, through all mergers; or itself
    sql.Column("origin", _Number),  # split from this case
    sql.Column("kin", _Number, nullable=False),  # the least number of all that mergers and splits connect it with
    sql.Column("revision", sql.Integer, nullable=False),  # one more with everything that people do
    sql.Column("notes", sql.Integer, nullable=False),
    # counted elsewhere: `marking`
    sql.Column("sightings", sql.Integer, nullable=False, default=0),
    sql.Column("decisions", sql.Integer, nullable=False, default=0),
    sql.Column("appeals", sql.Integer, nullable=False, default=0),
)

#: What the queue can be sorted by. The number makes each order total, so that a page begins where the one before ended.
SORTS: dict[str, sql.Column[object]] = {
    "bits": cases.c.bits,
    "severity": cases.c.severity,
    "accounts": cases.c.accounts,
    "requests": cases.c.requests,
    "tokens": cases.c.tokens,
    "since": cases.c.first_seen,
    "crossed": cases.c.crossed_at,
    "last": cases.c.last_seen,
    "status": cases.c.status,
}
for _name, _column in SORTS.items():
    sql.Index(f"console_case_by_{_name}", _column, cases.c.number)
sql.Index("console_case_by_assignee", cases.c.assignee, cases.c.bits, cases.c.number)
sql.Index("console_case_counted", cases.c.severity, cases.c.status, cases.c.families, cases.c.into)
sql.Index("console_case_by_root", cases.c.root)
sql.Index("console_case_by_into", cases.c.into)
sql.Index("console_case_by_origin", cases.c.origin)
sql.Index("console_case_by_kin", cases.c.kin)
sql.Index("console_case_by_expiry", cases.c.status_until)

#: The newest campaign of each case: the JSON of `reports.document.Campaign`, compressed by zlib.
campaigns = sql.Table(
    "console_campaign",
    metadata,
    sql.Column("case", _Number, primary_key=True, autoincrement=False),
    sql.Column("digest", sql.LargeBinary, nullable=False),  # of the JSON: whether a scan says anything new
    sql.Column("body", sql.LargeBinary, nullable=False),
)

#: The words by which a case is found.
words = sql.Table(
    "console_word",
    metadata,
    sql.Column("word", _Name, primary_key=True),
    sql.Column("case", _Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
sql.Index("console_word_by_case", words.c.case)

#: The accounts of each case, as the newest scan that has it says.
accounts = sql.Table(
    "console_account",
    metadata,
    sql.Column("account_id", sql.Text, primary_key=True),
    sql.Column("case", _Number, primary_key=True, autoincrement=False),
    sql.Column("bits", sql.Double, nullable=False),
    sql.Column("requests", sql.BigInteger, nullable=False),
    sql.Column("first_seen", Moment, nullable=False),
    sql.Column("last_seen", Moment, nullable=False),
    sqlite_with_rowid=False,
)
sql.Index("console_account_by_case", accounts.c.case, accounts.c.bits, accounts.c.account_id)

#: Other members' indicators that fit a case, as the newest scan that has it says.
indicators = sql.Table(
    "console_indicator",
    metadata,
    sql.Column("id", _Name, primary_key=True),
    sql.Column("case", _Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
sql.Index("console_indicator_by_case", indicators.c.case)

#: How a case looked, scan by scan; a row only where something had changed.
versions = sql.Table(
    "console_version",
    metadata,
    sql.Column("case", _Number, primary_key=True, autoincrement=False),
    sql.Column("scan", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("campaign_id", sql.Text, nullable=False),
    sql.Column("severity", sql.SmallInteger, nullable=False),
    sql.Column("bits", sql.Double, nullable=False),
    sql.Column("families", sql.Text, nullable=False),
    sql.Column("accounts", sql.BigInteger, nullable=False),
    sql.Column("requests", sql.BigInteger, nullable=False),
    sql.Column("tokens", sql.BigInteger, nullable=False),
    sql.Column("first_seen", Moment, nullable=False),
    sql.Column("crossed_at", Moment, nullable=False),
    sql.Column("last_seen", Moment, nullable=False),
    sql.Column("scanned_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

#: Every id of a campaign or a case that was ever seen.
names = sql.Table(
    "console_name",
    metadata,
    sql.Column("id", _Name, primary_key=True),
    sql.Column("case", _Number, nullable=False),
    sqlite_with_rowid=False,
)
sql.Index("console_name_by_case", names.c.case)

#: What people did: only ever added to.
events = sql.Table(
    "console_event",
    metadata,
    sql.Column("number", _Number, primary_key=True),
    sql.Column("case", _Number),  # None: about an account alone
    sql.Column("account", sql.Text),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("who", sql.Text, nullable=False),
    sql.Column("at", Moment, nullable=False),
    sql.Column("body", sql.Text, nullable=False),  # JSON of one of `events`
    sqlite_autoincrement=True,  # a number is never given twice
)
sql.Index("console_event_by_case", events.c.case, events.c.number)
sql.Index("console_event_by_account", events.c.account, events.c.number)

#: The documents that were taken in.
imports = sql.Table(
    "console_import",
    metadata,
    sql.Column("number", _Number, primary_key=True, autoincrement=False),  # from 1, without a gap
    sql.Column("digest", sql.Text, nullable=False),
    sql.Column("at", Moment, nullable=False),
    sql.Column("start", Moment, nullable=False),
    sql.Column("end", Moment, nullable=False),
    sql.Column("campaigns", sql.BigInteger, nullable=False),
    sql.Column("inputs", sql.Text, nullable=False),  # JSON of `reports.document.Inputs`
    sql.Column("load", sql.Text, nullable=False),  # JSON of `reports.impact.document.Load`
    sql.Column("generator", sql.Text, nullable=False),
)


def _found(connection: Connection) -> int | None:
    return connection.scalar(sql.select(head.c.version))


def _begin(connection: Connection) -> None:
    connection.execute(sql.insert(head).values(one=1, version=VERSION, changes=0, scan=0))


SCHEMA = Schema(
    name="console",
    metadata=metadata,
    mark=head,
    version=VERSION,
    found=_found,
    begin=_begin,
    lock=0x57A7C7,
    absent="`stillwatch serve console` makes one.",
    older="Name another database as console.db: findings are taken in again, verdicts are in the reviews, measures in "
    "the ledger. Notes, mergers, splits and people stay in this one: `stillwatch console people` adds people.",
)
