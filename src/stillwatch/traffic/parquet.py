"""Parquet logs: ours column by column, without a Python object a row; others record by record.

Only the columns that are wanted are read, page by page, in batches small enough for any length of text. Files of other
writers are taken as they come: large strings, dictionaries, other units of time, columns that are missing or too many.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.traffic.intake import Intake, Place, times
from stillwatch.traffic.jsonl import read_record
from stillwatch.traffic.readers import Native, Reader
from stillwatch.traffic.rows import INVALID_UTF8, Row, RowError
from stillwatch.traffic.schema import TIME, LazyBatch
from stillwatch.traffic.storage.objects import Remote
from stillwatch.traffic.streams import Stream

MAGIC = b"PAR1"
#: What comes of damage: mostly Arrow's own errors, but names that are no UTF-8 or no column surface as Python's.
_DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError, MemoryError)
_BUFFER, _REMOTE_BUFFER = 1 << 20, 8 << 20  # of each column
_ROWS = 16_384
_BATCH_BYTES = 64 << 20  # decoded, by the file's own average


def opened(stream: Stream) -> pq.ParquetFile:
    """The file behind a stream.

    Raises:
        InputError: corrupt.
    """
    try:
        # Page by page: without this a row group's columns are held whole. A store is asked for more at a time.
        file = stream.seekable()
        size = _REMOTE_BUFFER if isinstance(file, Remote) else _BUFFER
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=size)
    except _DAMAGE as error:
        raise corrupt(stream.file) from error


def corrupt(file: str) -> InputError:
    """The error for a Parquet file that cannot be decoded."""
    return InputError("The Parquet file is corrupt or cut off.", where=file, hint="Copy or export it again.")


def head(stream: Stream) -> tuple[int, dict[str, Any]]:
    """The number of rows, and the columns with their values in the first row."""
    table = opened(stream)
    try:
        batch = next(table.iter_batches(1), None)
    except _DAMAGE as error:
        raise corrupt(stream.file) from error
    values = next((record for record in records(batch) if isinstance(record, dict)), {}) if batch else {}
    return table.metadata.num_rows, dict.fromkeys(table.schema_arrow.names) | values


def batches(stream: Stream, reader: Reader, intake: Intake) -> Iterator[tuple[int, LazyBatch]]:
    """The requests of a file, with how far the file has been read, in bytes."""
    table = opened(stream)
    native = isinstance(reader, Native)
    wanted = [name for name in intake.schema.names if name in table.schema_arrow.names] if native else None
    total, size, done = table.metadata.num_rows, stream.size, 0
    try:
        for batch in table.iter_batches(_rows_a_batch(table.metadata), columns=wanted):
            decode = decode_native if native else decode_records
            yield size * (done + len(batch)) // total, partial(decode, batch, done + 1, stream.file, reader, intake)
            done += len(batch)
    except _DAMAGE as error:
        raise corrupt(stream.file) from error


def _rows_a_batch(metadata: pq.FileMetaData) -> int:
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    return int(max(64, min(_ROWS, _BATCH_BYTES * metadata.num_rows // max(1, size))))


def decode_native(batch: pa.RecordBatch, row: int, file: str, reader: Reader, intake: Intake) -> pa.RecordBatch:
    """A batch of our schema; by records where its types are too far from ours to be cast as a whole."""
    try:  # of all rows: which are read one by one must not hang on whose rows are wanted
        columns = [_cast(batch, column) for column in intake.schema]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return decode_records(batch, row, file, reader, intake)
    return intake.admit(pa.RecordBatch.from_arrays(columns, names=intake.schema.names), file, row)


def _cast(batch: pa.RecordBatch, target: pa.Field) -> pa.Array:
    if target.name not in batch.schema.names:
        return pa.nulls(len(batch), target.type)
    column = batch.column(target.name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type == target.type:
        return column
    if target.type == TIME:
        return column.cast(pa.string()) if _is_text(column.type) else column
    if pa.types.is_string(target.type) and not (_is_text(column.type) or pa.types.is_integer(column.type)):
        raise pa.ArrowInvalid("only texts and whole numbers become text")
    return column.cast(options=pa.compute.CastOptions(target.type, allow_invalid_utf8=True))


def _is_text(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_binary,
        pa.types.is_large_binary,
    )
    return any(test(kind) for test in tests) or pa.types.is_null(kind)


def decode_records(batch: pa.RecordBatch, row: int, file: str, reader: Reader, intake: Intake) -> pa.RecordBatch:
    """A batch of another format."""
    rows: list[tuple[Place, Row | RowError]] = []
    for line, record in enumerate(records(batch), row):
        rows.extend([(Place(line), record)] if isinstance(record, RowError) else read_record(record, line, reader))
    return intake.admit_rows(rows, file)


def records(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | RowError]:
    """The rows of a table as dicts; times out of range are infinite, since Python has none such."""
    columns = {name: _pythonic(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    for row in range(len(batch)):
        try:
            yield {name: column[row].as_py(**options) for name, (column, options) in columns.items()}
        except UnicodeDecodeError:
            yield RowError(INVALID_UTF8)


def _pythonic(column: pa.Array) -> tuple[Any, dict[str, str]]:
    if not pa.types.is_timestamp(column.type):
        return column, {"maps_as_pydicts": "lossy"}
    instants, wrong = times(column, "time")
    return [_Instant(float("inf") if row in wrong else value.as_py()) for row, value in enumerate(instants)], {}


class _Instant:
    """A value in the place of an Arrow scalar."""

    def __init__(self, value: object) -> None:
        self._value = value

    def as_py(self) -> object:
        return self._value
