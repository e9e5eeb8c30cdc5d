"""What has still to be sent, and what was told already: one SQLite file beside the watch's journal.

    outbox = Outbox(folder / "notices.sqlite")
    outbox.put(document, waiting, channels, now)     # what is news becomes notices, in one transaction
    outbox.oldest("mail")                            # (number, notice), or None
    outbox.forget(number)                            # it was taken

A notice is forgotten after it was taken: a process that ends in between sends it again when it comes back.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stillwatch.errors import ConfigError
from stillwatch.reports.document import FindingsDocument
from stillwatch.response.model import Decision
from stillwatch.watch.notify import memory
from stillwatch.watch.notify.channel import Channel

MOST = 1000  # notices of a channel that are kept; of more, the oldest are dropped

_WAIT_SECONDS = 1.0  # for somebody else who writes; there should be nobody
_APPLICATION = 0x57A7C6  # tells our files from other programs' databases
_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
{memory.SCHEMA}
CREATE TABLE notice (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX notice_channel ON notice (channel, number);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class Outbox:
    """The file, for the threads of one process.

    Every method raises `sqlite3.Error` where the file cannot be used; nothing is half done then.

    Raises:
        ConfigError: it is no outbox, is another version's, or cannot be made or read.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
            _prepare(self._database, path)
        except (OSError, sqlite3.Error) as error:
            says = getattr(error, "strerror", None) or error
            hint = "Move it away: what was told is then told again."
            raise ConfigError(f"The notices cannot be kept here ({says}).", where=str(path), hint=hint) from None

    def put(
        self, document: FindingsDocument, waiting: Sequence[Decision], channels: Iterable[Channel], now: float
    ) -> dict[str, int]:
        """What nobody was told yet becomes notices.

        Returns:
            By channel, how many old notices had to go for want of room.
        """
        with self._transaction() as database:
            news = memory.recall(database, document, waiting, now)
            for channel in channels:
                rows = [(channel.name, body) for body in channel.write(news)]
                database.executemany("INSERT INTO notice (channel, body) VALUES (?, ?)", rows)
            return {channel.name: _dropped(database, channel.name) for channel in channels}

    def oldest(self, channel: str) -> tuple[int, str] | None:
        """The notice that is next, with its number."""
        asked = "SELECT number, body FROM notice WHERE channel = ? ORDER BY number LIMIT 1"
        with self._lock:
            row: tuple[int, str] | None = self._database.execute(asked, (channel,)).fetchone()
        return row

    def forget(self, number: int) -> None:
        """It was taken, or never will be."""
        with self._transaction() as database:
            database.execute("DELETE FROM notice WHERE number = ?", (number,))

    def waiting(self, channel: str) -> int:
        """How many notices have still to be sent."""
        with self._lock:
            asked = "SELECT COUNT(*) FROM notice WHERE channel = ?"
            return int(self._database.execute(asked, (channel,)).fetchone()[0])

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.rollback()
                raise


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    version, application = (database.execute(f"PRAGMA {p}").fetchone()[0] for p in ("user_version", "application_id"))
    empty = not database.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]
    if not empty and (application, version) != (_APPLICATION, _VERSION):
        hint = "Move it away: what was told is then told again."
        raise ConfigError("This is no file of notices, or another version's.", where=str(path), hint=hint)
    database.execute("PRAGMA foreign_keys = ON")
    if empty:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_SCHEMA)


def _dropped(database: sqlite3.Connection, channel: str) -> int:
    gone = (
        "DELETE FROM notice WHERE channel = :channel AND number <= (SELECT number FROM notice WHERE channel = :channel"
        " ORDER BY number DESC LIMIT 1 OFFSET :most)"
    )
    return database.execute(gone, {"channel": channel, "most": MOST}).rowcount
