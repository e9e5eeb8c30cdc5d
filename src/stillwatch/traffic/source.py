"""Open logs and read them in batches: the way into everything that follows.

    rejects = Rejects()
    source = open_requests(["logs/", "today.jsonl.gz"], rejects=rejects, key=Key.load(path))
    for decode in source.batches():  # serial: cuts the files into pieces
        batch = decode()             # on any thread: parses, checks, replaces identifiers
    source.batches(members)          # again, of these accounts alone

A log is a file, here or in an object store, or a table (`storage`). The format of each is recognised by itself. Batches
of files come in the order of the files and of their rows, cut by the content alone, so that two readings are the same.
Those of tables come in any order, but have the same rows in both.
"""

import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

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
from stillwatch.traffic.storage import tables
from stillwatch.traffic.storage.detection import is_table
from stillwatch.traffic.streams import Stream, size_of, standard_input

Batches = Iterator[tuple[int, LazyBatch]]

_AT_ONCE = 16  # logs whose heads are looked at together

#: How each kind of file is read.
READ: dict[Kind, Callable[[Stream, Reader, Intake], Batches]] = {
    "lines": jsonl.batches,
    "document": jsonl.document_batches,
    "csv": tabular.batches,
    "parquet": parquet.batches,
}


@dataclass(frozen=True)
class Log:
    """One file, and how to read it; its bytes as stored, for the progress."""

    file: str
    kind: Kind
    reader: Reader
    size: int = 0

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
    size: int = 0

    def batches(self, intake: Intake) -> Batches:
        """The requests, in the batches in which they came: they have been through the intake, for everybody."""
        self.kept.seek(0)
        with pa.ipc.open_file(pa.PythonFile(self.kept, mode="r")) as table:
            for number in range(table.num_record_batches):
                batch = table.get_batch(number)
                yield 0, partial(_of, intake.accounts, batch)


class RequestSource:
    """Request logs that can be read any number of times.

    Args:
        logs: in the order in which they are read.
        intake: what they are read into.
        files: their names, as the user gave them.
        bytes_total: their size as stored, of a table about; None if it is not known (standard input).
    """

    def __init__(self, logs: Sequence[Log | Spool | tables.TableLog], intake: Intake, bytes_total: int | None) -> None:
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

    def each(self) -> Iterator["RequestSource"]:
        """The logs one by one."""
        for log in self._logs:
            yield RequestSource((log,), self._intake, None if log.file == STDIN else log.size)

    def batches(self, of: pa.StringArray | None = None) -> Iterator[LazyBatch]:
        """The batches that are still to be decoded; `bytes_read` follows.

        Iterate in one thread; call what comes in any. Both may raise `InputError` if a file is corrupt.

        Args:
            of: accounts whose requests alone are wanted (`account_id` must be among the columns); None for everybody's.
                Broken rows of others are not looked at, so that a reading of everybody has to count them.
        """
        intake = replace(self._intake, accounts=of)
        self.bytes_read = before = 0
        for log in self._logs:
            for position, batch in log.batches(intake):
                self.bytes_read = before + position
                yield batch
            before += log.size
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
    until: datetime | None = None,
    password_file: Path | None = None,
) -> RequestSource:
    """Find the logs and recognise their formats; read nothing else yet, save standard input.

    Args:
        paths: files, folders, globs, addresses of stores and tables; `-` for standard input.
        rejects: where broken rows are noted.
        key: under which addresses become tokens.
        columns: those of `schema.REQUESTS` that are wanted; None for all.
        format: a reader's name, to force it.
        mapping: TOML that describes the format (`readers.mapping`).
        grain: whether LiteLLM's accounts are its users or its keys.
        until: later requests are of no use: a table need not send them. A file's may come all the same.
        password_file: holds the password of a database.

    Raises:
        InputError: a file is missing, unreadable, corrupt or of no known format; or there is no row in any.
        ConfigError: the format's name or the mapping is wrong.
    """
    readers = readers_of(format, mapping, grain)
    intake = Intake(rejects, key, columns=None if columns is None else tuple(columns))
    files = expand(paths)

    def opened(file: str) -> Log | Spool | tables.TableLog | None:
        if is_table(file):
            return _table(file, readers, intake, until, password_file)
        return _opened(file, readers, intake, named=file in paths)

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # of stores each takes some round trips
        logs = [log for log in pool.map(opened, files) if log is not None]
    if not logs:
        raise InputError("The log is empty.", where=", ".join(paths), hint="There is no request in it to look at.")
    total = None if STDIN in files else sum(log.size for log in logs)
    return RequestSource(logs, intake, total)


def readers_of(name: str | None, mapping: Path | None, grain: Grain) -> tuple[Reader, ...]:
    """The readers that may be tried: one where the user says which.

    Raises:
        ConfigError: the format's name or the mapping is wrong.
    """
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
        reader = reader_of(head, readers, file)
        return (
            Log(file, head.kind, reader, size_of(file))
            if file != STDIN
            else _spooled(stream.restarted(last=True), head.kind, reader, intake)
        )
    finally:
        stream.close()


def _table(
    name: str, readers: tuple[Reader, ...], intake: Intake, until: datetime | None, password_file: Path | None
) -> tables.TableLog | None:
    table = tables.opened(name, password_file)
    row = table.first()
    if row is None:
        return None
    head = Head("parquet", (dict.fromkeys(table.columns) | tables.record_of(row),))
    reader = reader_of(head, readers, name)
    return tables.TableLog(name, table, reader, tables.wanted_of(table, reader, intake, until, name))


def reader_of(head: Head, readers: tuple[Reader, ...], file: str) -> Reader:
    """The reader of a log.

    Raises:
        InputError: no reader knows it, or it is an accounts table.
        ConfigError: the mapping does not fit.
    """
    if head.is_accounts:
        raise InputError("This is an accounts table, not a request log.", where=file, hint="Pass it with --accounts.")
    if isinstance(readers[0], Mapping):
        check_mapping(head, readers[0])
    return readers[0] if len(readers) == 1 else choose(head, readers, file)


def _of(accounts: pa.StringArray | None, batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch if accounts is None else batch.filter(pc.is_in(batch.column("account_id"), accounts))


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
