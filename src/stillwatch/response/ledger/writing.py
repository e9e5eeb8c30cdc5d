"""One transaction of a ledger: what it adds, all of it or nothing.

Who writes holds the head, so that writers wait for each other and no two entries follow the same one.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection, delete, insert, select, update

from stillwatch.response.ledger import reading
from stillwatch.response.ledger.chain import BEGINNING, linked
from stillwatch.response.ledger.entries import Body, Founded
from stillwatch.response.ledger.picture import Picture
from stillwatch.response.ledger.tables import entry, head, words

_SALT_BYTES = 16
VERSION = 1  # of a ledger's form


@dataclass
class Writing:
    """An open transaction, at one time."""

    connection: Connection
    now: datetime
    last: tuple[int, bytes]

    @classmethod
    def begun(cls, connection: Connection, now: datetime) -> Self:
        """Waits until nobody else writes."""
        row = connection.execute(select(head.c.number, head.c.hash).with_for_update()).one()
        return cls(connection, now, (row.number, bytes(row.hash)))

    @classmethod
    def founding(cls, connection: Connection, now: datetime) -> None:
        """The first entry of a ledger whose tables were just made."""
        connection.execute(insert(head).values(one=1, number=0, hash=BEGINNING))
        cls(connection, now, (0, BEGINNING)).add([Founded(secrets.token_hex(16), VERSION)])

    def add(self, bodies: Iterable[Body]) -> None:
        """Adds entries to the chain.

        Raises:
            InputError: one of them cannot be written down.
        """
        entries = list(linked(bodies, self.last, self.now))
        if entries:
            self.last = entries[-1].number, entries[-1].hash
            self.connection.execute(insert(entry), [vars(each) for each in entries])
            self.connection.execute(update(head).values(number=self.last[0], hash=self.last[1]))

    def picture(self, *, whose: Collection[str] | None = None, about: Collection[str] | None = None) -> Picture:
        """What stands at this moment; see `reading.picture_of`."""
        return reading.picture_of(self.connection, self.now, whose=whose, about=about)

    def unknown(self, ids: Collection[str]) -> list[str]:
        """Those of which the ledger has no entry."""
        known = reading.known(self.connection, ids)
        return [id_ for id_ in ids if id_ not in known]

    def keep(self, text: str) -> str:
        """Keeps words beside the entry that is added next; returns their seal, which the entry is to bear."""
        salt = secrets.token_bytes(_SALT_BYTES)
        self.connection.execute(insert(words).values(entry=self.last[0] + 1, salt=salt, text=text))
        return seal(salt, text)

    def erase(self, numbers: Collection[int]) -> None:
        """Erases the words of entries; the entries stay."""
        self.connection.execute(delete(words).where(words.c.entry.in_(numbers)))


def seal(salt: bytes, text: str) -> str:
    """What the chain has of words: once salt and words are erased, no guess at them can be checked."""
    return hashlib.sha256(salt + text.encode()).hexdigest()
