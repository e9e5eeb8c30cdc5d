"""One record of somebody's log as one row of ours: the checks that every row passes, and how to pick values out.

Readers (`traffic.readers`) turn a record into a `Row`, a dict over the columns of `schema.REQUESTS` with any of them
left out. `checked` holds it to the schema's types. Whatever does not fit raises `RowError`, whose words go to the
rejects.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa

from stillwatch.traffic.schema import REQUESTS

Json = Any  # what a JSON text decodes to
Record = Mapping[str, Json]
Row = dict[str, Any]
Message = dict[str, str | None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: Microseconds since 1970. A clock outside is broken, and would stretch every window.
EARLIEST = (datetime(2015, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST = (datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND

#: Bytes of one text. Ten times what the longest context windows take.
TEXT_LIMIT = 16 << 20

_IDENTIFIERS = range(-(1 << 63), 1 << 64)  # whole numbers that databases have for them, signed or not

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
TEXT_PARTS = (None, "text", "input_text", "output_text")  # a tuple: what a log has there may be a list
SYSTEM_ROLES = ("system", "developer")

#: The columns of numbers, for sources that write them as texts.
NUMERIC = frozenset(column.name for column in REQUESTS if str(column.type) in ("int64", "double"))

OUT_OF_RANGE = "time out of range"
INVALID_UTF8 = "invalid UTF-8"
TOO_LONG = "text over the limit"


class RowError(Exception):
    """Why a record is no request: fixed words and a column's name, nothing of the content."""

    @property
    def reason(self) -> str:
        """The words for the rejects."""
        return str(self)


def missing(column: str) -> str:
    """The reason for a row that lacks a column."""
    return f"missing field: {column}"


def wrong_type(column: str) -> RowError:
    """The error for a value that the column cannot hold."""
    return RowError(f"wrong type: {column}")


def text(value: object, column: str) -> str | None:
    """A text; a whole number or a UUID is taken as an identifier.

    Raises:
        RowError: of another type, or not encodable as UTF-8 (lone surrogates).
    """
    if value is None or isinstance(value, str):
        if value and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise RowError(INVALID_UTF8) from None
        return value
    if isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool) and value in _IDENTIFIERS):
        return str(value)
    raise wrong_type(column)


def whole(value: object, column: str) -> int | None:
    """A whole number of at most 64 bits; 12.0 is one."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return value
    raise wrong_type(column)


def real(value: object, column: str) -> float | None:
    """A number; NaN and infinity say nothing and become null."""
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong_type(column)
    try:
        number = float(value)
    except OverflowError:
        raise wrong_type(column) from None
    return number if math.isfinite(number) else None


def instant(value: object, column: str = "time", *, unit: str | None = None) -> int | None:
    """A time as microseconds since 1970.

    Args:
        value: a datetime or ISO 8601 text (without a zone: UTC), or a number since 1970.
        column: for the error.
        unit: `s`, `ms`, `us` or `ns` of a number; told by its size if not given.

    Raises:
        RowError: no time, or before 2015 or after 2099.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = _parsed(value.strip(), column)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        micros = (aware - _EPOCH) // _MICROSECOND
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        micros = _since_1970(value, unit)
    else:
        raise wrong_type(column)
    if not EARLIEST <= micros < LATEST:
        raise RowError(OUT_OF_RANGE)
    return micros


def _parsed(value: str, column: str) -> datetime | int | float:
    try:
        if value.lstrip("-").isdecimal():
            return int(value)
        if value.replace(".", "", 1).isdecimal():
            return float(value)
        return datetime.fromisoformat(value.removesuffix(" UTC"))
    except ValueError:
        raise wrong_type(column) from None


def _since_1970(value: float, unit: str | None) -> int:
    if not abs(value) < 10**21:  # NaN and infinity too
        raise RowError(OUT_OF_RANGE)
    if unit is None:  # a time between 2015 and 2100 has 10 digits in seconds, 13 in milliseconds, ...
        size = abs(value)
        unit = "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
    if isinstance(value, int):
        return value * 10**6 // _PER_SECOND[unit]
    return round(value * (10**6 / _PER_SECOND[unit]))


def decoded(value: Json) -> Json:
    """JSON inside a text, as tables and attributes hold it; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return value
    return value


def plain(content: object, column: str = "input_messages") -> str | None:
    """The text of a message: itself, or the text parts of a list (OpenAI, Anthropic, OpenTelemetry), joined by lines.

    Pictures, sound and tool calls are left out.
    """
    if content is None or isinstance(content, str):
        return text(content, column)
    parts = [content] if isinstance(content, dict) else content
    if not isinstance(parts, list):
        raise wrong_type(column)
    texts = [found for part in parts if (found := _part_text(part, column)) is not None]
    return "\n".join(texts) if texts else None


def _part_text(part: object, column: str) -> str | None:
    if part is None or isinstance(part, str):
        return text(part, column)
    if not isinstance(part, dict):
        raise wrong_type(column)
    if part.get("type") not in TEXT_PARTS:
        return None
    return plain(first(part, "text", "content"), column)


def messages(value: object, column: str = "input_messages") -> list[Message] | None:
    """A list of messages, each `role` and the plain text of its content.

    Raises:
        RowError: no list of messages.
    """
    value = decoded(value)
    if value is None:
        return None
    if not isinstance(value, list):
        raise wrong_type(column)
    return [_message(entry, column) for entry in value]


def _message(entry: object, column: str) -> Message:
    if entry is None:
        return {"role": None, "content": None}
    if not isinstance(entry, dict):
        raise wrong_type(column)
    role = entry.get("role")
    if role is not None and not isinstance(role, str):
        raise wrong_type(column)
    return {"role": text(role, column), "content": plain(entry.get("content", entry.get("parts")), column)}


def without_system(conversation: Iterable[Message]) -> tuple[str | None, list[Message]]:
    """The system texts, joined, and the other messages."""
    conversation = list(conversation)
    system = [entry["content"] for entry in conversation if entry["role"] in SYSTEM_ROLES and entry["content"]]
    rest = [entry for entry in conversation if entry["role"] not in SYSTEM_ROLES]
    return "\n\n".join(part for part in system if part) or None, rest


def first(record: object, *paths: str) -> Json:
    """The first of several places that holds something; `a.b.0` walks into objects, lists and JSON texts."""
    for path in paths:
        value = dig(record, path)
        if value is not None and value != "":
            return value
    return None


def dig(record: object, path: str) -> Json:
    """What stands at a path; None if nothing does. A key that holds the dots itself is found too."""
    record = decoded(record)
    if isinstance(record, Mapping):
        if path in record:
            return record[path]
        key, dot, rest = path.partition(".")
        return dig(record[key], rest) if dot and key in record else None
    if isinstance(record, list):
        key, dot, rest = path.partition(".")
        if not key.isdecimal() or int(key) >= len(record):
            return None
        return dig(record[int(key)], rest) if dot else record[int(key)]
    return None


def number(value: Json) -> Json:
    """The number in a text, where a source writes numbers so; anything else as it is, for `checked` to judge."""
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value or None


def checked(row: Row, schema: pa.Schema) -> Row:
    """The row with exactly the schema's columns and types (times as microseconds).

    Raises:
        RowError: a value that its column cannot hold.
    """
    return {field.name: _check(field.type)(row.get(field.name), field.name) for field in schema}


def _check(kind: pa.DataType) -> Callable[[object, str], object]:
    if pa.types.is_string(kind):
        return text
    if pa.types.is_timestamp(kind):
        return instant
    if pa.types.is_int64(kind):
        return whole
    return real if pa.types.is_float64(kind) else messages


def batch_of(rows: list[Row], schema: pa.Schema) -> pa.RecordBatch:
    """Rows that passed `checked`, as one batch."""
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)
