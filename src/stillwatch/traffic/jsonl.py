"""JSON logs: lines, fast where they are ours and whole; and documents (a list of records, or one record).

A file of lines is cut into blocks of about 8 MB at line ends: the serial part. `decode` then reads a block on any
thread. A block of the native schema goes through Arrow's parser as it is; where that stumbles, or a format is not
ours, its lines are read one by one, so that only the broken ones are lost.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.json as pj

from stillwatch.errors import InputError
from stillwatch.traffic.intake import Intake, Place
from stillwatch.traffic.readers import Native, Reader
from stillwatch.traffic.rows import INVALID_UTF8, TOO_LONG, Json, Row, RowError
from stillwatch.traffic.schema import TIME, LazyBatch
from stillwatch.traffic.streams import Stream

BLOCK = 8 << 20
LINE_LIMIT = 64 << 20  # a longer line is left out unread: no request is as long, and memory has an end
_BAD_JSON = "bad JSON"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole lines of a file."""

    content: bytes
    line: int  # number of the first, from 1
    broken: str | None = None  # instead of content: why this one line is left out


def cut(stream: Stream, size: int = BLOCK) -> Iterator[Block]:
    """The blocks of a file, in order. The cuts depend on the content alone."""
    line, held, skipping = 1, [], False
    while chunk := stream.read(size):
        end = chunk.rfind(b"\n") + 1
        if skipping and not (start := chunk.find(b"\n") + 1):
            continue
        if skipping:
            yield Block(b"", line, TOO_LONG)
            chunk, end, line, skipping = chunk[start:], end - start, line + 1, False
        if not end:
            held.append(chunk)
            if sum(map(len, held)) > LINE_LIMIT:
                held, skipping = [], True
            continue
        content = b"".join((*held, chunk[:end]))
        yield Block(content.removeprefix(_BOM) if line == 1 else content, line)
        line, held = line + _newlines(content), [chunk[end:]]
    yield from _last(stream, b"".join(held), line, skipping=skipping)


def _last(stream: Stream, content: bytes, line: int, *, skipping: bool) -> Iterator[Block]:
    if stream.damage or skipping:
        yield Block(b"", line, stream.damage or TOO_LONG)
    elif content:
        yield Block(content.removeprefix(_BOM) if line == 1 else content, line)


def batches(stream: Stream, reader: Reader, intake: Intake) -> Iterator[tuple[int, LazyBatch]]:
    """The requests of a file of lines, with how far the file has been read, in bytes."""
    for block in cut(stream):
        yield stream.position, partial(decode, block, stream.file, reader, intake)


def decode(block: Block, file: str, reader: Reader, intake: Intake) -> pa.RecordBatch:
    """The requests of a block; broken lines go to the rejects."""
    if block.broken:
        return intake.admit_rows([(Place(block.line), RowError(block.broken))], file)
    if isinstance(reader, Native) and (batch := _parsed(block.content, intake.schema)) is not None:
        return intake.admit(batch, file, block.line)
    return intake.admit_rows(list(_rows(block, reader)), file)


def _parsed(content: bytes, schema: pa.Schema) -> pa.RecordBatch | None:
    """A block by Arrow's parser; None if it is not plainly one object a line, of the schema's types."""
    starts = _line_starts(content)
    if (starts != ord("{")).any() or not _is_utf8(content):
        return None
    explicit = pa.schema([(column.name, pa.string() if column.type == TIME else column.type) for column in schema])
    try:
        table = pj.read_json(
            pa.BufferReader(content),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(content) + 1),
            parse_options=pj.ParseOptions(explicit_schema=explicit, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != len(starts):
        return None
    return pa.RecordBatch.from_arrays([_single(table[name]) for name in schema.names], names=schema.names)


def _newlines(content: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(content, np.uint8) == ord("\n")))  # five times bytes.count


def _line_starts(content: bytes) -> npt.NDArray[np.uint8]:
    """The first byte of each line. Arrow's parser ends the process on a block that starts with `null`: look before."""
    characters = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    inner = ends[:-1] if content.endswith(b"\n") else ends
    return np.concatenate((characters[:1], characters[inner + 1]))


def _is_utf8(content: bytes) -> bool:
    """Whether the block is valid UTF-8: Arrow checks it at 10 GB/s and without holding the interpreter."""
    offsets = pa.array([0, len(content)], pa.int64()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(content)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _single(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _rows(block: Block, reader: Reader) -> Iterator[tuple[Place, Row | RowError]]:
    for line, content in enumerate(block.content.split(b"\n"), block.line):
        if content.strip():
            yield from rows_of(content, line, reader)


def rows_of(content: bytes | msgspec.Raw, line: int, reader: Reader) -> Iterator[tuple[Place, Row | RowError]]:
    """The requests in one JSON text, each with its place, or why there is none."""
    try:
        record = record_of(content)
    except RowError as error:
        yield Place(line), error
        return
    yield from read_record(record, line, reader)


def read_record(record: dict[str, Json], line: int, reader: Reader) -> Iterator[tuple[Place, Row | RowError]]:
    """The requests in one record, each with its place."""
    try:
        for item, row in enumerate(reader.read(record)):
            yield Place(line, item), row
    except RowError as error:
        yield Place(line), error


def record_of(content: bytes | msgspec.Raw) -> dict[str, Json]:
    """One JSON object.

    Raises:
        RowError: it is none.
    """
    try:
        record = msgspec.json.decode(content)
    except UnicodeDecodeError:
        raise RowError(INVALID_UTF8) from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        record = _lenient(bytes(content))
    if not isinstance(record, dict):
        raise RowError("not a JSON object")
    return record


def _lenient(content: bytes) -> Json:
    """With what msgspec refuses and others write: NaN, whole numbers of more than 64 bits."""
    try:
        return json.loads(content.decode())
    except UnicodeDecodeError:
        raise RowError(INVALID_UTF8) from None
    except (ValueError, RecursionError):
        raise RowError(_BAD_JSON) from None


def documents(content: bytes, file: str) -> list[msgspec.Raw]:
    """The records of a JSON document: of a list, of a list under `data` (as APIs page), or the document itself.

    Raises:
        InputError: it is no JSON.
    """
    try:
        if content.removeprefix(_BOM).lstrip()[:1] == b"[":
            return msgspec.json.decode(content.removeprefix(_BOM), type=list[msgspec.Raw])
        page = msgspec.json.decode(content.removeprefix(_BOM), type=dict[str, msgspec.Raw])
        if bytes(page.get("data", b""))[:1] == b"[":
            return msgspec.json.decode(page["data"], type=list[msgspec.Raw])
        return [msgspec.Raw(content.removeprefix(_BOM))]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InputError(
            "The file is no valid JSON.", where=file, hint="A log has one JSON object a line, or is one JSON list."
        ) from error


def document_batches(stream: Stream, reader: Reader, intake: Intake) -> Iterator[tuple[int, LazyBatch]]:
    """The requests of a document, in runs of about a block; a place is the record's number."""
    records = documents(stream.all(), stream.file)
    first, held = 0, 0
    for end, record in enumerate(records, 1):
        held += len(memoryview(record))
        if held >= BLOCK or end == len(records):
            yield stream.position, partial(decode_run, records[first:end], first + 1, stream.file, reader, intake)
            first, held = end, 0


def decode_run(records: list[msgspec.Raw], first: int, file: str, reader: Reader, intake: Intake) -> pa.RecordBatch:
    """The requests of a run of records."""
    rows = [found for line, record in enumerate(records, first) for found in rows_of(record, line, reader)]
    return intake.admit_rows(rows, file)
