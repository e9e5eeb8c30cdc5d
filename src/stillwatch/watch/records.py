"""One file of the journal: records one behind the other, each whole or not at all.

    file.write(MAGIC + framed(record))
    for record in read(path): ...              # every record, checked
    heads, sound = glance(path)                # heads alone, and where the last whole record ends

A record is a frame (CRC-32 of the two lengths, the lengths, BLAKE2b-128 of what follows), a head in JSON and profiles
(`profiles.wire`). What a killed writer leaves behind the last whole record was promised to nobody and is no record.
Anything else that does not fit its checksum is damage, and is said.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from stillwatch.errors import InputError
from stillwatch.watch.model import Position

MAGIC = b"stillwatch journal 1\n"
_LENGTHS, _FRAME = struct.Struct("<II"), struct.Struct("<III16s")


class Head(msgspec.Struct, frozen=True):
    """What a record is about.

    Attributes:
        number: 1, 2, 3, ... over all files, in the order of writing; of merged records the last.
        accounts: how many profiles there are.
        merged: how many records this one was made of.
        positions: by source, the number of the record that brought it there, and where it is.
    """

    number: int
    accounts: int
    merged: int
    positions: dict[str, tuple[int, Position]]


class Record(NamedTuple):
    """A head and the profiles, as bytes."""

    head: Head
    profiles: bytes


class _Frame(NamedTuple):
    head: int
    body: int
    digest: bytes


def framed(record: Record) -> bytes:
    """As it stands in the file."""
    head = msgspec.json.encode(record.head)
    lengths = _LENGTHS.pack(len(head), len(record.profiles))
    frame = _FRAME.pack(zlib.crc32(lengths), len(head), len(record.profiles), _digest(head, record.profiles))
    return b"".join((frame, head, record.profiles))


def read(path: Path) -> Iterator[Record]:
    """The records of a file in their order; ends at a torn one.

    Raises:
        InputError: the file is damaged, or no journal.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        begun = _begin(file, path)
        while begun and (record := _record(file, path)):
            yield record


def glance(path: Path) -> tuple[list[Head], int]:
    """The heads of a file, and how many bytes are sound; of the records' checksums only the last is looked at.

    Raises:
        InputError: the file is damaged, or no journal.
        OSError: it cannot be read.
    """
    heads, last = [], 0
    with path.open("rb") as file:
        if not _begin(file, path):
            return [], 0
        size, at = os.fstat(file.fileno()).st_size, file.tell()
        while (frame := _frame(file, path)) and file.tell() + frame.head + frame.body <= size:
            head = _head(file.read(frame.head), file, path)
            if head is None:
                break
            heads.append(head)
            last, at = at, file.seek(frame.body, os.SEEK_CUR)
        file.seek(last)
        if heads and _record(file, path) is None:  # the machine went down before it was on the disk
            return heads[:-1], last
    return heads, at


def _digest(head: bytes, body: bytes) -> bytes:
    digest = blake2b(head, digest_size=16)
    digest.update(body)
    return digest.digest()


def _begin(file: BinaryIO, path: Path) -> bool:
    """Goes behind the first line; False where a killed writer did not finish it."""
    found = file.read(len(MAGIC))
    if found == MAGIC:
        return True
    if MAGIC.startswith(found.rstrip(b"\0")) and not any(file.read()):
        return False
    hint = "Move it away; it was written by another version, or by something else."
    raise InputError("This is no journal of a watch.", where=str(path), hint=hint)


def _frame(file: BinaryIO, path: Path) -> _Frame | None:
    """The next frame; None at the end, and where a killed writer stopped."""
    content = file.read(_FRAME.size)
    if len(content) < _FRAME.size:
        return None
    check, head, body, digest = _FRAME.unpack(content)
    if check == zlib.crc32(_LENGTHS.pack(head, body)):
        return _Frame(head, body, digest)
    _check_torn(file, path)
    return None


def _record(file: BinaryIO, path: Path) -> Record | None:
    frame = _frame(file, path)
    if frame is None:
        return None
    content, body = file.read(frame.head), file.read(frame.body)
    if _digest(content, body) != frame.digest:
        _check_torn(file, path)
        return None
    head = _head(content, file, path)
    return Record(head, body) if head else None


def _head(content: bytes, file: BinaryIO, path: Path) -> Head | None:
    try:
        return msgspec.json.decode(content, type=Head)
    except msgspec.MsgspecError:
        _check_torn(file, path)
        return None


def _check_torn(file: BinaryIO, path: Path) -> None:
    """What does not fit is the last that was written, torn, if nothing but reserved space (zeros) comes behind it.

    Raises:
        InputError: something does: the file is damaged.
    """
    if any(file.read()):
        hint = "Move it away, and the watch starts without that day's requests."
        raise InputError("The journal is damaged here.", where=str(path), hint=hint)
