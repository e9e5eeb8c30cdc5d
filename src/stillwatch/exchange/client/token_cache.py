"""Tokens between runs, so that a value is asked for once: by a keyed digest, never by the value.

See `exchange.tokens.client.TokenCache`, which this is.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from stillwatch.exchange.tokens.classes import TokenClass

SCHEMA = """
CREATE TABLE token_key (
    class TEXT NOT NULL,
    epoch TEXT NOT NULL,
    public BLOB NOT NULL,    -- the one first seen
    PRIMARY KEY (class, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE token (
    class TEXT NOT NULL,
    epoch TEXT NOT NULL,
    digest TEXT NOT NULL,    -- hexadecimal
    token TEXT NOT NULL,
    PRIMARY KEY (class, epoch, digest)
) STRICT, WITHOUT ROWID;
"""


class StateTokenCache:
    """The member's tokens, in its state."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._transaction = transaction

    def public_key(self, klass: TokenClass, epoch: str) -> bytes | None:
        """The key first seen for a class and epoch."""
        with self._transaction() as database:
            asked = "SELECT public FROM token_key WHERE class = ? AND epoch = ?"
            row = database.execute(asked, (klass, epoch)).fetchone()
        return row["public"] if row else None

    def remember_key(self, klass: TokenClass, epoch: str, public_key: bytes) -> None:
        """Keeps the key first seen."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO token_key VALUES (?, ?, ?)", (klass, epoch, public_key))

    def tokens(self, klass: TokenClass, epoch: str, digests: Sequence[bytes]) -> Mapping[bytes, str]:
        """The tokens that are known, by digest."""
        asked = (
            "SELECT digest, token FROM token"
            " WHERE class = ? AND epoch = ? AND digest IN (SELECT value FROM json_each(?))"
        )
        with self._transaction() as database:
            rows = database.execute(asked, (klass, epoch, json.dumps([d.hex() for d in digests]))).fetchall()
        return {bytes.fromhex(row["digest"]): row["token"] for row in rows}

    def remember(self, klass: TokenClass, epoch: str, tokens: Mapping[bytes, str]) -> None:
        """Keeps tokens, by digest."""
        rows = [(klass, epoch, digest.hex(), token) for digest, token in tokens.items()]
        with self._transaction() as database:
            database.executemany("INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)", rows)
