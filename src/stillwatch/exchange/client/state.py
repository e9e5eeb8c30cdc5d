"""The member's own file: one SQLite database, readable by its owner only.

    with State.open(Path("exchange.sqlite")) as state:
        state.mirror.take(...)         # what others say, and the checkpoint with it
        state.indicators(now)          # what of it a scan may use
        state.outbox.draft(...)        # what we would say, who drafted and who approved it, what was sent
        state.token_cache              # tokens by a keyed digest, never by value

Every change is one transaction that is on the disk when it returns: a process that is killed at any point leaves the
file as it was before or as it is after. Two processes may use it at once; the second waits.
"""

import json
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.exchange.client import mirror, outbox, token_cache
from stillwatch.exchange.client.mirror import Mirror
from stillwatch.exchange.client.outbox import Outbox
from stillwatch.exchange.client.standing import standing
from stillwatch.exchange.client.token_cache import StateTokenCache

_WAIT_SECONDS = 30.0  # for another process that writes
_APPLICATION = 0x57A7C5  # tells our files from other programs' databases
_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
{mirror.SCHEMA}
{outbox.SCHEMA}
{token_cache.SCHEMA}
CREATE TABLE document (
    name TEXT PRIMARY KEY,   -- a root's contributors, its key directory, the head of its log
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class State:
    """What a member knows and has said; see the module.

    Every method raises StillwatchError if the file is locked, read-only, full, damaged or of a later version.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path, self._database = path, database
        self.mirror = Mirror(self.transaction)
        self.outbox = Outbox(self.transaction)
        self.token_cache = StateTokenCache(self.transaction)

    @classmethod
    def open(cls, path: Path, *, wait: float = _WAIT_SECONDS, any_thread: bool = False) -> Self:
        """Opens the file, and makes it where it is not.

        Args:
            path: the file.
            wait: seconds for another process that writes.
            any_thread: it is used by several threads, one at a time.

        Raises:
            ConfigError: others than its owner may read it, or its folder cannot be made.
        """
        with _told(path):
            _prepare_file(path)
            database = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=not any_thread)
            database.row_factory = sqlite3.Row
            _prepare(database, path)
        return cls(path, database)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One change: wholly or not at all. Within one, another joins it."""
        if self._database.in_transaction:
            yield self._database
            return
        with _told(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @property
    def version(self) -> int:
        """Another number as soon as somebody else has changed the file; tells nothing to any other open state."""
        with _told(self.path):
            found: int = self._database.execute("PRAGMA data_version").fetchone()[0]
        return found

    def indicators(self, now: datetime | None) -> list[dict[str, Any]]:
        """The indicators of others that are in force: valid, newest, not withdrawn, not set aside.

        Args:
            now: None: also those that have ended or begin later.

        Returns:
            STIX objects; what is known of who says it stands beside, as `x_stillwatch_standing`: `root`, `publisher`,
            `assurance` (signed, logged, unsigned), `standing` (admitted, quarantined, suspended, unknown), `weight`
            (0 to 1, of that publisher for that kind of signature), `state` (reported, confirmed, disputed, ...),
            `sources`, `disputes`, `automatic`.
        """
        own = {each.object["id"] for each in self.outbox.said()}
        others = [each for each in self.mirror.in_force(now) if each.object["id"] not in own]
        told = {root: json.loads(self.document(f"contributors {root}") or "{}") for root in {o.root for o in others}}
        known = {root: {each["id"]: each for each in said.get("contributors", [])} for root, said in told.items()}
        return [
            each.object | {"x_stillwatch_standing": standing(each, known[each.root], told[each.root])}
            for each in others
        ]

    def document(self, name: str) -> str | None:
        """A document that was remembered."""
        with self.transaction() as database:
            row = database.execute("SELECT body FROM document WHERE name = ?", (name,)).fetchone()
        return row["body"] if row else None

    def remember(self, name: str, body: str) -> None:
        """Remembers a document in place of what had its name."""
        with self.transaction() as database:
            database.execute("INSERT OR REPLACE INTO document VALUES (?, ?)", (name, body))

    def secret(self, name: str) -> bytes:
        """32 random bytes that never leave this file, the same for the same name."""
        with self.transaction() as database:
            database.execute("INSERT OR IGNORE INTO secret VALUES (?, ?)", (name, secrets.token_bytes(32)))
            value: bytes = database.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()["value"]
        return value


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        hint = "Check that it is a state file, that nobody else holds it, and that the disk has room."
        raise StillwatchError(f"The state cannot be used: {error}.", where=str(path), hint=hint) from error


def _prepare_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigError(f"The state cannot be opened ({error.strerror}).", where=str(path)) from None
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError("Others than its owner may use the state.", where=str(path), hint=f"chmod 600 {path}")


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    found = database.execute("PRAGMA user_version").fetchone()[0]
    ours = database.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION
    if not ours and database.execute("SELECT 1 FROM sqlite_master").fetchone():
        hint = "Name another file as exchange.state."
        raise StillwatchError("This is another program's database.", where=str(path), hint=hint)
    if found > _VERSION:
        hint = "Use the stillwatch that wrote it, or a later one."
        raise StillwatchError(f"The state is of version {found}, this reads {_VERSION}.", where=str(path), hint=hint)
    if found < _VERSION:
        _make(database)


def _make(database: sqlite3.Connection) -> None:
    """Makes the tables, unless another process has just done so."""
    try:
        database.executescript(_SCHEMA)
    except sqlite3.OperationalError:
        if database.in_transaction:
            database.execute("ROLLBACK")
        if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            raise
