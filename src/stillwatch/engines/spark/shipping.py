"""What runs in the workers, and how it gets there.

A task makes batches of batches. It is pickled here and unpickled there by a function that needs nothing of ours until
it knows that the worker has this version; errors meant for users come back as they are (`faults.told`).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark import cloudpickle

import stillwatch
from stillwatch.engines.contract import Heap, Kernel, Sum
from stillwatch.engines.spark.border import inward, outward

Step = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
Task = Callable[[Any], Iterable[pa.RecordBatch]]

#: Before what a worker says to users, in the text of Spark's error.
MARK = "stillwatch-worker:"

PART = pa.schema([("part", pa.binary())])

#: Rows that a heap beside the data takes before it is emptied: about 250 MB of profiles.
ROWS = 1 << 18


def shipped(task: Task) -> Callable[[Any], Iterator[pa.RecordBatch]]:
    """The task as a function for Spark, pickled by value: it can say that the worker lacks the package."""
    content, version, mark = _pickled(task), stillwatch.__version__, MARK
    opened: list[Task] = []

    def run(given: Any) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 — batches, or a pair of tables
        import json  # noqa: PLC0415 — nothing of this module is there yet
        import pickle  # noqa: PLC0415

        if not opened:
            try:
                from stillwatch import __version__ as here  # noqa: PLC0415
            except ModuleNotFoundError:
                here = "none"
            if here != version:
                raise ImportError(mark + json.dumps({"version": here}))
            opened.append(pickle.loads(content))  # noqa: S301 — what this process pickled
        from stillwatch.errors import StillwatchError  # noqa: PLC0415

        try:
            yield from opened[0](given)
        except StillwatchError as error:
            told = {"error": type(error).__name__, "what": error.what, "where": error.where, "hint": error.hint}
            raise RuntimeError(mark + json.dumps(told)) from None

    return run


def said(text: str) -> dict[str, str | None] | None:
    """What a worker said to users, somewhere in the text of Spark's error."""
    start = text.find(MARK)
    if start < 0:
        return None
    found: dict[str, str | None] = json.JSONDecoder().raw_decode(text, start + len(MARK))[0]
    return found


@dataclass(frozen=True)
class Chain:
    """Steps over what Spark holds, in one passage through a worker."""

    source: pa.Schema
    steps: tuple[Step, ...]
    result: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The task."""
        flow: Iterator[pa.RecordBatch] = (inward(batch, self.source) for batch in batches)
        for step in self.steps:
            flow = step(flow)
        return (outward(batch, self.result) for batch in flow if batch.num_rows)


@dataclass(frozen=True)
class Mapped:
    """Each batch as a kernel makes it."""

    kernel: Kernel

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The step."""
        return map(self.kernel, batches)


@dataclass(frozen=True)
class Heaped:
    """Rows heaped by their key; emptied after `most` rows (0: at the end), which combines less and bounds memory."""

    start: Callable[[], Heap]
    most: int = 0

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The step."""
        heap, taken = self.start(), 0
        for batch in batches:
            heap.absorb(batch)
            taken += batch.num_rows
            if 0 < self.most <= taken:
                yield from heap.batches()
                heap, taken = self.start(), 0
        yield from heap.batches()


@dataclass(frozen=True)
class Folded:
    """One pickled sum of all batches."""

    kernel: Callable[[pa.RecordBatch], Any]
    start: Callable[[], Sum[Any]]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The step."""
        total = self.start()
        for batch in batches:
            total.absorb(self.kernel(batch))
        yield part_of(total)


@dataclass(frozen=True)
class Joined:
    """One pickled sum of pickled sums."""

    start: Callable[[], Sum[Any]]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The step."""
        yield part_of(joined(batches, self.start))


@dataclass(frozen=True)
class Paired:
    """What a kernel makes of a key's rows in two tables; nothing where the left one has none."""

    left: pa.Schema
    right: pa.Schema
    kernel: Callable[[pa.Table, pa.Table], pa.RecordBatch]
    result: pa.Schema

    def __call__(self, pair: tuple[pa.Table, pa.Table]) -> Iterator[pa.RecordBatch]:
        """The task."""
        left, right = (_table(given, schema) for given, schema in zip(pair, (self.left, self.right), strict=True))
        if left.num_rows:
            yield outward(self.kernel(left, right), self.result)


def part_of(total: Sum[Any]) -> pa.RecordBatch:
    """A sum as a row."""
    return pa.RecordBatch.from_arrays([pa.array([_pickled(total)], pa.binary())], schema=PART)


def joined(batches: Iterable[pa.RecordBatch], start: Callable[[], Sum[Any]]) -> Sum[Any]:
    """The sum of such rows."""
    total = start()
    for batch in batches:
        for part in batch.column("part"):
            total.join(cloudpickle.loads(part.as_buffer()))
    return total


def _table(given: pa.Table, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches([inward(batch, schema) for batch in given.to_batches()], schema)


def _pickled(value: object) -> bytes:
    # by protocol 5 arrays would only lend what the bytes hold, and could not grow
    content: bytes = cloudpickle.dumps(value, protocol=4)  # type: ignore[no-untyped-call]
    return content
