"""Logs that grow: files that are appended to, renamed, emptied or packed meanwhile, and those that never change.

    source = Files(["logs/", "app.jsonl"], folding)            # follows; once=True ends behind what is there
    for piece in source.pieces(position): ...

A file is known by its inode and by the bytes right before the place up to which it was read. So one that was renamed
goes on where it was, also after a restart; one that was emptied, or whose inode is another file's now, begins anew; a
copy of what was read (`copytruncate`, `app.jsonl.1.gz`) is recognised and goes on behind it. A last line without its
end waits. Parquet files and JSON documents do not grow: each is read once, and again only if it is written anew.

What is deleted before it was read is lost: let a rotation keep a file or two.
"""

import io
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import msgspec

from stillwatch.errors import InputError
from stillwatch.profiles.accounts import zero
from stillwatch.traffic.parquet import MAGIC
from stillwatch.traffic.paths import STDIN
from stillwatch.traffic.readers import Mapping
from stillwatch.traffic.recognition import check_mapping, choose, head_of
from stillwatch.traffic.source import READ, Log
from stillwatch.traffic.streams import Replayed, Stream
from stillwatch.watch.model import Piece, Position
from stillwatch.watch.sources.folding import Folded, Folding
from stillwatch.watch.sources.present import File, Present
from stillwatch.watch.sources.text import Text, line_end, record_end

UNREADABLE = "files_unreadable"

_NAME = "files"
_TURN_SECONDS = 0.2  # until files are looked at again
_GONE = 4096  # files that are no longer there but known by their marks, for copies of them
_HEAD = 1 << 18
_ENDS = {"lines": line_end, "csv": record_end}


class Files:
    """The logs that a user named.

    Args:
        paths: files, folders (with all below them), globs.
        folding: in which formats.
        once: end behind what is there, its last line whole or not, instead of waiting for more.

    Raises:
        InputError: standard input is among them.
    """

    name = _NAME

    def __init__(self, paths: Sequence[str], folding: Folding, *, once: bool = False) -> None:
        if STDIN in paths:
            hint = "Name the file: it is followed as it grows."
            raise InputError("Standard input has no place to go on from after a restart.", where=STDIN, hint=hint)
        self._paths, self._folding, self._once = tuple(paths), folding, once
        self._closed = threading.Event()

    def pieces(self, position: Position | None) -> Iterator[Piece | None]:
        """What comes; see `watch.model.Source`.

        Raises:
            InputError: nothing that was named can be read; read once, anything that cannot.
        """
        present, reading = Present(self._paths), _Reading(self._folding, Places.of(position), once=self._once)
        while not self._closed.is_set():
            files = present.files(reading.places.texts)
            reading.present = {file.key for file in files}
            reading.places.prune(reading.present)
            for file in files:
                for piece in reading.pieces(file):
                    yield piece
                    if self._closed.is_set():
                        return
            fault = present.fault or reading.fault
            if fault and (self._once or not reading.logs):
                raise fault
            if self._once:
                return
            self._closed.wait(_TURN_SECONDS)
            yield None

    def release(self, position: Position) -> None:
        """Nothing: a log is not ours to delete."""

    def close(self) -> None:
        """End `pieces`."""
        self._closed.set()


@dataclass
class Places:
    """How far each file was read, by device and inode.

    Attributes:
        texts: bytes, unpacked, and the mark of what stands before.
        tables: batches, and the state of the file.
    """

    texts: dict[str, tuple[int, str]] = field(default_factory=dict)
    tables: dict[str, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, position: Position | None) -> Self:
        """From what a piece carried."""
        return msgspec.convert(position or {}, cls)

    def position(self) -> Position:
        """For a piece."""
        return {"texts": dict(self.texts), "tables": dict(self.tables)}

    def prune(self, present: Collection[str]) -> None:
        """Forget those that went long ago."""
        for places in (self.texts, self.tables):
            gone = [key for key in places if key not in present]
            for key in gone[: max(0, len(gone) - _GONE)]:
                del places[key]


class _Reading:
    """Reads what is new in files.

    Attributes:
        places: how far.
        present: the keys of all files that are there.
        logs: what could be read, by key.
        fault: of the last file that could not.
    """

    def __init__(self, folding: Folding, places: Places, *, once: bool) -> None:
        self._folding, self.places, self._once = folding, places, once
        self.present: set[str] = set()
        self.logs: dict[str, Log] = {}
        self.fault: InputError | None = None
        self._looked: dict[str, File] = {}

    def pieces(self, file: File) -> Iterator[Piece]:
        """What came since the file was looked at last."""
        before = self._looked.get(file.key)
        if before and (before.size, before.changed) == (file.size, file.changed):
            return
        self._looked[file.key] = file
        if before and file.size < before.size:
            self.logs.pop(file.key, None)
        try:
            if log := self.logs.get(file.key) or self._recognised(file.name):
                self.logs[file.key] = log = replace(log, file=file.name)
                yield from self._grown(file, log) if log.kind in _ENDS else self._whole(file, log)
        except InputError as error:
            if self._once:
                raise
            self.fault = error
            yield self._piece(Folded(zero(), 0, 0), counts=((UNREADABLE, 1),))

    def _recognised(self, name: str) -> Log | None:
        """How the file is to be read; None while there is nothing in it, or not yet a whole line."""
        stream = Stream(name)
        try:
            if not self._once and not _begun(stream.read(_HEAD)):
                return None
            head = head_of(stream.restarted())
            if head.empty or head.is_accounts:
                return None
            readers = self._folding.readers
            if isinstance(readers[0], Mapping):
                check_mapping(head, readers[0])
            return Log(name, head.kind, readers[0] if len(readers) == 1 else choose(head, readers, name))
        finally:
            stream.close()

    def _grown(self, file: File, log: Log) -> Iterator[Piece]:
        text = self._resumed(file)
        try:
            header = _header(file.name) if log.kind == "csv" and text.at else b""
            for stretch in text.stretches(_ENDS[log.kind], whole=self._once):
                folded = self._folded(header + stretch, log)
                header = header or (_header_in(stretch) if log.kind == "csv" else b"")
                self._keep(file.key, text)
                yield self._piece(folded)
            if text.damaged and self._once:
                yield self._piece(Folded(zero(), 0, 1))
        finally:
            text.close()

    def _folded(self, content: bytes, log: Log) -> Folded:
        stream, intake = Stream(log.file, Replayed(io.BytesIO(content))), self._folding.intake()
        batches = (decode for _, decode in READ[log.kind](stream, log.reader, intake))
        return self._folding.batches(batches, intake)

    def _whole(self, file: File, log: Log) -> Iterator[Piece]:
        mark = f"{file.size} {file.changed}"
        places = self.places.tables
        same = [at for key, (at, known) in places.items() if known == mark and (key == file.key or not self._once)]
        done = max(same, default=0)
        intake = self._folding.intake()
        for number, (_, decode) in enumerate(log.batches(intake), 1):
            if number > done:
                before = intake.rejects.count
                folded = self._folding.batches([decode], intake)
                places[file.key] = number, mark
                yield self._piece(Folded(folded.profiles, folded.requests, folded.rejected - before))

    def _resumed(self, file: File) -> Text:
        """The text behind what was read of it, be it here or where it was copied from."""
        text, known = Text(file.name), self.places.texts.get(file.key)
        if known and text.forward(known[0]) and text.mark == known[1]:
            return text
        text.close()
        if known:  # emptied or replaced: what was read may come again as a copy
            self.places.texts[f"before {file.key} {known[1]}"] = known
        text = Text(file.name)
        text.forward(self._copied(file))
        self._keep(file.key, text)
        return text

    def _copied(self, file: File) -> int:
        """How much of it was read under another inode. Read once, files that are there count for themselves."""
        known = {k: place for k, place in self.places.texts.items() if not (self._once and k in self.present)}
        text, best = Text(file.name), 0
        try:
            for at, mark in sorted(known.values()):
                if not text.forward(at):
                    break
                if text.mark == mark:
                    best = at
        finally:
            text.close()
        return best

    def _keep(self, key: str, text: Text) -> None:
        self.places.texts.pop(key, None)
        self.places.texts[key] = text.at, text.mark

    def _piece(self, folded: Folded, counts: tuple[tuple[str, int], ...] = ()) -> Piece:
        place = self.places.position()
        return Piece(_NAME, place, folded.profiles, folded.requests, folded.rejected, counts=counts)


def _begun(content: bytes) -> bool:
    """Whether there is a line, or something that is no lines."""
    return b"\n" in content or content.startswith((b"[", MAGIC))


def _header(name: str) -> bytes:
    text = Text(name)
    try:
        return _header_in(next(text.stretches(record_end, whole=False), b""))
    finally:
        text.close()


def _header_in(content: bytes) -> bytes:
    """The first record of a table, and what stands before it."""
    header = b""
    for line in content.splitlines(keepends=True):
        header += line
        if header.strip() and record_end(header) == len(header):
            break
    return header
