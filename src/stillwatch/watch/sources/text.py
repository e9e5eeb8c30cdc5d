"""A log of lines, read from any place on, in stretches that end where a record ends.

    text = Text(file)
    text.forward(offset)                       # False where the file ends before
    for stretch in text.stretches(record_end, whole=False): ...
    text.at, text.mark                         # behind it: bytes, unpacked, and a digest of the last ones before

The mark tells whether a file still is what was read: one that was emptied, replaced or copied elsewhere.
"""

import os
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np

from stillwatch.traffic.jsonl import BLOCK, LINE_LIMIT
from stillwatch.traffic.streams import Stream, unreadable

TAIL = 1024  # bytes that a mark is made of
_PIECE = 1 << 20

End = Callable[[bytes], int]


def line_end(content: bytes) -> int:
    """How many bytes are whole lines."""
    return content.rfind(b"\n") + 1


def record_end(content: bytes) -> int:
    """How many bytes are whole records of a CSV file: up to a line's end that stands in no quotes."""
    characters = np.frombuffer(content, np.uint8)
    quoted = np.cumsum(characters == ord('"')) % 2 == 1
    ends = np.flatnonzero((characters == ord("\n")) & ~quoted)
    return int(ends[-1]) + 1 if len(ends) else 0


class Text:
    """The unpacked bytes of a log.

    Attributes:
        at: how far it was read.

    Raises:
        InputError: the file cannot be opened.
    """

    def __init__(self, file: str) -> None:
        self.at, self._tail = 0, b""
        self._stream = Stream(file)
        self._plain: BinaryIO | None = None
        try:
            if not self._stream.compressed:
                self._plain = Path(file).open("rb")  # noqa: SIM115 — close() does
        except OSError as error:
            raise unreadable(file, error) from error
        finally:
            if not self._stream.compressed:
                self._stream.close()

    @property
    def mark(self) -> str:
        """A digest of the bytes right before `at`."""
        return blake2b(self._tail, digest_size=8).hexdigest()

    @property
    def damaged(self) -> bool:
        """A compressed file is cut off or broken here."""
        return self._stream.damage is not None

    def forward(self, offset: int) -> bool:
        """Go on to a place behind `at`; False where the file ends before it.

        Raises:
            InputError: the file cannot be read.
        """
        if self._plain and offset <= os.fstat(self._plain.fileno()).st_size:
            start = max(self.at, offset - TAIL)
            self._tail = self._tail if start == self.at else b""
            self.at = self._plain.seek(start)
        while self.at < offset and (piece := self._read(min(_PIECE, offset - self.at))):
            self._passed(piece)
        return self.at == offset

    def stretches(self, end: End, *, whole: bool) -> Iterator[bytes]:
        """What follows, as it is now, in stretches of some 8 MB; `at` moves with each.

        Args:
            end: how many bytes of some are whole records.
            whole: the last record counts even if no line's end stands behind it.

        Raises:
            InputError: the file cannot be read.
        """
        held = b""
        left = os.fstat(self._plain.fileno()).st_size - self.at if self._plain else None
        while chunk := self._read(BLOCK if left is None else min(BLOCK, left)):
            left = None if left is None else left - len(chunk)
            held += chunk
            size = end(held) or (len(held) if len(held) > LINE_LIMIT else 0)
            if size:
                self._passed(held[:size])
                yield held[:size]
                held = held[size:]
        if held and whole:
            self._passed(held)
            yield held

    def close(self) -> None:
        """Let go of the file."""
        if self._plain:
            self._plain.close()
        else:
            self._stream.close()

    def _read(self, size: int) -> bytes:
        if self._plain is None:
            return self._stream.read(size)
        try:
            return self._plain.read(size)
        except OSError as error:
            raise unreadable(self._stream.file, error) from error

    def _passed(self, content: bytes) -> None:
        self.at += len(content)
        self._tail = (self._tail + content[-TAIL:])[-TAIL:]
