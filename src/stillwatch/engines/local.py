"""The engine in this process: lazy batches, a thread pool, DuckDB for joins.

    with LocalEngine(threads=2) as engine:
        people = engine.batches(source, schema).gather("account_id", profiled, Heaped, schema)

Decoding and kernels release the interpreter's lock and run beside each other; what each batch yields is merged in one
place. What SQL keeps stands in a file of a temporary folder, so that memory stays flat.
"""

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import count, pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.engines.contract import Heap, Kernel, S, Table
from stillwatch.errors import StillwatchError

T = TypeVar("T")
LazyBatch = Callable[[], pa.RecordBatch]
Source = Callable[[], Iterator[LazyBatch]]

MEMORY = "1GB"  # of joins, before they spill
ROWS = 1 << 16  # of a batch of SQL's answer


def threads_or_cores(threads: int) -> int:
    """The number of threads asked for, or as many as this process may use where 0 is asked for."""
    return threads or len(os.sched_getaffinity(0))


def mapped(
    batches: Iterable[Callable[[], pa.RecordBatch]], kernel: Callable[[pa.RecordBatch], T], *, threads: int = 0
) -> Iterator[T]:
    """The kernel's answer to each batch, in their order; decoding and kernel run on threads.

    At most two batches a thread are under way at any moment. An error of a reader or kernel ends it and is raised.
    """
    workers = threads_or_cores(threads)
    with ThreadPoolExecutor(workers, thread_name_prefix="stillwatch") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(lambda b: kernel(b()), batch))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def fold(
    batches: Iterable[Callable[[], pa.RecordBatch]],
    kernel: Callable[[pa.RecordBatch], T],
    absorb: Callable[[T], None],
    *,
    threads: int = 0,
) -> None:
    """Apply the kernel to each batch on threads; hand each result to `absorb`, one at a time."""
    for result in mapped(batches, kernel, threads=threads):
        absorb(result)


class LocalEngine:
    """The engine in this process.

    Args:
        threads: how many; 0 for all cores.
        memory: what joins may take before they spill (`1GB`).
    """

    def __init__(self, *, threads: int = 0, memory: str = MEMORY) -> None:
        self.threads, self._memory, self._numbers = threads, memory, count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def lazily(self, source: Source, schema: pa.Schema) -> "LocalTable":
        """A table of batches that are still to be decoded; the source is called for each reading."""
        return LocalTable(self, schema, source)

    def table(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> "LocalTable":
        """A table of what is here."""
        held = list(batches)
        return LocalTable(self, schema, lambda: (partial(_itself, batch) for batch in held))

    def sql(self, text: str, **tables: Table) -> "SqlTable":
        """A statement over tables; it runs when its rows are asked for."""
        return SqlTable(self, text, tables)

    def cogroup(
        self,
        by: str,
        left: Table,
        right: Table,
        kernel: Callable[[pa.Table, pa.Table], pa.RecordBatch],
        schema: pa.Schema,
    ) -> "LocalTable":
        """For each value of `by` in the left table, what the kernel makes of its rows there and in the right one."""

        def groups() -> Iterator[LazyBatch]:
            rows = pa.Table.from_batches(list(left.batches()), left.schema)
            others = _runs(self.sql(f"SELECT * FROM those ORDER BY {by}", those=right).batches(), by)  # noqa: S608
            number, there = next(others, (None, None))
            for key, places in _places(rows[by].to_numpy()):
                while number is not None and number < key:
                    number, there = next(others, (None, None))
                own = there if number == key else right.schema.empty_table()
                yield partial(kernel, rows.take(places), own)

        return LocalTable(self, schema, groups)

    @cached_property
    def database(self) -> duckdb.DuckDBPyConnection:
        """DuckDB, its tables in a file of a temporary folder."""
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads_or_cores(self.threads),
            "memory_limit": self._memory,
            "temp_directory": str(self.folder / "spilled"),
            "preserve_insertion_order": False,
        }
        return duckdb.connect(self.folder / "kept.duckdb", config=settings)

    @cached_property
    def folder(self) -> Path:
        """Where what is kept and spilled stands until the engine is closed."""
        self._temporary = tempfile.TemporaryDirectory(prefix="stillwatch-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)

    def name(self) -> str:
        """A name that no other kept table has."""
        return f"kept_{next(self._numbers)}"

    def close(self) -> None:
        """Remove what was kept."""
        if "database" in self.__dict__:
            self.database.close()
            del self.__dict__["database"]
        if "folder" in self.__dict__:
            self._temporary.cleanup()
            del self.__dict__["folder"]


class LocalTable:
    """Batches that are made anew at each reading."""

    def __init__(self, engine: LocalEngine, schema: pa.Schema, source: Source) -> None:
        self._engine, self._schema, self._source = engine, schema, source

    @property
    def schema(self) -> pa.Schema:
        """Of every batch."""
        return self._schema

    def map(self, kernel: Kernel, schema: pa.Schema) -> "LocalTable":
        """Each batch as the kernel makes it."""
        return LocalTable(self._engine, schema, lambda: (partial(_made, kernel, batch) for batch in self._source()))

    def fold(self, kernel: Callable[[pa.RecordBatch], Any], start: Callable[[], S]) -> S:
        """One value: the kernel's parts of all batches."""
        total = start()
        fold(self._source(), kernel, total.absorb, threads=self._engine.threads)
        return total

    def gather(self, by: str, kernel: Kernel, start: Callable[[], Heap], schema: pa.Schema) -> "LocalTable":  # noqa: ARG002 — one heap holds all keys
        """One row a value of `by`."""
        heap = start()
        fold(self._source(), kernel, heap.absorb, threads=self._engine.threads)
        return self._engine.table(heap.batches(), schema)

    def kept(self) -> "LocalTable":
        """The same, held in memory."""
        return self._engine.table(self.batches(), self._schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, made on threads."""
        return mapped(self._source(), _itself, threads=self._engine.threads)


class SqlTable(LocalTable):
    """What a statement yields."""

    def __init__(self, engine: LocalEngine, text: str, tables: dict[str, Table]) -> None:
        super().__init__(engine, pa.schema([]), lambda: (partial(_itself, batch) for batch in self.batches()))
        self._text, self._tables = text, tables

    @property
    def schema(self) -> pa.Schema:
        """Of every batch, as DuckDB foretells it."""
        with _problems():
            empty = {name: pa.Table.from_batches([], table.schema) for name, table in self._tables.items()}
            return self._asked(self._text, empty).to_arrow_reader(1).schema

    def kept(self) -> "SqlTable":
        """The same, in a table of the database."""
        name = self._engine.name()
        with _problems():
            self._asked(f"CREATE TABLE {name} AS {self._text}", self._readers(), run=True)
        return SqlTable(self._engine, f"FROM {name}", {})

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows."""
        with _problems():
            yield from self._asked(self._text, self._readers()).to_arrow_reader(ROWS)

    def _readers(self) -> dict[str, Any]:
        return {
            name: pa.RecordBatchReader.from_batches(table.schema, table.batches())
            for name, table in self._tables.items()
        }

    def _asked(self, text: str, tables: dict[str, Any], *, run: bool = False) -> Any:  # noqa: ANN401 — what DuckDB gives
        cursor = self._engine.database.cursor()
        for name, table in tables.items():
            cursor.register(name, table)
        return cursor.execute(text) if run else cursor.sql(text)


def _itself(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def _made(kernel: Kernel, batch: LazyBatch) -> pa.RecordBatch:
    return kernel(batch())


def _places(keys: npt.NDArray[Any]) -> Iterator[tuple[Any, npt.NDArray[np.int64]]]:
    """Each key, ascending, and where it stands."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[:1]] - 1))
    for start, end in zip(starts, [*starts[1:], len(keys)], strict=True):
        yield keys[order[start]], order[start:end]


def _runs(batches: Iterator[pa.RecordBatch], by: str) -> Iterator[tuple[Any, pa.Table]]:
    """The rows of each key, of batches that are sorted by it."""
    parts: list[pa.RecordBatch] = []
    for batch in batches:
        keys = batch.column(by).to_numpy()
        starts = [0, *(np.flatnonzero(np.diff(keys)) + 1), len(keys)]
        for start, end in pairwise(starts):
            if start == end:
                continue
            if parts and parts[-1].column(by)[0].as_py() != keys[start]:
                yield parts[-1].column(by)[0].as_py(), pa.Table.from_batches(parts)
                parts = []
            parts.append(batch.slice(start, end - start))
    if parts:
        yield parts[-1].column(by)[0].as_py(), pa.Table.from_batches(parts)


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise StillwatchError(
            f"There is no room for the joins of a scan ({str(error).splitlines()[0]}).",
            where=tempfile.gettempdir(),
            hint="Make room, or set TMPDIR to another place.",
        ) from error
