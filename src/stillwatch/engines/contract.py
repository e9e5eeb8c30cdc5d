"""What an engine can do: the few verbs in which a scan is written, wherever it runs.

    people = requests.gather("account_id", profiled, Heaped)          # a keyed monoid: combined, shuffled, combined
    degrees = engine.sql("SELECT thing, count(*) AS degree FROM held GROUP BY thing", held=people.map(things, HELD))
    census = people.fold(counted, Census)                             # one small value of everything

`local` runs them in this process (threads over Arrow batches, DuckDB for SQL), `spark` on a cluster. Kernels are pure
functions over record batches, sums and heaps are commutative monoids (law 1), and SQL is what both dialects share, so
that where it runs changes no finding.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, Self, TypeVar

import pyarrow as pa

P = TypeVar("P")
P_contra = TypeVar("P_contra", contravariant=True)
S = TypeVar("S", bound="Sum[Any]")

Kernel = Callable[[pa.RecordBatch], pa.RecordBatch]


class Sum(Protocol[P_contra]):
    """One value of many parts, in whatever order they come; can be pickled."""

    def absorb(self, part: P_contra) -> None:
        """Add what a kernel made of one batch."""

    def join(self, other: Self) -> None:
        """Add another sum."""


class Heap(Protocol):
    """Rows that add up by a key: many in, one a key out."""

    def absorb(self, batch: pa.RecordBatch) -> None:
        """Add rows; what `batches` gives, too, so that heaps can be heaped."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """One row a key, in blocks."""


class Table(Protocol):
    """Rows somewhere: record batches of one schema, in an order that means nothing. Lazy until asked for."""

    @property
    def schema(self) -> pa.Schema:
        """Of every batch."""

    def map(self, kernel: Kernel, schema: pa.Schema) -> "Table":
        """Each batch as the kernel makes it; a batch is of any size."""

    def fold(self, kernel: Callable[[pa.RecordBatch], P], start: Callable[[], S]) -> S:
        """One value: the kernel's parts of all batches, absorbed by sums that are joined."""

    def gather(self, by: str, kernel: Kernel, start: Callable[[], Heap], schema: pa.Schema) -> "Table":
        """One row a value of `by` (a column of `schema`): kernel, heap beside the data, shuffle by the key, heap again.

        Kept: later uses do not compute it anew.
        """

    def kept(self) -> "Table":
        """The same, computed once: later uses read what was kept, in memory or on disk."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, brought here."""


class Engine(Protocol):
    """Where a scan runs."""

    def table(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Table:
        """A table of what is here."""

    def sql(self, text: str, **tables: Table) -> Table:
        """A statement over tables, in the SQL that all engines share (see `dialects`)."""

    def cogroup(
        self,
        by: str,
        left: Table,
        right: Table,
        kernel: Callable[[pa.Table, pa.Table], pa.RecordBatch],
        schema: pa.Schema,
    ) -> Table:
        """For each value of `by` in the left table, what the kernel makes of its rows there and in the right one."""

    def close(self) -> None:
        """Give back what was kept."""
