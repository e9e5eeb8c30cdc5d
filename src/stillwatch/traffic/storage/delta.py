"""Delta tables, here or in an object store: one version of the table, pinned when it is opened.

The reading is DataFusion's, by `deltalake`: columns and `--until` are pushed down to the files and their statistics.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.errors import ConfigError, InputError

if TYPE_CHECKING:
    from stillwatch.traffic.storage.tables import Wanted


class Delta:
    """A Delta table at the version that it has now.

    Args:
        name: its folder, or its address in a store.

    Raises:
        InputError: it cannot be read.
        ConfigError: the extra `delta` is not installed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        try:
            from deltalake import DeltaTable  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            hint = "pip install 'stillwatch[delta]'"
            raise ConfigError("This is a Delta table, and deltalake is not installed.", where=name, hint=hint) from None
        try:
            self._table = DeltaTable(name)
        except Exception as error:
            raise self._told(error) from error

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(field.name for field in self._table.schema().fields)

    @cached_property
    def size(self) -> int:
        """Of the version's files, in bytes."""
        return self._sum("size_bytes")

    def _sum(self, column: str) -> int:
        """Over the version's files; what writers left out counts nothing."""
        files = pa.table(self._table.get_add_actions(flatten=True))
        return sum(value or 0 for value in files[column].to_pylist()) if column in files.column_names else 0

    def prepare(self, wanted: "Wanted") -> None:
        """Nothing: the version is pinned."""

    def first(self) -> pa.RecordBatch | None:
        """One row."""
        return next((batch for batch in self._stream("SELECT * FROM log LIMIT 1") if len(batch)), None)

    def batches(self, wanted: "Wanted") -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows, with how far in `size`, as if all rows were as long."""
        columns = ", ".join(map(_quoted, wanted.columns))
        sql = f"SELECT {columns} FROM log{self._before(wanted)}"  # noqa: S608 - quoted names
        rows, done = max(1, self._sum("num_records")), 0
        for batch in self._stream(sql):
            done += len(batch)
            yield min(self.size, self.size * done // rows), batch

    def _before(self, wanted: "Wanted") -> str:
        """Rows without a time stay: they are noted as left out."""
        if wanted.until is None or wanted.time is None:
            return ""
        column = _quoted(wanted.time)
        return f" WHERE {column} < {_literal(wanted.until)} OR {column} IS NULL" if self._is_time(wanted.time) else ""

    def _is_time(self, column: str) -> bool:
        kinds = {field.name: getattr(field.type, "type", "") for field in self._table.schema().fields}
        return str(kinds[column]).startswith("timestamp")

    def _stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        from deltalake import QueryBuilder  # noqa: PLC0415 - an extra

        try:
            yield from pa.RecordBatchReader.from_stream(QueryBuilder().register("log", self._table).execute(sql))
        except GeneratorExit:
            raise
        except Exception as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> InputError:
        said = " ".join(str(error).split())[:200]
        hint = "Check the table and, in a store, the credentials in the environment; was it vacuumed meanwhile?"
        return InputError(f"The Delta table cannot be read ({said}).", where=self._name, hint=hint)


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _literal(when: datetime) -> str:
    return f"TIMESTAMP '{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}'"
