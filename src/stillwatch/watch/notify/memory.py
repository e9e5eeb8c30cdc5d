"""What was told already, so that a campaign is told once, whatever its id: that changes with every account that joins.

A campaign is one that was told if at least half of the smaller of the two is in both. Accounts are remembered as
digests. What was not heard of for 90 days is forgotten.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from stillwatch.reports.document import Account, Campaign, FindingsDocument
from stillwatch.response.model import Decision
from stillwatch.watch.notify.news import Joined, News, rank

SAME = 0.5  # of the smaller
_DAY = 86_400.0
KEPT_SECONDS = 90 * _DAY

SCHEMA = """
CREATE TABLE story (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,      -- its id when it was seen last
    severity INTEGER NOT NULL,   -- the highest that was told
    at REAL NOT NULL             -- when it was heard of, to a day: seconds since 1970
) STRICT;
CREATE TABLE member (
    account TEXT PRIMARY KEY,    -- digest of its id
    story INTEGER NOT NULL REFERENCES story ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX member_story ON member (story);
CREATE TABLE unsigned (decision TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
"""


def recall(database: sqlite3.Connection, document: FindingsDocument, waiting: Sequence[Decision], now: float) -> News:
    """What of this nobody was told, and remember that it is told now; within the caller's transaction."""
    stories = [(campaign, *_told(database, campaign, now)) for campaign in document.standing]
    database.execute("DELETE FROM story WHERE at < ?", (now - KEPT_SECONDS,))
    return News(
        new=tuple(campaign for campaign, before, _ in stories if before is None),
        risen=tuple(c for c, before, _ in stories if before is not None and before < rank(c.severity)),
        joined=tuple(Joined(campaign, joined) for campaign, _, joined in stories if joined),
        waiting=_unsigned(database, waiting),
    )


def _told(database: sqlite3.Connection, campaign: Campaign, now: float) -> tuple[int | None, tuple[Account, ...]]:
    """The severity that was told of a campaign, if any was, and the accounts that were not known."""
    digests = {_digest(account): account for account in campaign.accounts}
    story, severity, told_at = _story(database, campaign, digests.keys())
    if story is None:
        made = "INSERT INTO story (campaign, severity, at) VALUES (?, ?, ?)"
        story = database.execute(made, (campaign.id, rank(campaign.severity), now)).lastrowid
    known = {row[0] for row in database.execute("SELECT account FROM member WHERE story = ?", (story,))}
    joined = tuple(account for digest, account in digests.items() if digest not in known)
    if joined or severity is None or severity < rank(campaign.severity) or told_at < now - _DAY:
        database.execute(
            "UPDATE story SET campaign = ?, severity = max(severity, ?), at = ? WHERE id = ?",
            (campaign.id, rank(campaign.severity), now, story),
        )
        rows = [(digest, story) for digest in digests.keys() - known]
        database.executemany("INSERT OR REPLACE INTO member VALUES (?, ?)", rows)
    return severity, joined


def _story(
    database: sqlite3.Connection, campaign: Campaign, digests: Iterable[str]
) -> tuple[int | None, int | None, float]:
    """The story that a campaign goes on with, the severity that was told, and when; (None, None, 0) for a new one."""
    asked = (
        "SELECT story.id, severity, at, COUNT(*) AS shared, (SELECT COUNT(*) FROM member AS m WHERE m.story = story.id)"
        " FROM member JOIN story ON story.id = member.story"
        " WHERE account IN (SELECT value FROM json_each(?)) GROUP BY story.id ORDER BY shared DESC LIMIT 1"
    )
    row = database.execute(asked, (json.dumps(list(digests)),)).fetchone()
    if row and row[3] >= SAME * min(row[4], len(campaign.accounts)):
        return row[0], row[1], row[2]
    return None, None, 0.0


def _unsigned(database: sqlite3.Connection, waiting: Sequence[Decision]) -> tuple[Decision, ...]:
    known = {row[0] for row in database.execute("SELECT decision FROM unsigned")}
    ids = {decision.id for decision in waiting}
    database.executemany("DELETE FROM unsigned WHERE decision = ?", [(each,) for each in known - ids])
    database.executemany("INSERT INTO unsigned VALUES (?)", [(each,) for each in ids - known])
    return tuple(decision for decision in waiting if decision.id not in known)


def _digest(account: Account) -> str:
    return blake2b(account.account_id.encode(), digest_size=16).hexdigest()
