"""The one gate into the request schema: whatever the format, every decoded batch passes here.

`Intake.admit` finds the rows that cannot stand (a required value missing, a time out of range, invalid UTF-8, a text
over the limit), notes them in the rejects, keeps the rest, replaces identifiers by tokens and gives the columns that
were asked for. An intake for some accounts drops the rows of others before any of that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.traffic.pseudonyms import KINDS, Key, pseudonymised
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.rows import (
    EARLIEST,
    INVALID_UTF8,
    LATEST,
    OUT_OF_RANGE,
    TEXT_LIMIT,
    TOO_LONG,
    Row,
    RowError,
    batch_of,
    checked,
    instant,
    missing,
    text,
)
from stillwatch.traffic.schema import MESSAGE, REQUESTS, TIME

I64 = npt.NDArray[np.int64]

_MICROSECONDS_PER = {"s": 10**6, "ms": 10**3, "us": 1}


@dataclass(frozen=True)
class Place:
    """Where a row stands, for the rejects."""

    line: int
    item: int = 0


@dataclass(frozen=True)
class Intake:
    """What a table is read into, and under which key.

    Args:
        rejects: where broken rows are noted.
        key: under which identifiers become tokens.
        table: `REQUESTS` or `ACCOUNTS`.
        columns: those that are wanted; None for all.
        accounts: ids of those whose rows are wanted; None for everybody's. Rows of others are not checked, nor noted.
    """

    rejects: Rejects
    key: Key
    table: pa.Schema = REQUESTS
    columns: tuple[str, ...] | None = None
    accounts: pa.StringArray | None = None
    schema: pa.Schema = field(init=False)  # what has to be read
    result: pa.Schema = field(init=False)  # what is handed on

    def __post_init__(self) -> None:
        wanted = set(self.table.names if self.columns is None else self.columns)
        if unknown := wanted - set(self.table.names):
            raise ValueError(f"no such columns: {sorted(unknown)}")
        read = [column for column in self.table if column.name in wanted or not column.nullable]
        object.__setattr__(self, "schema", pa.schema(read))
        object.__setattr__(self, "result", pa.schema([column for column in read if column.name in wanted]))

    def admit_rows(self, rows: Sequence[tuple[Place, Row | RowError]], file: str) -> pa.RecordBatch:
        """The batch of the rows that stand; the others go to the rejects."""
        places, good = [], []
        for place, row in rows:
            try:
                if isinstance(row, RowError):
                    raise row
                if self._asks_for(row):
                    good.append(checked(row, self.schema))
                    places.append(place)
            except RowError as error:
                self.rejects.add(file, place.line, error.reason, item=place.item)
        return self.admit(batch_of(good, self.schema), file, places)

    def admit(self, batch: pa.RecordBatch, file: str, places: Sequence[Place] | int) -> pa.RecordBatch:
        """The valid part of a batch, in `result`.

        Args:
            batch: the columns of `schema` in its types, save that times may be of any unit, texts or numbers.
            file: as the user named it.
            places: where each row stands, or the line of the first where they follow each other.
        """
        rows = self._asked_for(batch)
        batch = batch if len(rows) == len(batch) else batch.take(pa.array(rows))
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        bad: dict[int, str] = {}
        for column in self.schema:
            if column.type == TIME:
                columns[column.name], wrong = times(columns[column.name], column.name)
                bad |= wrong
        for column in self.schema:
            if not column.nullable:
                _note(bad, _absent(columns[column.name]), missing(column.name))
            _note_texts(bad, columns[column.name])
        for row, reason in bad.items():
            at = int(rows[row])
            place = Place(places + at) if isinstance(places, int) else places[at]
            self.rejects.add(file, place.line, reason, item=place.item)
        valid = pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], names=self.schema.names)
        return self._finished(_without(valid, bad))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(() if self.accounts is None else self.accounts.to_pylist())

    def _asks_for(self, row: Row) -> bool:
        try:
            return self.accounts is None or text(row.get("account_id"), "account_id") in self._names
        except RowError:  # nobody's: a reading of everybody says why
            return False

    def _asked_for(self, batch: pa.RecordBatch) -> Sequence[int] | I64:
        """The numbers of the rows that are theirs."""
        if self.accounts is None:
            return range(len(batch))
        return np.flatnonzero(pc.is_in(batch.column("account_id"), self.accounts).to_numpy(zero_copy_only=False))

    def _finished(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = [self._finished_column(batch.column(name), name) for name in self.result.names]
        return pa.RecordBatch.from_arrays(arrays, schema=self.result)

    def _finished_column(self, column: pa.Array, name: str) -> pa.Array:
        if name in KINDS:
            return pseudonymised(column, KINDS[name], self.key)
        if pa.types.is_float64(column.type):
            return pc.if_else(pc.is_finite(column), column, None)
        return _dense(column) if pa.types.is_list(column.type) else column


def times(column: pa.Array, name: str) -> tuple[pa.Array, dict[int, str]]:
    """A column of times in whatever form as `TIME`, and why some rows have none.

    Timestamps without a zone are taken as UTC; texts and numbers are read as `rows.instant` does.
    """
    if pa.types.is_string(column.type):
        try:
            column = pc.cast(column, TIME)
        except pa.ArrowInvalid:
            return _times_one_by_one(column, name)
    if pa.types.is_timestamp(column.type):
        return _times_in_range(column)
    return _times_one_by_one(column, name)


def _times_in_range(column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    ticks = column.cast(pa.int64())
    if column.type.unit == "ns":
        ticks = pc.divide(ticks, 1000)
        scale = 1
    else:
        scale = _MICROSECONDS_PER[column.type.unit]
    inside = pc.and_(pc.greater_equal(ticks, EARLIEST // scale), pc.less(ticks, LATEST // scale))
    micros = pc.multiply(pc.if_else(inside, ticks, None), scale)
    bad: dict[int, str] = {}
    _note(bad, pc.invert(inside), OUT_OF_RANGE)
    return micros.cast(TIME), bad


def _times_one_by_one(column: pa.Array, name: str) -> tuple[pa.Array, dict[int, str]]:
    micros: list[int | None] = []
    bad = {}
    for row in range(len(column)):
        micros.append(None)
        try:
            micros[row] = instant(column[row].as_py(), name)
        except RowError as error:
            bad[row] = error.reason
        except UnicodeDecodeError:
            bad[row] = INVALID_UTF8
    return pa.array(micros, TIME), bad


def _absent(column: pa.Array) -> pa.Array:
    absent = column.is_null()
    if pa.types.is_string(column.type):
        absent = pc.or_(absent, pc.fill_null(pc.equal(pc.binary_length(column), 0), False))
    return absent


def _note(bad: dict[int, str], mask: pa.Array, reason: str) -> None:
    if pc.any(mask).as_py():
        for row in pc.indices_nonzero(mask.fill_null(False)).to_pylist():
            bad.setdefault(row, reason)


def _note_texts(bad: dict[int, str], column: pa.Array) -> None:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        _note(bad, _mask(column, _is_invalid), INVALID_UTF8)
    if pa.types.is_string(column.type) or pa.types.is_list(column.type):
        texts = column if pa.types.is_string(column.type) else column.flatten().field(1)
        if (pc.max(pc.binary_length(texts)).as_py() or 0) > TEXT_LIMIT:
            _note(bad, _mask(column, _is_too_long), TOO_LONG)


def _mask(column: pa.Array, judge: Callable[[pa.Scalar], bool]) -> pa.Array:
    return pa.array([judge(value) for value in column], pa.bool_())


def _is_invalid(value: pa.Scalar) -> bool:
    try:
        value.as_py()
    except UnicodeDecodeError:
        return True
    return False


def _is_too_long(value: pa.Scalar) -> bool:
    if isinstance(value, pa.ListScalar):
        return any(_is_too_long(message["content"]) for message in value.values or () if message.is_valid)
    return bool(value.is_valid and value.as_buffer().size > TEXT_LIMIT)


def _without(batch: pa.RecordBatch, bad: dict[int, str]) -> pa.RecordBatch:
    if not bad:
        return batch
    return batch.take(pa.array([row for row in range(len(batch)) if row not in bad], pa.int64()))


def _dense(column: pa.Array) -> pa.Array:
    """Messages without nulls in between: a null message is one without role and content.

    So a kernel may walk the content buffer alone.
    """
    if not column.values.null_count:
        return column
    if column.offset:  # a slice: the mask has to start where the offsets do
        column = column.take(pa.array(range(len(column)), pa.int64()))
    children = column.values.flatten()
    entries = pa.StructArray.from_arrays(children, fields=list(MESSAGE))
    return pa.ListArray.from_arrays(column.offsets, entries, mask=column.is_null() if column.null_count else None)
