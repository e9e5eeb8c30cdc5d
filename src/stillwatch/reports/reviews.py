"""What people decided: verdicts on campaigns, remembered in a local SQLite file.

    store = ReviewStore("reviews.sqlite")
    store.add(campaign, verdict="rejected", author="ana", reason="a classroom", at=now, until=in_half_a_year)
    document = to_document(findings, reviews=store.recall)

A campaign's id follows its members and its evidence, so it changes from one scan to the next. A review is therefore
recognised by the accounts it was about:

- It is *about* a campaign if at least half of the accounts of both together are in both (Jaccard >= 0.5).
- It *stands* while the evidence is the same: Jaccard >= 0.8, no family speaks for the campaign that did not before, and
  the score has not risen by more than 8 bits (a factor of 256 in the odds, one step of severity). It ends when its
  author said that it should, if he did.

While a rejection stands, the campaign stays rejected. When it no longer stands the campaign comes back, with the old
verdict and what has changed since. Of several reviews whose evidence is the same the newest counts, also once it has
ended: then somebody is to look again, and no older one comes back in its place. `withdraw` takes a review back.

The store keeps digests of account ids, names of families and what the reviewer wrote; no prompt, no account id.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Literal

from stillwatch.errors import ConfigError, InputError, StillwatchError
from stillwatch.reports.document import Campaign, FindingsDocument, Review, loads, with_reviews
from stillwatch.reports.wording import count, day, label

Verdict = Literal["confirmed", "rejected", "unsure"]

ABOUT = 0.5  # Jaccard of the members from which a review is about this campaign
SAME_MEMBERS = 0.8  # Jaccard from which they count as the same accounts
RISE_BITS = 8.0  # more than this is new evidence, even within the old families

_WAIT_SECONDS = 5.0  # for somebody else who writes
_APPLICATION = 0x57A7C4  # tells our files from other programs' databases
_VERSION = 2
_SCHEMA = (
    """
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
) STRICT
""",
    """
CREATE TABLE IF NOT EXISTS member (
    account TEXT NOT NULL,       -- digest of the account id
    review INTEGER NOT NULL REFERENCES review,
    PRIMARY KEY (account, review)
) STRICT, WITHOUT ROWID
""",
    # version 2
    "ALTER TABLE review ADD COLUMN until TEXT",  # ISO 8601; NULL: no end
    "ALTER TABLE review ADD COLUMN second TEXT NOT NULL DEFAULT ''",  # the person who said so, too
    "ALTER TABLE review ADD COLUMN withdrawn TEXT",  # by whom it was taken back
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)

# How many members each review has in common with the campaign; newest first.
_ABOUT = """
SELECT verdict, author, second, reason, at, until, bits, families, size, COUNT(*) AS shared
FROM member JOIN review ON review.id = member.review
WHERE account IN (SELECT value FROM json_each(?)) AND withdrawn IS NULL
GROUP BY review.id ORDER BY review.id DESC
"""

_GIVEN = "SELECT id FROM review WHERE at = ? AND ? IN (author, second)"

# The reviews that stand beside one, itself too, by how many members they share.
_BESIDE = """
SELECT review.id, verdict, until, size, COUNT(*) AS shared, (SELECT size FROM review WHERE id = ?1) AS of
FROM member JOIN review ON review.id = member.review
WHERE account IN (SELECT account FROM member WHERE review = ?1) AND withdrawn IS NULL
GROUP BY review.id
"""


def check_second(verdict: Verdict, author: str, second: str, two_persons: Collection[str]) -> None:
    """Whether enough people said it.

    Args:
        verdict: what they said.
        author: who said it first.
        second: who said it, too; empty for nobody.
        two_persons: the verdicts that need both, `reviews.two_persons`.

    Raises:
        ConfigError: the verdict needs a second person, or both are one.
    """
    if second and second.strip().casefold() == author.strip().casefold():
        raise ConfigError("The second person is the first.", where=second, hint="Ask somebody else.")
    if verdict in two_persons and not second:
        hint = "Ask somebody else to say so, too."
        raise ConfigError(f"The verdict {verdict} needs two persons.", where="reviews.two_persons", hint=hint)


class ReviewStore:
    """Verdicts in one SQLite file, which is made with the first verdict.

    Every method raises StillwatchError if the file is locked, read-only, damaged or of a later version.

    Args:
        path: the file.
        clock: the time by which a review has ended.
    """

    def __init__(self, path: str | Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = Path(path)
        self._clock = clock

    def add(  # noqa: PLR0913 — what a review says
        self,
        *campaigns: Campaign,
        verdict: Verdict,
        author: str,
        reason: str,
        at: datetime,
        until: datetime | None = None,
        second: str = "",
    ) -> Review:
        """Remember a verdict.

        Args:
            campaigns: what it is about: one, or several that people know to be one.
            verdict: what they are taken for.
            author: who decided.
            reason: why.
            at: when.
            until: when somebody is to look again; None: when the evidence changes.
            second: who else decided the same, where two must; see `check_second`.

        Raises:
            ConfigError: no author or no reason is given: both are what makes a verdict worth remembering; or it ends
                before it begins.
        """
        if not author.strip() or not reason.strip():
            raise ConfigError("A review needs an author and a reason.", hint="Say who decides, and why.")
        if until is not None and until <= at:
            raise ConfigError("A review must end after it begins.", hint="Name a later day, or none.")
        author, second, reason = author.strip(), second.strip(), reason.strip()
        review = Review(verdict=verdict, author=author, second=second, reason=reason, at=at, until=until)
        with self._open(create=True) as database, database:
            for campaign in campaigns:
                _insert(database, campaign, review)
        return review

    def withdraw(self, person: str, at: datetime, *, by: str) -> int:
        """Take a verdict back: as if it had never been given, older ones count again.

        Args:
            person: its author, or the second person.
            at: when it was given.
            by: who takes it back.

        Returns:
            How many campaigns it was about.
        """
        if not self.path.exists():
            return 0
        mark = "UPDATE review SET withdrawn = ? WHERE at = ? AND ? IN (author, second) AND withdrawn IS NULL"
        with self._open() as database, database:
            return database.execute(mark, (by, at.isoformat(), person)).rowcount

    def applies(self, campaign: Campaign) -> Review | None:
        """Return the review that stands: it has not ended, and the evidence is still the one that was judged."""
        found = self.recall(campaign)
        return found if found and found.stands else None

    def latest(self, campaign: Campaign) -> Review | None:
        """Return the newest review of this campaign, whether it stands or not; `says` tells what has changed."""
        return next((each.review for each in self._about(campaign)), None)

    def recall(self, campaign: Campaign) -> Review | None:
        """Return what the document shows: the review that stands, or the latest with what has changed since."""
        about = self._about(campaign)
        same = next((each for each in about if each.same_evidence), None)
        newest = same or next(iter(about), None)
        return newest.review if newest else None

    def became(self, person: str, at: datetime) -> "Verdict | Literal['lapsed'] | None":
        """What a verdict is by now, for whoever told others of it.

        Args:
            person: its author, or the second person.
            at: when it was given.

        Returns:
            The verdict that counts for these accounts, which may be a newer one; "lapsed": it has ended or was taken
            back, and none counts; None: no such verdict is remembered here.
        """
        if not self.path.exists():
            return None
        with self._open() as database:
            given = database.execute(_GIVEN, (at.isoformat(), person)).fetchall()
            beside = [row for each in given for row in database.execute(_BESIDE, (each["id"],)).fetchall()]
        if not given:
            return None
        same = [row for row in beside if _jaccard(row, row["of"]) >= SAME_MEMBERS]
        newest = max(same, key=itemgetter("id"), default=None)
        if newest is None or (newest["until"] and datetime.fromisoformat(newest["until"]) <= self._clock()):
            return "lapsed"
        verdict: Verdict = newest["verdict"]
        return verdict

    def _about(self, campaign: Campaign) -> "list[_Remembered]":
        """All reviews about this campaign, newest first."""
        if not self.path.exists():
            return []
        members = _digests(campaign)
        with self._open() as database:
            rows = database.execute(_ABOUT, (json.dumps(sorted(members)),)).fetchall()
        now = self._clock()
        return [_remembered(row, campaign, len(members), now) for row in rows if _jaccard(row, len(members)) >= ABOUT]

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
            self._upgrade(database)

    def _upgrade(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute("BEGIN IMMEDIATE")
            if database.execute("PRAGMA user_version").fetchone()[0] < _VERSION:  # nobody else did meanwhile
                for statement in _SCHEMA:
                    database.execute(statement)


def reviewed(path: Path, store: ReviewStore) -> FindingsDocument:
    """The findings of an earlier scan, with what people have said of them since.

    Raises:
        InputError: there is no such file, or it holds no findings.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        hint = f"`stillwatch scan LOGS -o {path}` writes them."
        raise InputError("There are no findings here.", where=str(path), hint=hint) from None
    return with_reviews(loads(content, where=str(path)), store.recall)


def _insert(database: sqlite3.Connection, campaign: Campaign, review: Review) -> None:
    members = _digests(campaign)
    row = {
        **review.model_dump(include={"verdict", "author", "reason", "second"}),
        "campaign": campaign.id,
        "at": review.at.isoformat(),
        "until": review.until and review.until.isoformat(),
        "bits": campaign.bits,
        "families": json.dumps(sorted(_families(campaign))),
        "size": len(members),
    }
    statement = f"INSERT INTO review ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"  # noqa: S608 — our own names
    cursor = database.execute(statement, row)
    database.executemany("INSERT INTO member VALUES (?, ?)", [(each, cursor.lastrowid) for each in members])


@dataclass(frozen=True)
class _Remembered:
    """A review, and whether the evidence is still the one that was judged."""

    review: Review
    same_evidence: bool


def _remembered(row: sqlite3.Row, campaign: Campaign, size: int, now: datetime) -> _Remembered:
    changes = _changes(row, campaign, size)
    until = datetime.fromisoformat(row["until"]) if row["until"] else None
    ended = until is not None and until <= now
    says = [f"It held until {day(until)}."] if until and ended else []
    says += [f"Since then {' and '.join(changes)}."] if changes else []
    review = Review(
        verdict=row["verdict"],
        author=row["author"],
        second=row["second"],
        reason=row["reason"],
        at=datetime.fromisoformat(row["at"]),
        until=until,
        stands=not changes and not ended,
        says=" ".join(says),
    )
    return _Remembered(review, same_evidence=not changes)


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
