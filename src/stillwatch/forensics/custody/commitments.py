"""Commitments to keys before anybody saw what was marked with them: a Merkle root over their records, and proofs.

    head = commit(records, now)                  # publish it, or have it time-stamped (`timestamps`)
    proof = prove(record, records)
    check(head, record, proof)                   # raises TrustError

The tree is that of RFC 6962 (`stillwatch.merkle`). A leaf is a record's canonical JSON, which itself commits to its
key: the root tells nothing about keys or campaigns, and a proof shows one record without the others.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stillwatch.errors import ConfigError, InputError, TrustError
from stillwatch.forensics.custody.keys import Record
from stillwatch.forensics.plan import Digest
from stillwatch.merkle import leaf_hash, leaf_hashes, root_of, split, verify_inclusion
from stillwatch.signing import canonical
from stillwatch.writing import write_whole


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(_Part):
    """What is published and time-stamped: nothing in it can be changed later without being seen."""

    version: Literal["1"] = "1"
    made: AwareDatetime
    size: int = Field(ge=1)
    root: Digest

    @property
    def text(self) -> bytes:
        """Its canonical JSON: the bytes that are time-stamped."""
        return canonical(self.model_dump(mode="json"))


class Proof(_Part):
    """That a record stands at an index of the tree."""

    index: int = Field(ge=0)
    path: tuple[Digest, ...]


def commit(records: Sequence[Record], now: datetime) -> Head:
    """The root over records, in their order.

    Raises:
        ConfigError: there are none.
    """
    if not records:
        raise ConfigError("There are no keys to commit to.", hint="`stillwatch probe keys make` makes them.")
    return Head(made=now, size=len(records), root=root_of(leaf_hashes(each.leaf for each in records)).hex())


def prove(record: Record, records: Sequence[Record]) -> Proof:
    """The proof that a record is among those that were committed to (RFC 9162, section 2.1.3.1)."""
    hashes = leaf_hashes(each.leaf for each in records)
    index = hashes.index(leaf_hash(record.leaf))
    return Proof(index=index, path=tuple(step.hex() for step in _path(index, hashes)))


def check(head: Head, record: Record, proof: Proof) -> None:
    """Checks that a record is among those that a head commits to.

    Raises:
        TrustError: it is not.
    """
    path = [bytes.fromhex(step) for step in proof.path]
    try:
        verify_inclusion(leaf_hash(record.leaf), proof.index, head.size, path, bytes.fromhex(head.root))
    except TrustError as error:
        raise TrustError("The record of the key is not the one that was committed to.", where=record.id) from error


def _path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    middle = split(len(hashes))
    if index < middle:
        return [*_path(index, hashes[:middle]), root_of(hashes[middle:])]
    return [*_path(index - middle, hashes[middle:]), root_of(hashes[:middle])]


class Commitments:
    """The heads that were made of a keyring: `commitments/<root>.json`, with a time-stamp beside it where there is one.

    A head covers the first `size` records in the order in which keys were made, so nothing else is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "commitments"

    def add(self, head: Head) -> Head:
        """Keeps a head; the file's bytes are those that are time-stamped.

        Returns:
            The head that is kept: of the same records the first one, whose time and time-stamp must not be lost.

        Raises:
            InputError: the one that is there cannot be read.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.path(head)
        if path.is_file():
            return read_head(path.read_bytes(), str(path))
        write_whole(path, head.text)
        return head

    def path(self, head: Head) -> Path:
        """Where a head is kept; `.with_suffix(".tsr")` is its time-stamp."""
        return self.folder / f"{head.root[:16]}.json"

    def heads(self) -> tuple[Head, ...]:
        """All heads, the oldest first.

        Raises:
            InputError: one cannot be read.
        """
        found = (read_head(path.read_bytes(), str(path)) for path in self.folder.glob("*.json"))
        return tuple(sorted(found, key=lambda each: (each.made, each.size)))

    def covering(self, ids: Sequence[str], records: Sequence[Record]) -> Head | None:
        """The oldest head over all these keys; None if there is none.

        Raises:
            TrustError: the records are not those that a head commits to: one was changed, taken away or put in.
        """
        places = {each.id: place for place, each in enumerate(records)}
        if any(each not in places for each in ids):
            return None
        least = max((places[each] for each in ids), default=-1) + 1
        head = next((each for each in self.heads() if each.size >= least), None)
        if head and commit(records[: head.size], head.made) != head:
            raise TrustError(
                "The records of the keys are not those that were committed to.", where=str(self.path(head))
            )
        return head


def read_head(content: bytes, where: str) -> Head:
    """A head from its file.

    Raises:
        InputError: it is none.
    """
    try:
        return Head.model_validate_json(content)
    except ValidationError as error:
        raise InputError("This is no commitment to keys.", where=where) from error
