"""The lines of the log: that something was published, withdrawn or enrolled, without telling what to whom.

All members of a root see all lines. A line is a commitment: whoever may read the object gets its salt and its receipt
beside the signatures, and can then show that this object, by this publisher, stands in the log. Without the salt a line
tells nothing, not even to somebody who guesses the object.

    entry       {"action", "commitment", "time"}                               in the log, for all members of the root
    opening     {"action", "collection", "group", "object", "publisher"}       what the commitment is about
    commitment  SHA-256(salt ‖ canonical opening), hexadecimal
    receipt     the entry, what of the opening the object does not say, and the exchange's signature of the entry:
                its promise that the line stands in the log
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from stillwatch.errors import TrustError
from stillwatch.exchange.model import Action, LogEntry
from stillwatch.signing import (
    SIGNATURE_BYTES,
    SigningKey,
    canonical,
    from_base64,
    to_base64,
    verify_bytes,
)

SALT_BYTES = 16
MINUTE = 60_000_000  # microseconds
MAX_ENTRY_BYTES = 2**16 - 1  # a bundle gives the length of an entry in two bytes


@dataclass(frozen=True)
class Opening:
    """What a commitment is about."""

    action: Action
    object: str  # SHA-256 of the object's canonical JSON, hexadecimal
    publisher: str  # the member's STIX identity
    collection: str  # its id
    group: str  # who could read the collection then: `snapshot`

    def commitment(self, salt: bytes) -> str:
        """The commitment under a salt."""
        opening = {name: getattr(self, name) for name in ("action", "collection", "group", "object", "publisher")}
        return hashlib.sha256(salt + canonical(opening)).hexdigest()


def committed(opening: Opening, *, now: int, id: str | None = None, version: str | None = None) -> LogEntry:  # noqa: A002
    """A line for the log under a new salt.

    Args:
        opening: what it is about.
        now: microseconds since 1970; the line shows the minute, which says less of who works when.
        id: the object's, so that the salt is found beside it.
        version: the object's.
    """
    salt = secrets.token_bytes(SALT_BYTES)
    entry = canonical(
        {"action": opening.action, "commitment": opening.commitment(salt), "time": _minute(now // MINUTE)}
    )
    return LogEntry(entry, salt, id, version)


@dataclass(frozen=True)
class Receipt:
    """The exchange's promise that a line stands in the log, and what of its opening the object does not say."""

    entry: bytes
    publisher: str
    group: str
    key_id: str  # of the exchange's key
    signature: bytes  # of the entry

    @classmethod
    def of(cls, line: LogEntry, opening: Opening, key: SigningKey) -> "Receipt":
        """The receipt for a new line."""
        return cls(line.entry, opening.publisher, opening.group, key.key_id, key.sign(line.entry))

    @classmethod
    def parse(cls, value: object) -> "Receipt":
        """Reads a receipt as the signatures resource serves it.

        Raises:
            TrustError: it is none.
        """
        match value:
            case {
                "entry": dict(entry),
                "publisher": str(by),
                "group": str(group),
                "key_id": str(key),
                "signature": sig,
            }:
                return cls(canonical(entry), by, group, key, from_base64(sig, length=SIGNATURE_BYTES))
            case _:
                raise TrustError("It is no receipt.")

    @property
    def body(self) -> bytes:
        """As it is stored and served: canonical JSON."""
        said = {
            "group": self.group,
            "key_id": self.key_id,
            "publisher": self.publisher,
            "signature": to_base64(self.signature),
        }
        return b'{"entry":' + self.entry + b"," + canonical(said)[1:]  # the entry is canonical, and its name the first

    def check(self, value: object, *, collection: str, salt: bytes, public: bytes) -> None:
        """Checks that the exchange has promised to log this object: `tree.leaf_hash(entry)` must stand in the log.

        Args:
            value: the object, as it was served.
            collection: the id of its collection.
            salt: of the line.
            public: the exchange's key.

        Raises:
            TrustError: the receipt is of another object, publisher or collection, or not signed by the exchange.
        """
        said = read(self.entry)
        opening = Opening("add", object_hash(canonical(value)), self.publisher, collection, self.group)
        if said["action"] != "add" or said["commitment"] != opening.commitment(salt):
            raise TrustError("The receipt is of another object.")
        verify_bytes(public, self.entry, self.signature)


@lru_cache(maxsize=8)
def _minute(minutes: int) -> str:
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M:00Z")


def object_hash(canonical_form: bytes) -> str:
    """The hash by which a line means an object: SHA-256 of its canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical_form).hexdigest()


def snapshot(readers: Iterable[str], key: SigningKey) -> str:
    """A name for who can read a collection at a moment.

    It tells nobody but the exchange who they are, and the exchange can show an auditor that it is this list.

    Args:
        readers: their STIX identities.
        key: the exchange's.
    """
    return hmac.new(key.secret("group"), canonical(sorted(readers)), hashlib.sha256).hexdigest()


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as a C2SP entry bundle: each behind its length in two bytes.

    Raises:
        TrustError: an entry is longer than a bundle can hold.
    """
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TrustError(f"An entry of the log has at most {MAX_ENTRY_BYTES} bytes.")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def unbundled(raw: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        TrustError: it is cut short.
    """
    entries, place = [], 0
    while place < len(raw):
        start = place + 2
        place = start + int.from_bytes(raw[place:start], "big")
        if start > len(raw) or place > len(raw):
            raise TrustError("A bundle of log entries is cut short.")
        entries.append(raw[start:place])
    return entries


def read(entry: bytes) -> dict[str, Any]:
    """The parts of a line.

    Raises:
        TrustError: it is no line of this log.
    """
    try:
        line = json.loads(entry)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict) or set(line) != {"action", "commitment", "time"}:
        raise TrustError("An entry of the log is {action, commitment, time}.")
    return line
