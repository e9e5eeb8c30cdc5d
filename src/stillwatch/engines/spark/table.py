"""A table on Spark: what Spark holds, and the steps that a worker takes over it when it is next asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

import pyarrow as pa
from pyspark import StorageLevel

from stillwatch.engines.contract import Heap, Kernel, P, S
from stillwatch.engines.spark.border import inward, schema_of, struct
from stillwatch.engines.spark.faults import told
from stillwatch.engines.spark.shipping import (
    PART,
    ROWS,
    Chain,
    Folded,
    Heaped,
    Joined,
    Mapped,
    Step,
    joined,
    shipped,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from stillwatch.engines.spark.engine import SparkEngine

T = TypeVar("T")

#: Sums that reach the driver: the others are joined in the workers.
SUMS = 8


@dataclass(frozen=True)
class SparkTable:
    """Rows on Spark.

    Attributes:
        engine: where; it keeps what is kept.
        frame: what Spark holds.
        source: its columns as ours.
        schema: of the rows after the steps.
        steps: what a worker does with the frame's batches; one passage, however many there are.
    """

    engine: "SparkEngine"
    frame: "DataFrame"
    source: pa.Schema
    schema: pa.Schema
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, engine: "SparkEngine", frame: "DataFrame", schema: pa.Schema | None = None) -> "SparkTable":
        """A frame as a table; its columns are read as the schema says."""
        columns = schema or schema_of(frame.schema)
        return cls(engine, frame, columns, columns)

    def map(self, kernel: Kernel, schema: pa.Schema) -> "SparkTable":
        """Each batch as the kernel makes it."""
        return self.stepped(Mapped(kernel), schema)

    def stepped(self, step: Step, schema: pa.Schema) -> "SparkTable":
        """What a step makes of the batches of each partition."""
        return replace(self, schema=schema, steps=(*self.steps, step))

    def fold(self, kernel: Callable[[pa.RecordBatch], P], start: Callable[[], S]) -> S:
        """One value: a sum a partition, joined in a few workers, and these here."""
        parts = self.stepped(Folded(kernel, start), PART).made().repartition(SUMS, "part")
        sums = SparkTable.of(self.engine, parts, PART).stepped(Joined(start), PART)
        return cast("S", joined(sums.batches(), start))

    def gather(self, by: str, kernel: Kernel, start: Callable[[], Heap], schema: pa.Schema) -> "SparkTable":
        """One row a key: heaped beside the data, so that a key with a third of all rows is one row a partition."""
        beside = self.map(kernel, schema).stepped(Heaped(start, ROWS), schema)
        shuffled = SparkTable.of(self.engine, beside.made().repartition(by), schema)
        return shuffled.stepped(Heaped(start), schema).kept()

    def kept(self) -> "SparkTable":
        """The same, on the executors' disks: where one is lost, what it held is computed again."""
        return SparkTable.of(self.engine, self.engine.keep(self.made().persist(StorageLevel.DISK_ONLY)), self.schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, brought here."""
        with told(self.engine.place):
            rows = self.made().toArrow()
        return (inward(batch, self.schema) for batch in rows.to_batches())

    def made(self) -> "DataFrame":
        """The frame after the steps; Spark has done nothing yet."""
        if not self.steps:
            return self.frame
        task = shipped(Chain(self.source, self.steps, self.schema))
        with told(self.engine.place):
            return self.frame.mapInArrow(task, struct(self.schema))
