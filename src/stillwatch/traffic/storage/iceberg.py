"""Iceberg tables, by a catalog or by their folder: one snapshot of the table, pinned when it is opened.

    iceberg://CATALOG/namespace.table     # the catalog as ~/.pyiceberg.yaml or PYICEBERG_CATALOG__… describe it
    s3://bucket/warehouse/logs/requests   # the newest metadata file in the table's folder

The reading is `pyiceberg`'s: one file of rows at a time, columns and `--until` pushed down to its statistics.
"""

import os
from collections.abc import Iterator
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from stillwatch.errors import ConfigError, InputError

if TYPE_CHECKING:
    from pyiceberg.table import DataScan, FileScanTask
    from pyiceberg.table import Table as IcebergTable

    from stillwatch.traffic.storage.tables import Wanted


class Iceberg:
    """An Iceberg table at the snapshot that it has now.

    Args:
        name: what the user called it.
        table: pyiceberg's.
    """

    def __init__(self, name: str, table: "IcebergTable") -> None:
        self._name, self._table = name, table
        snapshot = table.current_snapshot()
        self._snapshot = None if snapshot is None else snapshot.snapshot_id

    @classmethod
    def of_catalog(cls, name: str) -> Self:
        """A table that a catalog knows.

        Raises:
            InputError: it cannot be read.
            ConfigError: the address is none, or the extra `iceberg` is not installed.
        """
        catalog, _, table = name.removeprefix("iceberg://").partition("/")
        if not catalog or "." not in table:
            hint = "It is iceberg://CATALOG/namespace.table."
            raise ConfigError("The address names no table in a catalog.", where=name, hint=hint)
        try:
            from pyiceberg.catalog import load_catalog  # noqa: PLC0415 - an extra

            return cls(name, load_catalog(catalog).load_table(table))
        except ModuleNotFoundError as missing:
            raise _lacking(name, missing) from None
        except Exception as error:
            raise _told(name, error) from error

    @classmethod
    def of_metadata(cls, file: str) -> Self:
        """A table by its metadata file.

        Raises:
            InputError: it cannot be read.
            ConfigError: the extra `iceberg` is not installed.
        """
        try:
            from pyiceberg.table import StaticTable  # noqa: PLC0415 - an extra

            return cls(file, StaticTable.from_metadata(file, _properties()))
        except ModuleNotFoundError as missing:
            raise _lacking(file, missing) from None
        except Exception as error:
            raise _told(file, error) from error

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(field.name for field in self._table.schema().fields)

    @cached_property
    def size(self) -> int:
        """Of the snapshot's files, in bytes."""
        return sum(task.file.file_size_in_bytes for task in self._tasks(self._scan(self.columns)))

    def prepare(self, wanted: "Wanted") -> None:
        """Nothing: the snapshot is pinned."""

    def first(self) -> pa.RecordBatch | None:
        """One row."""
        scan = self._scan(self.columns)
        batches = (batch for task in self._tasks(scan) for batch in self._read(scan, task))
        return next((batch.slice(0, 1) for batch in batches if len(batch)), None)

    def batches(self, wanted: "Wanted") -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows, with how far in `size`."""
        scan, done = self._scan(wanted.columns, self._before(wanted)), 0
        for task in self._tasks(scan):
            done += task.file.file_size_in_bytes
            for batch in self._read(scan, task):
                yield done, batch

    def _before(self, wanted: "Wanted") -> str | None:
        """Rows without a time stay: they are noted as left out."""
        if wanted.until is None or wanted.time is None:
            return None
        kind = str(self._table.schema().find_field(wanted.time).field_type)
        if not kind.startswith("timestamp"):
            return None
        until = f"{wanted.until.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}" + (
            "+00:00" if kind.startswith("timestamptz") else ""
        )
        return f'"{wanted.time}" < \'{until}\' or "{wanted.time}" is null'

    def _scan(self, columns: tuple[str, ...], condition: str | None = None) -> "DataScan":
        scan = self._table.scan(selected_fields=columns, snapshot_id=self._snapshot)
        return scan.filter(condition) if condition else scan

    def _tasks(self, scan: "DataScan") -> "list[FileScanTask]":
        try:
            return sorted(scan.plan_files(), key=lambda task: task.file.file_path) if self._snapshot else []
        except Exception as error:
            raise _told(self._name, error) from error

    def _read(self, scan: "DataScan", task: "FileScanTask") -> Iterator[pa.RecordBatch]:
        """One file's rows: pyiceberg reads all files of a scan at once, into memory, if it is given all."""
        from pyiceberg.io.pyarrow import ArrowScan  # noqa: PLC0415 - an extra

        try:
            reading = ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter, scan.case_sensitive)
            yield from reading.to_record_batches([task])
        except GeneratorExit:
            raise
        except Exception as error:
            raise _told(self._name, error) from error


def _properties() -> dict[str, str]:
    """What pyiceberg does not take from the environment by itself."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return {"s3.endpoint": endpoint} if endpoint else {}


def _lacking(name: str, missing: ModuleNotFoundError) -> ConfigError:
    what = f"This is an Iceberg table, and {missing.name} is not installed."
    return ConfigError(what, where=name, hint="pip install 'stillwatch[iceberg]'")


def _told(name: str, error: Exception) -> InputError:
    said = " ".join(str(error).split())[:200]
    hint = "Check the catalog (~/.pyiceberg.yaml), the table and, in a store, the credentials in the environment."
    return InputError(f"The Iceberg table cannot be read ({said or type(error).__name__}).", where=name, hint=hint)
