"""What has rows instead of files: ClickHouse, Delta tables, Iceberg tables. All are read in the same way.

    table = opened("clickhouse://scanner@ch.example:8443/logs/requests?secure=1")
    log = TableLog(name, table, reader, wanted_of(table, reader, intake, until))
    for position, decode in log.batches(intake): ...

A table gives Arrow batches of the columns that are wanted, twice the same rows. Its columns are the request schema's,
or those of a format that is known or mapped (`traffic.readers`), as with Parquet files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.traffic import parquet
from stillwatch.traffic.intake import Intake
from stillwatch.traffic.readers import Mapping, Native, Reader
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.schema import REQUESTS, LazyBatch
from stillwatch.traffic.storage.detection import iceberg_metadata, is_delta

_REQUIRED = tuple(column.name for column in REQUESTS if not column.nullable)
_ROWS = 16_384
_BATCH_BYTES = 64 << 20


@dataclass(frozen=True)
class Wanted:
    """What is asked of a table.

    Args:
        columns: to be read.
        identity: those that tell a row from all others, as far as is known.
        time: the column of the request's time, if it is one; None if it stands inside another.
        until: only rows before this moment need come.
    """

    columns: tuple[str, ...]
    identity: tuple[str, ...]
    time: str | None
    until: datetime | None


class Table(Protocol):
    """Rows somewhere."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def size(self) -> int:
        """About how much there is, in bytes, once prepared."""

    def first(self) -> pa.RecordBatch | None:
        """One row; None if there is none."""

    def prepare(self, wanted: Wanted) -> None:
        """Fix which rows there are."""

    def batches(self, wanted: Wanted) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows, with how far in `size`: the same in every reading, in whatever order."""


def opened(name: str, password_file: Path | None = None) -> Table:
    """A table, reached when it is first asked.

    Raises:
        InputError: it cannot be read.
        ConfigError: the address is none, or the extra that reads it is not installed.
    """
    if name.startswith("clickhouse://"):
        from stillwatch.traffic.storage.clickhouse.address import Address  # noqa: PLC0415
        from stillwatch.traffic.storage.clickhouse.table import ClickHouse  # noqa: PLC0415

        return ClickHouse(Address.parse(name, password_file))
    if is_delta(name):
        from stillwatch.traffic.storage.delta import Delta  # noqa: PLC0415

        return Delta(name)
    from stillwatch.traffic.storage.iceberg import Iceberg  # noqa: PLC0415

    metadata = iceberg_metadata(name)
    return Iceberg.of_catalog(name) if metadata is None else Iceberg.of_metadata(metadata)


def record_of(row: pa.RecordBatch) -> dict[str, object]:
    """The first row, for those who recognise formats."""
    return next((record for record in parquet.records(row) if isinstance(record, dict)), {})


def wanted_of(table: Table, reader: Reader, intake: Intake, until: datetime | None, name: str) -> Wanted:
    """What a reader needs of a table.

    Raises:
        InputError: a required column is not there.
    """
    there = table.columns
    if isinstance(reader, Native):
        if lacking := [column for column in _REQUIRED if column not in there]:
            hint = "Name the columns as the request schema has them, or describe them by --mapping."
            raise InputError(f"The table has no column {', '.join(lacking)}.", where=name, hint=hint)
        columns = tuple(column for column in intake.schema.names if column in there)
        return Wanted(columns, _REQUIRED, "time", until)
    if isinstance(reader, Mapping):
        columns, identity = _mapped(reader, there), _mapped(reader, there, _REQUIRED)
        place = reader.columns["time"]
        return Wanted(columns, identity, place.path if place.path in there and not place.unit else None, until)
    return Wanted(there, there, None, until)


def _mapped(mapping: Mapping, there: Sequence[str], only: Sequence[str] | None = None) -> tuple[str, ...]:
    paths = {place.path for column, place in mapping.columns.items() if place.path and (only is None or column in only)}
    named = {path if path in there else path.partition(".")[0] for path in paths}
    return tuple(column for column in there if column in named)


@dataclass
class TableLog:
    """A table as a log: its batches are decoded as those of a Parquet file are.

    A row has no place that is the same in two readings, so what is left out is noted in the first of everybody alone.
    """

    file: str
    table: Table
    reader: Reader
    wanted: Wanted
    _noted: bool = False

    def __post_init__(self) -> None:
        self.table.prepare(self.wanted)

    @property
    def size(self) -> int:
        """In bytes, about."""
        return self.table.size

    def batches(self, intake: Intake) -> Iterator[tuple[int, LazyBatch]]:
        """Its requests, with how far in `size`."""
        everybody = intake.accounts is None
        intake = intake if everybody and not self._noted else replace(intake, rejects=Rejects())
        decode = parquet.decode_native if isinstance(self.reader, Native) else parquet.decode_records
        row = 1
        for position, block in self.table.batches(self.wanted):
            for batch in _pieces(block):
                yield position, partial(decode, batch, row, self.file, self.reader, intake)
                row += len(batch)
        self._noted = self._noted or everybody


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A block in batches small enough for any length of text."""
    rows = max(64, min(_ROWS, _BATCH_BYTES * len(batch) // max(1, batch.nbytes)))
    for start in range(0, len(batch), rows):
        yield batch.slice(start, rows)
