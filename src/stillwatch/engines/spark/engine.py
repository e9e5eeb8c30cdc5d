"""The verbs of `engines.contract.Engine` on a Spark session."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.engines.contract import Table
from stillwatch.engines.spark.border import outward, struct
from stillwatch.engines.spark.faults import told
from stillwatch.engines.spark.shipping import Paired, shipped
from stillwatch.engines.spark.table import SparkTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class SparkEngine:
    """Where a scan runs: a Spark session.

    Args:
        session: of Spark 4, not of Spark Connect.
        own: whether it ends with the engine.
    """

    def __init__(self, session: "SparkSession", *, own: bool = False) -> None:
        self.session, self.place = session, str(session.sparkContext.master)
        self._own, self._kept, self._names = own, list["DataFrame"](), threading.Lock()

    def table(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> SparkTable:
        """A table of what is here."""
        held = struct(schema)
        rows = pa.Table.from_batches(
            [outward(batch, schema) for batch in batches], outward(_none(schema), schema).schema
        )
        with told(self.place):
            return SparkTable.of(self, self.session.createDataFrame(rows, held), schema)

    def sql(self, text: str, **tables: Table) -> SparkTable:
        """A statement over tables."""
        with self._names, told(self.place):
            for name, table in tables.items():
                self._here(table).made().createOrReplaceTempView(name)
            try:
                return SparkTable.of(self, self.session.sql(text))
            finally:
                for name in tables:
                    self.session.catalog.dropTempView(name)

    def cogroup(
        self,
        by: str,
        left: Table,
        right: Table,
        kernel: Callable[[pa.Table, pa.Table], pa.RecordBatch],
        schema: pa.Schema,
    ) -> SparkTable:
        """For each value of `by` in the left table, what the kernel makes of its rows there and in the right one."""
        task, none = shipped(Paired(left.schema, right.schema, kernel, schema)), outward(_none(schema), schema)

        def pair(one: pa.Table, other: pa.Table) -> pa.Table:
            import pyarrow as pa  # noqa: PLC0415 — pickled by value, as `shipped` is

            return pa.Table.from_batches(task((one, other)), none.schema)

        with told(self.place):
            groups = self._here(left).made().groupBy(by).cogroup(self._here(right).made().groupBy(by))
            return SparkTable.of(self, groups.applyInArrow(pair, struct(schema)), schema)

    def _here(self, table: Table) -> SparkTable:
        return table if isinstance(table, SparkTable) else self.table(table.batches(), table.schema)

    def keep(self, frame: "DataFrame") -> "DataFrame":
        """Remember what was kept, to give it back."""
        self._kept.append(frame)
        return frame

    def close(self) -> None:
        """Give back what was kept; end the session if it is ours."""
        with suppress(Exception):  # a cluster that is gone has given it back
            for frame in self._kept:
                frame.unpersist()
        self._kept.clear()
        if self._own:
            with suppress(Exception):
                self.session.stop()


def _none(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)
