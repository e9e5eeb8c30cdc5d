"""Find logs by Spark, recognise their formats from their heads, and have the rest read in the workers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as sql

from stillwatch.engines.spark import SparkEngine, SparkTable
from stillwatch.engines.spark.border import schema_of
from stillwatch.engines.spark.faults import told
from stillwatch.errors import InputError
from stillwatch.traffic import jsonl, parquet
from stillwatch.traffic.distributed.decoding import FILE, LINES, ROW, START, Gate, Lines, Rows, Union
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.readers import Grain, Native, Reader
from stillwatch.traffic.recognition import Head
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.rows import Json, RowError
from stillwatch.traffic.schema import REQUESTS
from stillwatch.traffic.source import reader_of, readers_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from stillwatch.engines.spark.shipping import Step

TABLE = "table:"

_LOG = re.compile(r"\.(?:parquet|pq|(?:jsonl|ndjson|json|csv)(?:\.gz|\.zst)?)$", re.IGNORECASE)
_PARQUET = re.compile(r"\.(?:parquet|pq)$", re.IGNORECASE)
_CSV = re.compile(r"\.csv(?:\.gz|\.zst)?$", re.IGNORECASE)
_SAMPLES = 200


@dataclass(frozen=True)
class Source:
    """Requests that Spark reads, any number of times.

    Attributes:
        files: what is read: files, and tables by their names.
    """

    files: tuple[str, ...]
    _engine: SparkEngine = field(repr=False)
    _logs: tuple["_Known", ...] = field(repr=False)
    _gate: Gate = field(repr=False)
    _until: datetime | None
    _rejects: Rejects = field(repr=False)

    def requests(self, of: pa.StringArray | None = None) -> SparkTable:
        """The columns asked for of `schema.REQUESTS`.

        Args:
            of: accounts whose requests alone are wanted; None for everybody's. Broken rows of others are not looked at.
        """
        gate = replace(self._gate, accounts=of)
        tables = [log.requests(self._engine, gate) for log in self._logs]
        table = tables[0] if len(tables) == 1 else _together(tables)
        return table if self._until is None else table.map(partial(_before, self._until), table.schema)

    @property
    def rejects(self) -> Rejects:
        """The rows that could not be read, of all that was read so far."""
        for (file, line, item), reason in self._gate.left_out.value.items():
            self._rejects.add(file, line, reason, item=item)
        return self._rejects


@dataclass(frozen=True)
class _Log:
    """Files or a table that Spark reads together, in one format."""

    files: tuple[str, ...]
    frame: "DataFrame"
    lines: bool = False

    @property
    def place(self) -> str:
        return self.files[0] if len(self.files) == 1 else f"{self.files[0]} and {len(self.files) - 1} more"


@dataclass(frozen=True)
class _Known:
    """A log whose format is known."""

    frame: "DataFrame"
    lines: bool
    reader: Reader

    def requests(self, engine: SparkEngine, gate: Gate) -> SparkTable:
        """Its requests, through the gate."""
        step: Step = Lines(self.reader, gate) if self.lines else Rows(self.reader, gate)
        source = LINES if self.lines else schema_of(self.frame.schema)
        return SparkTable.of(engine, self.frame, source).stepped(step, gate.intake().result)


def open_requests(  # noqa: PLR0913 — the options of a reading, each with its default
    engine: SparkEngine,
    paths: Sequence[str],
    *,
    rejects: Rejects,
    key: Key,
    columns: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002 — what the command line calls it
    mapping: Path | None = None,
    grain: Grain = "user",
    until: datetime | None = None,
) -> Source:
    """Find the logs and recognise their formats: once of all Parquet files, once of all files of lines.

    Args:
        engine: which reads.
        paths: files, folders and globs as Spark takes them (`s3a://`, `gs://`, `abfs://` too); `table:NAME`.
        rejects: where broken rows are noted.
        key: under which addresses become tokens; it is sent to the workers.
        columns: those of `schema.REQUESTS` that are wanted; None for all.
        format: a reader's name, to force it.
        mapping: TOML that describes the format (`readers.mapping`).
        grain: whether LiteLLM's accounts are its users or its keys.
        until: only requests before this moment.

    Raises:
        InputError: a log is missing, unreadable or of no known format, has no row, or lacks a column.
        ConfigError: the format's name or the mapping is wrong, or Spark is not set up for such an address.
    """
    readers = readers_of(format, mapping, grain)
    left_out = engine.session.sparkContext.accumulator({}, Union())
    gate = Gate(key, None if columns is None else tuple(columns), left_out)
    logs = [*_tables(engine, paths), *_files(engine, paths)]
    found = tuple(known for log in logs if (known := _known(log, readers, gate)) is not None)
    if not found:
        raise InputError("The log is empty.", where=", ".join(paths), hint="There is no request in it to look at.")
    return Source(tuple(file for log in logs for file in log.files), engine, found, gate, until, rejects)


def _tables(engine: SparkEngine, paths: Sequence[str]) -> Iterator[_Log]:
    for name in (path.removeprefix(TABLE) for path in paths if path.startswith(TABLE)):
        with told(name):
            frame = engine.session.table(name)
            yield _Log((name,), frame.withColumns({FILE: sql.lit(name), ROW: sql.monotonically_increasing_id()}))


def _files(engine: SparkEngine, paths: Sequence[str]) -> Iterator[_Log]:
    files = _listed(engine, [path for path in paths if not path.startswith(TABLE)])
    of_rows = tuple(file for file in files if _PARQUET.search(file))
    of_lines = tuple(file for file in files if not _PARQUET.search(file))
    name, read = sql.col("_metadata.file_path"), engine.session.read
    if of_rows:
        with told(of_rows[0]):
            frame = read.option("mergeSchema", "true").parquet(*of_rows)
            yield _Log(of_rows, frame.withColumns({FILE: name, ROW: sql.col("_metadata.row_index")}))
    if of_lines:
        with told(of_lines[0]):
            frame = read.text(list(of_lines), lineSep="\n")
            start = sql.col("_metadata.file_block_start")
            yield _Log(of_lines, frame.withColumns({FILE: name, START: start}), lines=True)


def _listed(engine: SparkEngine, paths: Sequence[str]) -> tuple[str, ...]:
    """The files behind the arguments, sorted by name; of a folder those whose names say that they may be logs."""
    found: set[str] = set()
    for path in paths:
        with told(path):
            there = engine.session.read.format("binaryFile").option("recursiveFileLookup", "true").load(path)
            files = [row.path for row in there.select("path").collect()]
        files = files if len(files) == 1 else [file for file in files if _LOG.search(file)]
        if tables := [file for file in files if _CSV.search(file)]:
            hint = "Convert it to Parquet or JSON lines, or scan it without --engine spark."
            raise InputError("Spark is given no CSV here.", where=tables[0], hint=hint)
        if not files:
            raise InputError(
                "No log there holds anything.", where=path, hint="Logs end in .parquet, .jsonl, .json, also .gz."
            )
        found.update(files)
    return tuple(sorted(found))


def _known(log: _Log, readers: tuple[Reader, ...], gate: Gate) -> _Known | None:
    """A log with its format; None if it has no row."""
    with told(log.place):
        head = _head(log)
    if head.empty:
        return None
    reader, frame = reader_of(head, readers, log.place), log.frame
    if isinstance(reader, Native) and not log.lines:
        lacking = [column.name for column in REQUESTS if not column.nullable and column.name not in frame.columns]
        if lacking:
            hint = "Name the columns as the request schema has them, or describe them by --mapping."
            raise InputError(f"There is no column {', '.join(lacking)}.", where=log.place, hint=hint)
        frame = frame.select(*(name for name in gate.intake().schema.names if name in frame.columns), FILE, ROW)
    return _Known(frame, log.lines, reader)


def _head(log: _Log) -> Head:
    if not log.lines:
        some = log.frame.drop(FILE, ROW).limit(1).toArrow()
        records = [record for batch in some.to_batches() for record in parquet.records(batch)]
        return Head("parquet", tuple(record for record in records if isinstance(record, dict)), empty=not records)
    lines = log.frame.select(sql.col("value").cast("binary")).limit(_SAMPLES).toArrow()["value"].to_pylist()
    return Head("lines", tuple(_objects(lines)), empty=not any(line.strip() for line in lines))


def _objects(lines: Sequence[bytes]) -> Iterator[dict[str, Json]]:
    for line in lines:
        try:
            yield jsonl.record_of(line)
        except RowError:
            continue


def _together(tables: Sequence[SparkTable]) -> SparkTable:
    frame = tables[0].made()
    for table in tables[1:]:
        frame = frame.unionByName(table.made())
    return SparkTable.of(tables[0].engine, frame, tables[0].schema)


def _before(until: datetime, batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.filter(pc.less(batch["time"], pa.scalar(until, batch.schema.field("time").type)))
