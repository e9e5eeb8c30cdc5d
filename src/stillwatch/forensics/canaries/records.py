"""What was planted, line by line in a file that only grows: a slot's hash, the key, its campaign, the time.

    records = Records(Path("canaries.jsonl"))
    records.add(planted.slots, key, now)           # before the answer leaves
    exposed = read(Path("canaries.jsonl"))
    exposed.slots["k-0123456789ab"]                # what its campaign was shown
    exposed.root                                   # over all lines: what is published

No prompt, no answer, no customer: a line has the leaf hash (RFC 6962) of a slot's id. The record of a key says its
epoch. Several processes write one file: each adds its lines in one piece at the end.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from stillwatch.errors import InputError
from stillwatch.forensics.model import Key
from stillwatch.merkle import leaf_hash, root_of

_REMEMBERED = 1 << 16  # slots that are not written again by the process that has just written them


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    leaf: str
    key: str
    campaign: str
    at: datetime


_decoder = msgspec.json.Decoder(_Line)


class Records:
    """A file of records that is written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: dict[tuple[bytes, str], None] = {}

    def add(self, slots: Iterable[bytes], key: Key, now: datetime) -> None:
        """Adds slots that an answer shows, unless they were added lately.

        Raises:
            OSError: they cannot be written down; then the answer must not show them.
        """
        fresh = [slot for slot in slots if (slot, key.id) not in self._written]
        if not fresh:
            return
        at = now.astimezone(UTC).replace(microsecond=0)
        lines = [msgspec.json.encode(_Line(leaf_hash(slot).hex(), key.id, key.campaign, at)) + b"\n" for slot in fresh]
        self._append(b"".join(lines))
        self._written |= dict.fromkeys((slot, key.id) for slot in fresh)
        if len(self._written) > _REMEMBERED:
            self._written.clear()  # several threads may add: one by one they would get in each other's way

    def _append(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(file).st_size
            torn = size and os.pread(file, 1, size - 1) != b"\n"  # whoever wrote it died: it stays a line of its own
            content = b"\n" + content if torn else content
            if os.write(file, content) != len(content):
                raise OSError("The disk is full.")
        finally:
            os.close(file)


@dataclass(frozen=True)
class Exposed:
    """What was planted so far.

    Attributes:
        slots: by key, the leaf hashes of what its campaign was shown.
        first: by key, when that began.
        root: Merkle root over all lines, 32 bytes.
        lines: how many there are.
        torn: lines that were broken off.
    """

    slots: Mapping[str, frozenset[bytes]]
    first: Mapping[str, datetime]
    root: bytes
    lines: int
    torn: int


def read(path: Path) -> Exposed:
    """Reads a file of records.

    Raises:
        InputError: it cannot be read, or it holds no record at all.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"The records cannot be read ({error.strerror}).", where=str(path)) from None
    slots: dict[str, set[bytes]] = {}
    first: dict[str, datetime] = {}
    whole = []
    for line in lines:
        try:
            record = _decoder.decode(line)
            slots.setdefault(record.key, set()).add(bytes.fromhex(record.leaf))
        except (msgspec.MsgspecError, ValueError):
            continue
        first[record.key] = min(record.at, first.get(record.key, record.at))
        whole.append(leaf_hash(line))
    if lines and not whole:
        raise InputError("The file holds no record of choices.", where=str(path))
    shown = {key: frozenset(leaves) for key, leaves in slots.items()}
    return Exposed(shown, first, root_of(whole), len(whole), len(lines) - len(whole))
