"""Reads a ClickHouse table slice by slice of time, so that a broken stream costs a slice and two readings are the same.

At the start the server counts its rows by minute: that is the total for the progress, and the newest moment, behind
which later rows are not read. Minutes are put together to slices of about two million rows; each is one streamed query.

What a slice gave is remembered by a 64-bit hash a row, which the server makes of what identifies it. A slice whose
stream broke is asked for again, and rows that were handed on are passed over. The second reading takes exactly the rows
of the first, so that what was written late, between the two, is in neither; what was deleted in between is an error.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.traffic.storage.clickhouse.address import Address, quoted
from stillwatch.traffic.storage.clickhouse.plain import is_time, plain
from stillwatch.traffic.storage.clickhouse.server import Broken, Server
from stillwatch.traffic.storage.tables import Wanted
from stillwatch.traffic.storage.tally import Identities, Seen, Tally

ROW_BYTES = 1024  # nominal, so that a table's share of a progress beside files is about right
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before each further try of a slice
_SLICE_ROWS = 2_000_000
_IDENTITY = "stillwatch_identity"
_MINUTE = 60_000_000  # microseconds
_SHIFT = 75_000_000 * _MINUTE  # before 1900, so that whole minutes are counted from below for any time there is
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Which rows of a slice go on, given their identities.
Choice = Callable[[Identities], "np.typing.NDArray[np.bool_]"]


@dataclass(frozen=True)
class Slice:
    """One query's rows.

    Args:
        condition: which; None for all.
        rows: how many the server counted.
    """

    condition: str | None
    rows: int


class ClickHouse:
    """A table, or what a query gives.

    Args:
        address: where.
        waits: seconds before each further try.
        slice_rows: of a query, about.
    """

    def __init__(self, address: Address, *, waits: Sequence[float] = WAITS, slice_rows: int = _SLICE_ROWS) -> None:
        self._address, self._server = address, Server(address)
        self._waits, self._slice_rows = tuple(waits), slice_rows
        self._slices: tuple[Slice, ...] | None = None
        self._seen: Seen | None = None

    @cached_property
    def _kinds(self) -> dict[str, str]:
        described = self._server.ask(f"DESCRIBE TABLE {self._address.rows}")
        return {row[0]: row[1] for row in described if row[2] != "EPHEMERAL"}

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._kinds)

    @property
    def size(self) -> int:
        """About how much there is, in bytes; 0 until it was counted."""
        return ROW_BYTES * sum(piece.rows for piece in self._slices or ())

    def first(self) -> pa.RecordBatch | None:
        """One row."""
        sql = f"SELECT {self._selected(self.columns)} FROM {self._address.rows} AS x LIMIT 1"  # noqa: S608 - quoted names
        try:
            return next((batch for batch in self._server.stream(sql) if len(batch)), None)
        except Broken as error:
            raise InputError(str(error), where=self._address.text, hint="Run it again.") from error

    def prepare(self, wanted: Wanted) -> None:
        """Count, and fix which rows there are."""
        self._slices = tuple(self._counted(wanted))

    def batches(self, wanted: Wanted) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows, with how far in `size`.

        Raises:
            InputError: the server refuses, stays away, or lost rows since the first reading.
        """
        slices, before, fresh = self._slices or (), self._seen, Seen()
        done = 0
        for number, piece in enumerate(slices):
            sql = self._query(wanted, piece)
            reading = self._again(sql, before.tally(number)) if before else self._anew(sql, piece, fresh)
            for batch in reading:
                done += len(batch)
                yield min(ROW_BYTES * done, self.size), batch
        self._seen = before or fresh

    def _anew(self, sql: str, piece: Slice, seen: Seen) -> Iterator[pa.RecordBatch]:
        """The first reading of a slice."""
        handed: list[Identities] = []

        def attempt() -> Iterator[pa.RecordBatch]:
            already, streamed = Tally(np.concatenate(handed or [np.empty(0, np.uint64)])), 0
            for batch, identities in self._identified(sql):
                streamed += len(batch)
                new = ~already.take(identities)
                handed.append(identities[new])
                yield _chosen(batch, new)
            if streamed < piece.rows:
                raise Broken(f"Of {piece.rows:,} rows that were counted {streamed:,} came.")

        yield from self._tried(attempt)
        seen.keep(handed)

    def _again(self, sql: str, expected: Tally) -> Iterator[pa.RecordBatch]:
        """A further reading of a slice: what the first one saw."""

        def attempt() -> Iterator[pa.RecordBatch]:
            for batch, identities in self._identified(sql):
                yield _chosen(batch, expected.take(identities))

        yield from self._tried(attempt)
        if expected.left:
            raise InputError(
                f"{expected.left:,} rows were deleted from the table while it was read.",
                where=self._address.text,
                hint="Scan what its TTL or a mutation does not reach, by a query from a file (?query=FILE).",
            )

    def _tried(self, attempt: Callable[[], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
        for wait in (*self._waits, None):
            try:
                yield from attempt()
            except Broken as error:
                if wait is None:
                    raise self._gone(error) from error
                time.sleep(wait)
            else:
                return

    def _gone(self, error: Broken) -> InputError:
        tries = len(self._waits) + 1
        what = f"The stream broke {tries} times ({error})"
        return InputError(what, where=self._address.text, hint="Nothing was counted twice; run it again.")

    def _identified(self, sql: str) -> Iterator[tuple[pa.RecordBatch, Identities]]:
        for batch in self._server.stream(sql):
            identities = batch.column(_IDENTITY).to_numpy(zero_copy_only=False).astype(np.uint64)
            yield batch.drop_columns([_IDENTITY]), identities

    def _selected(self, columns: Sequence[str]) -> str:
        return ", ".join(self._cast(name) for name in columns)

    def _cast(self, name: str) -> str:
        kind = self._kinds[name]
        cast, column = plain(kind), quoted(name)
        if cast == kind:
            return column
        return f"CAST(x.{column} AS {cast}) AS {column}"

    def _query(self, wanted: Wanted, piece: Slice) -> str:
        told = ", ".join(f"ifNull(toString(x.{quoted(name)}), '')" for name in wanted.identity)
        where = f" WHERE {piece.condition}" if piece.condition else ""
        chosen = self._selected(wanted.columns)
        return f"SELECT {chosen}, cityHash64({told}) AS {_IDENTITY} FROM {self._address.rows} AS x{where}"  # noqa: S608

    def _counted(self, wanted: Wanted) -> Iterator[Slice]:
        """The slices, in the order of time; rows without a time come last."""
        rows = self._address.rows
        if wanted.time is None or not is_time(self._kinds[wanted.time]):
            ((count,),) = self._server.ask(f"SELECT count() FROM {rows}")  # noqa: S608
            yield Slice(None, count)
            return
        moment = f"x.{quoted(wanted.time)}"
        before = f" WHERE {moment} < {_literal(_micros(wanted.until))} OR isNull({moment})" if wanted.until else ""
        micros = f"toUnixTimestamp64Micro(toDateTime64({moment}, 6))"
        counted = self._server.ask(
            f"SELECT intDiv({micros} + {_SHIFT}, {_MINUTE}) AS minute, count(), max({micros}) "  # noqa: S608
            f"FROM {rows} AS x{before} GROUP BY minute ORDER BY minute NULLS LAST"
        )
        minutes = [row for row in counted if row[0] is not None]
        yield from self._slices_of(minutes, moment)
        if unknown := sum(row[1] for row in counted if row[0] is None):
            yield Slice(f"isNull({moment})", unknown)

    def _slices_of(self, minutes: Sequence[tuple[int, int, int]], moment: str) -> Iterator[Slice]:
        start, rows = 0, 0
        for number, (minute, count, newest) in enumerate(minutes):
            start, rows = start if rows else minute, rows + count
            last = number == len(minutes) - 1
            if rows >= self._slice_rows or last:
                begin, end = start * _MINUTE - _SHIFT, newest + 1 if last else (minute + 1) * _MINUTE - _SHIFT
                yield Slice(f"{moment} >= {_literal(begin)} AND {moment} < {_literal(end)}", rows)
                rows = 0


def _literal(micros: int) -> str:
    return f"fromUnixTimestamp64Micro({micros}, 'UTC')"


def _micros(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(microseconds=1)


def _chosen(batch: pa.RecordBatch, mask: "np.typing.NDArray[np.bool_]") -> pa.RecordBatch:
    return batch if mask.all() else batch.filter(pa.array(mask))
