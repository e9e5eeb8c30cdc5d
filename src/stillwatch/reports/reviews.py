"""What people decided: verdicts on campaigns, remembered in a local SQLite file.

    store = ReviewStore("reviews.sqlite")
    store.add(campaign, verdict="rejected", author="ana", reason="a classroom", at=now)
    document = to_document(findings, reviews=store.recall)

A campaign's id follows its members and its evidence, so it changes from one scan to the next. A review is therefore
recognised by the accounts it was about:

- It is *about* a campaign if at least half of the accounts of both together are in both (Jaccard >= 0.5).
- It *stands* while the evidence is the same: Jaccard >= 0.8, no family speaks for the campaign that did not before, and
  the score has not risen by more than 8 bits (a factor of 256 in the odds, one step of severity).

While a rejection stands, the campaign stays rejected. When it no longer stands the campaign comes back, with the old
verdict and what has changed since. The newest review that stands counts; a newer one replaces it.

The store keeps digests of account ids, names of families and what the reviewer wrote; no prompt, no account id.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.reports.document import Campaign, Review
from stillwatch.reports.wording import count, label

Verdict = Literal["confirmed", "rejected", "unsure"]

ABOUT = 0.5  # Jaccard of the members from which a review is about this campaign
SAME_MEMBERS = 0.8  # Jaccard from which they count as the same accounts
RISE_BITS = 8.0  # more than this is new evidence, even within the old families

_WAIT_SECONDS = 5.0  # for somebody else who writes
_APPLICATION = 0x57A7C4  # tells our files from other programs' databases
_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS review (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,      -- its id when it was reviewed
    verdict TEXT NOT NULL CHECK (verdict IN ('confirmed', 'rejected', 'unsure')),
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,            -- ISO 8601
    bits REAL NOT NULL,
    families TEXT NOT NULL,      -- JSON list
    size INTEGER NOT NULL        -- number of members
) STRICT;
CREATE TABLE IF NOT EXISTS member (
    account TEXT NOT NULL,       -- digest of the account id
    review INTEGER NOT NULL REFERENCES review,
    PRIMARY KEY (account, review)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
COMMIT;
"""

# How many members each review has in common with the campaign; newest first.
_ABOUT = """
SELECT verdict, author, reason, at, bits, families, size, COUNT(*) AS shared
FROM member JOIN review ON review.id = member.review
WHERE account IN (SELECT value FROM json_each(?))
GROUP BY review.id ORDER BY review.id DESC
"""


class ReviewStore:
    """Verdicts in one SQLite file, which is made with the first verdict.

    Every method raises StillwatchError if the file is locked, read-only, damaged or of a later version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def add(self, campaign: Campaign, *, verdict: Verdict, author: str, reason: str, at: datetime) -> Review:
        """Remember a verdict.

        Raises:
            ConfigError: no author or no reason is given: both are what makes a verdict worth remembering.
        """
        if not author.strip() or not reason.strip():
            raise ConfigError("A review needs an author and a reason.", hint="Say who decides, and why.")
        review = Review(verdict=verdict, author=author.strip(), reason=reason.strip(), at=at)
        members = _digests(campaign)
        row = (campaign.id, verdict, review.author, review.reason, at.isoformat(), campaign.bits)
        with self._open(create=True) as database, database:
            cursor = database.execute(
                "INSERT INTO review (campaign, verdict, author, reason, at, bits, families, size)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, json.dumps(sorted(_families(campaign))), len(members)),
            )
            database.executemany("INSERT INTO member VALUES (?, ?)", [(each, cursor.lastrowid) for each in members])
        return review

    def applies(self, campaign: Campaign) -> Review | None:
        """Return the newest review that stands: the evidence is still the one that was judged."""
        return next((review for review in self._about(campaign) if review.stands), None)

    def latest(self, campaign: Campaign) -> Review | None:
        """Return the newest review of this campaign, whether it stands or not; `says` tells what has changed."""
        return next(iter(self._about(campaign)), None)

    def recall(self, campaign: Campaign) -> Review | None:
        """Return what the document shows: the review that stands, or the latest with what has changed since."""
        reviews = self._about(campaign)
        return next((review for review in reviews if review.stands), reviews[0] if reviews else None)

    def _about(self, campaign: Campaign) -> list[Review]:
        """All reviews about this campaign, newest first."""
        if not self.path.exists():
            return []
        members = _digests(campaign)
        with self._open() as database:
            rows = database.execute(_ABOUT, (json.dumps(sorted(members)),)).fetchall()
        return [_review(row, campaign, len(members)) for row in rows if _jaccard(row, len(members)) >= ABOUT]

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        address = f"{self.path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS)) as database:
                database.row_factory = sqlite3.Row
                self._prepare(database)
                yield database
        except sqlite3.Error as error:
            raise StillwatchError(
                f"The reviews cannot be used: {error}.",
                where=str(self.path),
                hint="Check that it is a reviews file, that nobody else holds it, and that it may be written.",
            ) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        found = database.execute("PRAGMA user_version").fetchone()[0]
        ours = database.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION
        if not ours and database.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StillwatchError(
                "This is another program's database.", where=str(self.path), hint="Name another file for the reviews."
            )
        if found > _VERSION:
            raise StillwatchError(
                f"The reviews are of version {found}, this stillwatch reads {_VERSION}.",
                where=str(self.path),
                hint="Use the stillwatch that wrote them, or a later one.",
            )
        if found < _VERSION:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_SCHEMA)


def _review(row: sqlite3.Row, campaign: Campaign, size: int) -> Review:
    changes = _changes(row, campaign, size)
    return Review(
        verdict=row["verdict"],
        author=row["author"],
        reason=row["reason"],
        at=datetime.fromisoformat(row["at"]),
        stands=not changes,
        says=f"Since then {' and '.join(changes)}." if changes else "",
    )


def _changes(row: sqlite3.Row, campaign: Campaign, size: int) -> list[str]:
    """What is no longer as it was judged; empty while the review stands."""
    changes = []
    if _jaccard(row, size) < SAME_MEMBERS:
        joined, left = size - row["shared"], row["size"] - row["shared"]
        changes.append(f"{count(joined, 'account')} joined and {left:,} left")
    if new := sorted(_families(campaign) - set(json.loads(row["families"]))):
        changes.append(f"{', '.join(label(family) for family in new)} evidence came up")
    if campaign.bits > row["bits"] + RISE_BITS:
        changes.append(f"the score rose from {row['bits']:.1f} to {campaign.bits:.1f} bits")
    return changes


def _jaccard(row: sqlite3.Row, size: int) -> float:
    return float(row["shared"] / (row["size"] + size - row["shared"]))


def _families(campaign: Campaign) -> set[str]:
    return {evidence.family for evidence in campaign.evidence if evidence.bits > 0}


def _digests(campaign: Campaign) -> set[str]:
    return {hashlib.sha256(account.account_id.encode()).hexdigest()[:32] for account in campaign.accounts}
