"""The chain: the hash of an entry is over the entry and the hash before it, so that none can be changed alone.

    hash = SHA-256(previous ‖ {"body":…,"kind":…,"number":…,"time":…})        canonical JSON; `previous` 32 bytes

Whoever can write to the database could write a whole other chain; a checkpoint that was kept elsewhere shows it
(`verification`).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NoReturn

import msgspec

from stillwatch.errors import TrustError
from stillwatch.response.ledger.entries import Body, found_by, read, written

BEGINNING = bytes(32)
_FIRST_LINE = "stillwatch ledger "
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Head(NamedTuple):
    """The last entry: its number (from 1) and its hash (hexadecimal)."""

    number: int
    hash: str


@dataclass(frozen=True)
class Entry:
    """One entry as it is kept.

    Attributes:
        number: from 1 on, without a gap.
        time: when it was written, microseconds since 1970.
        kind: the kind of its body.
        text: the body's canonical JSON.
        previous: the hash of the entry before.
        hash: over all of the above.
        about, whose, until: of the body, to be found by.
    """

    number: int
    time: int
    kind: str
    text: str
    previous: bytes
    hash: bytes
    about: str
    whose: str
    until: int | None

    @property
    def body(self) -> Body:
        """What it says; see `body_of`."""
        return body_of(self.number, self.kind, self.text)

    @property
    def at(self) -> datetime:
        """When it was written."""
        return _EPOCH + self.time * _MICROSECOND


def body_of(number: int, kind: str, text: str) -> Body:
    """What an entry says.

    Raises:
        TrustError: it cannot be read, so it is not what was written.
    """
    try:
        return read(kind, text)
    except (ValueError, LookupError, TypeError, msgspec.MsgspecError):
        broken(number, "cannot be read")


def microseconds(moment: datetime) -> int:
    """Since 1970; a moment without a zone is a programmer's mistake."""
    return (moment - _EPOCH) // _MICROSECOND


def sealed(number: int, time: int, kind: str, text: str, previous: bytes) -> bytes:
    """The hash of an entry. Keys in order and a body that is canonical: the whole is canonical."""
    whole = f'{{"body":{text},"kind":"{kind}","number":{number},"time":{time}}}'
    return hashlib.sha256(previous + whole.encode()).digest()


def linked(bodies: Iterable[Body], after: tuple[int, bytes], now: datetime) -> Iterator[Entry]:
    """Entries for bodies, one after the other.

    Args:
        bodies: what they say.
        after: number and hash of the entry before.
        now: when.
    """
    (last, previous), time = after, microseconds(now)
    for number, body in enumerate(bodies, last + 1):
        text = written(body)
        digest = sealed(number, time, body.kind, text, previous)
        yield Entry(number, time, body.kind, text, previous, digest, *_found_by(body))
        previous = digest


def _found_by(body: Body) -> tuple[str, str, int | None]:
    about, whose, until = found_by(body)
    return about, whose, None if until is None else microseconds(until)


def checked(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same entries, as long as they are a chain from the beginning on.

    Raises:
        TrustError: the first that is altered, missing, added or out of its place.
    """
    previous = BEGINNING
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            broken(number, "is missing")
        if entry.previous != previous:
            broken(number, "does not follow from the one before it")
        if sealed(entry.number, entry.time, entry.kind, entry.text, previous) != entry.hash:
            broken(number, "was altered")
        if _found_by(entry.body) != (entry.about, entry.whose, entry.until):
            broken(number, "is not found by what it says")
        previous = entry.hash
        yield entry


def broken(number: int, how: str) -> NoReturn:
    """Says that the chain does not hold.

    Raises:
        TrustError: always.
    """
    hint = "Nothing from here on can be relied on: compare it with a backup."
    raise TrustError(f"Entry {number} of the ledger {how}.", where="ledger", hint=hint)
