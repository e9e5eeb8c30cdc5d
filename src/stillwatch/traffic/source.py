"""Open logs and read them in batches: the way into everything that follows.

    rejects = Rejects()
    source = open_requests(["logs/", "today.jsonl.gz"], rejects=rejects, key=Key.load(path))
    for decode in source.batches():  # serial: cuts the files into pieces
        batch = decode()             # on any thread: parses, checks, replaces identifiers

The format of each file is recognised by itself. Batches come in the order of the files and of their rows, cut by the
content alone, so that two readings are the same.
"""

import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import pyarrow as pa

from stillwatch.errors import ConfigError, InputError
from stillwatch.traffic import jsonl, parquet, tabular
from stillwatch.traffic.intake import Intake
from stillwatch.traffic.paths import STDIN, expand
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.readers import Grain, Mapping, Reader, known
from stillwatch.traffic.readers.mapping import load
from stillwatch.traffic.recognition import Head, Kind, check_mapping, choose, head_of
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.schema import LazyBatch
from stillwatch.traffic.streams import Stream, standard_input

Batches = Iterator[tuple[int, LazyBatch]]

#: How each kind of file is read.
READ: dict[Kind, Callable[[Stream, Reader, Intake], Batches]] = {
    "lines": jsonl.batches,
    "document": jsonl.document_batches,
    "csv": tabular.batches,
    "parquet": parquet.batches,
}


@dataclass(frozen=True)
class Log:
    """One file, and how to read it."""

    file: str
    kind: Kind
    reader: Reader

    def batches(self, intake: Intake) -> Batches:
        """Its requests, with how far it has been read, in bytes."""
        stream = Stream(self.file)
        try:
            yield from READ[self.kind](stream, self.reader, intake)
        finally:
            stream.close()


@dataclass(frozen=True)
class Spool:
    """What came by standard input, kept in a nameless file with identifiers replaced, so that it can be read twice."""

    file: str
    kept: IO[bytes]

    def batches(self, intake: Intake) -> Batches:  # noqa: ARG002 - it has been through it
        """The requests, in the batches in which they came."""
        self.kept.seek(0)
        with pa.ipc.open_file(pa.PythonFile(self.kept, mode="r")) as table:
            for number in range(table.num_record_batches):
                batch = table.get_batch(number)
                yield 0, partial(pa.RecordBatch.slice, batch)


class RequestSource:
    """Request logs that can be read any number of times.

    Args:
        logs: in the order in which they are read.
        intake: what they are read into.
        files: their names, as the user gave them.
        bytes_total: their size on disk; None if it is not known (standard input).
    """

    def __init__(self, logs: Sequence[Log | Spool], intake: Intake, bytes_total: int | None) -> None:
        self._logs, self._intake = tuple(logs), intake
        self.files = tuple(log.file for log in logs)
        self.bytes_total = bytes_total
        self.bytes_read = 0

    @property
    def rejects(self) -> Rejects:
        """Where the rows that could not be read are noted."""
        return self._intake.rejects

    @property
    def schema(self) -> pa.Schema:
        """Of the batches."""
        return self._intake.result

    def batches(self) -> Iterator[LazyBatch]:
        """The batches that are still to be decoded; `bytes_read` follows.

        Iterate in one thread; call what comes in any. Both may raise `InputError` if a file is corrupt.
        """
        self.bytes_read = before = 0
        for log in self._logs:
            for position, batch in log.batches(self._intake):
                self.bytes_read = before + position
                yield batch
            before += size_of(log.file)
            self.bytes_read = before


def open_requests(  # noqa: PLR0913 - the options of a reading, each with its default
    paths: Sequence[str],
    *,
    rejects: Rejects,
    key: Key,
    columns: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002 - what the command line calls it
    mapping: Path | None = None,
    grain: Grain = "user",
) -> RequestSource:
    """Find the logs and recognise their formats; read nothing else yet, save standard input.

    Args:
        paths: files, folders, globs; `-` for standard input.
        rejects: where broken rows are noted.
        key: under which addresses become tokens.
        columns: those of `schema.REQUESTS` that are wanted; None for all.
        format: a reader's name, to force it.
        mapping: TOML that describes the format (`readers.mapping`).
        grain: whether LiteLLM's accounts are its users or its keys.

    Raises:
        InputError: a file is missing, unreadable, corrupt or of no known format; or there is no row in any.
        ConfigError: the format's name or the mapping is wrong.
    """
    readers = _readers(format, mapping, grain)
    intake = Intake(rejects, key, columns=None if columns is None else tuple(columns))
    files = expand(paths)
    logs = [log for file in files if (log := _opened(file, readers, intake, named=file in paths)) is not None]
    if not logs:
        raise InputError("The log is empty.", where=", ".join(paths), hint="There is no request in it to look at.")
    total = None if STDIN in files else sum(size_of(log.file) for log in logs)
    return RequestSource(logs, intake, total)


def _readers(name: str | None, mapping: Path | None, grain: Grain) -> tuple[Reader, ...]:
    if mapping is not None:
        return (load(mapping),)
    readers = known(grain)
    if name is None:
        return readers
    forced = tuple(reader for reader in readers if reader.name == name)
    if not forced:
        names = ", ".join(reader.name for reader in readers)
        raise ConfigError(f"There is no format {name!r}.", where="format", hint=f"There are: {names}.")
    return forced


def _opened(file: str, readers: tuple[Reader, ...], intake: Intake, *, named: bool) -> Log | Spool | None:
    stream = Stream(file, standard_input() if file == STDIN else None)
    try:
        head = head_of(stream)
        if head.empty or (head.is_accounts and not named):
            return None
        reader = _reader(head, readers, file)
        return (
            Log(file, head.kind, reader)
            if file != STDIN
            else _spooled(stream.restarted(last=True), head.kind, reader, intake)
        )
    finally:
        stream.close()


def _reader(head: Head, readers: tuple[Reader, ...], file: str) -> Reader:
    if head.is_accounts:
        raise InputError("This is an accounts table, not a request log.", where=file, hint="Pass it with --accounts.")
    if isinstance(readers[0], Mapping):
        check_mapping(head, readers[0])
    return readers[0] if len(readers) == 1 else choose(head, readers, file)


def _spooled(stream: Stream, kind: Kind, reader: Reader, intake: Intake) -> Spool:
    try:
        kept = tempfile.TemporaryFile(prefix="stillwatch-")  # noqa: SIM115 - lives as long as the source
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(pa.PythonFile(kept, mode="w"), intake.result, options=options) as out:
            for _, decode in READ[kind](stream, reader, intake):
                out.write_batch(decode())
    except OSError as error:
        raise InputError(
            f"Standard input cannot be kept for the second reading ({error.strerror}).",
            where=tempfile.gettempdir(),
            hint="Make room, or set TMPDIR to another place.",
        ) from error
    spool = Spool(STDIN, kept)
    weakref.finalize(spool, kept.close)
    return spool


def size_of(file: str) -> int:
    """Bytes on disk; 0 for standard input."""
    return 0 if file == STDIN else Path(file).stat().st_size
