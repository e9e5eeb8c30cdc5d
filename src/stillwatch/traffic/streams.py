"""Bytes of a log, whether a file, one in an object store or standard input, compressed or not.

Compression is told by the first bytes, not by the name. A compressed file that is cut off or damaged is read as far as
it goes: `Stream.damage` then says so.
"""

import sys
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.traffic.paths import STDIN
from stillwatch.traffic.storage import objects

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_PIECE = 1 << 16
_ALL = 1 << 26


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class Replayed:
    """A stream that cannot be rewound, read again from its start: first what was read already, then the rest."""

    def __init__(self, rest: Readable) -> None:
        self._rest, self._head, self._at = rest, b"", 0
        self._recording = True
        self.closed = False

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; all for -1."""
        piece = self._head[self._at :] if size < 0 else self._head[self._at : self._at + size]
        if size < 0 or len(piece) < size:
            more = self._rest.read(size if size < 0 else size - len(piece))
            if self._recording:
                self._head += more
            piece += more
        self._at += len(piece)
        return piece

    def rewind(self, *, last: bool) -> None:
        """Go back to the start.

        Args:
            last: it is for the last time; what follows is no longer kept.
        """
        self._at, self._recording = 0, not last

    def close(self) -> None:
        """Nothing: who gave the stream closes it, and Arrow must not."""


class Stream:
    """The unpacked bytes of one log.

    Args:
        file: its name, or `-`.
        given: the raw bytes, if they do not come from the file of that name.

    Raises:
        InputError: the file cannot be opened.
    """

    def __init__(self, file: str, given: Replayed | None = None) -> None:
        self.file = file
        self.damage: str | None = None  # why a compressed file ends too soon
        self._given, self._done = given, 0
        try:
            self._raw, self._plain = self._opened(last=False)
        except OSError as error:
            raise unreadable(file, error) from error

    def _opened(self, *, last: bool) -> tuple[Any, Any]:
        raw = self._given or _raw(self.file)
        head = raw.read(4)
        if isinstance(raw, Replayed):
            raw.rewind(last=last)
        else:
            raw.seek(0)
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        return raw, raw if kind is None else pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), kind)

    def restarted(self, *, last: bool = False) -> "Stream":
        """This stream, back at its start.

        Args:
            last: for the last time, so that standard input need not be held in memory any longer.
        """
        if self._given:
            self._given.rewind(last=False)
        self.close()
        self._raw, self._plain = self._opened(last=last)
        self.damage, self._done = None, 0
        return self

    @property
    def compressed(self) -> bool:
        """Whether the bytes are unpacked on the way."""
        return self._plain is not self._raw

    @property
    def position(self) -> int:
        """How far the file has been read, in bytes as stored."""
        return 0 if self._given else int(self._raw.tell())

    @property
    def size(self) -> int:
        """Bytes as stored; 0 if not known."""
        return 0 if self._given else size_of(self.file)

    def seekable(self) -> str | pa.Buffer | objects.Remote:
        """What can be read in any order: the file if it can be as it is; otherwise its whole content."""
        if self._given or self.compressed:
            return pa.py_buffer(self.all())
        return self._raw if isinstance(self._raw, objects.Remote) else self.file

    def all(self) -> bytes:
        """All that is left."""
        pieces = []
        while piece := self.read(_ALL):
            pieces.append(piece)
        return b"".join(pieces)

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; fewer only at the end.

        Raises:
            InputError: the file cannot be read.
        """
        if self.compressed:
            return b"" if self.damage else self._unpacked(size)
        try:
            return bytes(self._plain.read(size))
        except OSError as error:
            raise unreadable(self.file, error) from error

    def _unpacked(self, size: int) -> bytes:
        pieces, left = [], size
        while left:
            try:
                piece = self._plain.read(min(left, _PIECE))
            except OSError:
                self.damage = "compressed data ends early or is damaged"
                pieces.append(self._salvaged())
                break
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
            self._done += len(piece)
        return b"".join(pieces)

    def _salvaged(self) -> bytes:
        """What can still be unpacked after the last piece, byte by byte: a failed read gives none of its bytes."""
        if self._given:
            return b""
        again, rest, saved = Stream(self.file), self._done, bytearray()
        try:
            while rest:
                rest -= len(again._plain.read(min(rest, _PIECE)))
            while piece := again._plain.read(1):
                saved += piece
        except OSError:
            pass
        finally:
            again.close()
        return bytes(saved)

    def close(self) -> None:
        """Let go of the file."""
        if self._given is None:
            self._raw.close()


def _raw(file: str) -> IO[bytes] | objects.Remote:
    return objects.opened(file) if objects.is_object(file) else Path(file).open("rb")


def size_of(file: str) -> int:
    """Bytes as stored; 0 for standard input."""
    if file == STDIN:
        return 0
    return objects.size(file) if objects.is_object(file) else Path(file).stat().st_size


def standard_input() -> Replayed:
    """Standard input, once for looking at its head and once for reading."""
    stream: IO[bytes] = sys.stdin.buffer
    return Replayed(stream)


def unreadable(file: str, error: OSError) -> InputError:
    """The error for a file that the system does not let us read."""
    name = "standard input" if file == STDIN else file
    return InputError(
        f"The file cannot be read ({error.strerror or 'damaged'}).", where=name, hint="Check its name and permissions."
    )
