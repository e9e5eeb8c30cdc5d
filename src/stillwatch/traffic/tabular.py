"""CSV logs (RFC 4180, comma, a header line): each line a record of texts, empty ones null.

The lines are cut into records serially (a quoted text may run over lines) and turned into requests on any thread.
"""

import csv
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from stillwatch.traffic.intake import Intake, Place
from stillwatch.traffic.jsonl import BLOCK, LINE_LIMIT, read_record
from stillwatch.traffic.readers import Native, Reader
from stillwatch.traffic.rows import NUMERIC, TOO_LONG, Json, Row, RowError, number
from stillwatch.traffic.schema import LazyBatch
from stillwatch.traffic.streams import Stream

_PIECE = 1 << 20
Record = dict[str, str | None]


def lines(stream: Stream) -> Iterator[str]:
    """Lines with their ends. Bytes that are no UTF-8 become lone surrogates, which the row check finds."""
    held: list[bytes] = []
    while chunk := stream.read(_PIECE):
        if b"\n" not in chunk:
            held.append(chunk)
            continue
        *whole, rest = b"".join((*held, chunk)).split(b"\n")
        for line in whole:
            yield line.decode("utf-8-sig", "surrogateescape") + "\n"
        held = [rest]
    if last := b"".join(held):
        yield last.decode("utf-8-sig", "surrogateescape")


def records(stream: Stream) -> Iterator[tuple[int, Record | RowError]]:
    """The records of a file with the line on which each ends, or why there is none."""
    csv.field_size_limit(LINE_LIMIT)
    rows = csv.reader(lines(stream), strict=True)
    header: list[str] | None = None
    while True:
        try:
            cells = next(rows, None)
        except csv.Error:
            yield rows.line_num, RowError("bad CSV")
            continue
        if cells is None:
            break
        if not cells:
            continue
        if header is None:
            header = [name.strip() for name in cells]
        else:
            yield rows.line_num, _record(header, cells)
    if stream.damage:
        yield rows.line_num + 1, RowError(stream.damage)


def _record(header: list[str], cells: list[str]) -> Record | RowError:
    if len(cells) != len(header):
        return RowError("bad CSV")
    if sum(map(len, cells)) > LINE_LIMIT:
        return RowError(TOO_LONG)
    return {name: cell or None for name, cell in zip(header, cells, strict=True)}


def batches(stream: Stream, reader: Reader, intake: Intake) -> Iterator[tuple[int, LazyBatch]]:
    """The requests of a file, with how far the file has been read, in bytes."""
    run: list[tuple[int, Record | RowError]] = []
    held = 0
    for line, record in records(stream):
        run.append((line, record))
        held += 0 if isinstance(record, RowError) else sum(len(cell) for cell in record.values() if cell)
        if held >= BLOCK or len(run) >= 1 << 14:
            yield stream.position, partial(decode, run, stream.file, reader, intake)
            run, held = [], 0
    if run:
        yield stream.position, partial(decode, run, stream.file, reader, intake)


def decode(run: list[tuple[int, Record | RowError]], file: str, reader: Reader, intake: Intake) -> pa.RecordBatch:
    """The requests of a run of records."""
    rows: list[tuple[Place, Row | RowError]] = []
    for line, record in run:
        if isinstance(record, RowError):
            rows.append((Place(line), record))
        else:
            rows.extend(read_record(_with_numbers(record) if isinstance(reader, Native) else record, line, reader))
    return intake.admit_rows(rows, file)


def _with_numbers(record: Record) -> dict[str, Json]:
    """Our own columns: other readers know themselves which of theirs are numbers."""
    return {name: number(cell) if name in NUMERIC else cell for name, cell in record.items()}
