"""From what Spark read to requests, in the workers.

A row left out is noted by its place, and sent home with the end of its task. A place counts once: work that is done
again, because an executor was lost or the log is read a second time, counts nothing twice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.accumulators import Accumulator, AccumulatorParam

from stillwatch.traffic import jsonl, parquet
from stillwatch.traffic.intake import Intake
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.readers import Native, Reader
from stillwatch.traffic.rejects import Rejects

FILE, ROW, START = "_file", "_row", "_start"  # where a row stands, beside its own columns

#: Lines, as bytes: whether they are text is for the readers to judge.
LINES = pa.schema([("value", pa.binary()), (FILE, pa.string()), (START, pa.int64())])

_HERE = re.compile("^file:/+")

Places = dict[tuple[str, int, int], str]


class Union(AccumulatorParam[Places]):
    """Places with reasons: added again, they change nothing."""

    def zero(self, value: Places) -> Places:  # noqa: ARG002 — Spark's signature
        """None."""
        return {}

    def addInPlace(self, value1: Places, value2: Places) -> Places:  # noqa: N802 — Spark's name
        """Those of both."""
        value1.update(value2)
        return value1


@dataclass(frozen=True)
class Gate:
    """The intake, as it is sent to workers, and for which accounts (None: everybody)."""

    key: Key
    columns: tuple[str, ...] | None
    left_out: Accumulator[Places]
    accounts: pa.StringArray | None = None

    def intake(self) -> Intake:
        """It, with rejects of its own."""
        return Intake(Rejects(), self.key, columns=self.columns, accounts=self.accounts)

    def send(self, rejects: Rejects) -> None:
        """Rejects, home."""
        if rejects.count:
            self.left_out.add(rejects.places())


@dataclass(frozen=True)
class Lines:
    """Lines of files (LINES) as requests; a line's number counts from the start of the block that Spark cut."""

    reader: Reader
    gate: Gate

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The step."""
        intake, block, line = self.gate.intake(), ("", -1), 1
        for batch in batches:
            for run in _runs(batch, START, apart=0):
                here = (run[FILE][0].as_py(), run[START][0].as_py())
                if here != block:
                    block, line = here, 1
                content = jsonl.Block(_joined(run["value"]), line)
                yield jsonl.decode(content, _block(*here), self.reader, intake)
                line += len(run)
        self.gate.send(intake.rejects)


@dataclass(frozen=True)
class Rows:
    """Rows of tables and Parquet files, with FILE and ROW (from 0), as requests."""

    reader: Reader
    gate: Gate

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The step."""
        intake = self.gate.intake()
        decode = parquet.decode_native if isinstance(self.reader, Native) else parquet.decode_records
        for batch in batches:
            for run in _runs(batch, ROW, apart=1):
                place = _name(run[FILE][0].as_py()), run[ROW][0].as_py() + 1
                yield decode(run.drop_columns([FILE, ROW]), place[1], place[0], self.reader, intake)
        self.gate.send(intake.rejects)


def _runs(batch: pa.RecordBatch, counter: str, *, apart: int) -> Iterator[pa.RecordBatch]:
    """The pieces of a batch whose rows follow each other in one file: so far apart by the counter."""
    files = batch[FILE].dictionary_encode().indices.to_numpy()
    cuts = np.flatnonzero((np.diff(files) != 0) | (np.diff(batch[counter].to_numpy()) != apart)) + 1
    for start, end in zip([0, *cuts], [*cuts, len(batch)], strict=True):
        if end > start:
            yield batch.slice(start, end - start)


def _joined(lines: pa.Array) -> bytes:
    """Lines with their ends."""
    ended = pc.binary_join_element_wise(lines, b"", b"\n")
    offsets = np.frombuffer(ended.buffers()[1], np.int32)[ended.offset :]
    content: bytes = ended.buffers()[2].slice(offsets[0], offsets[len(ended)] - offsets[0]).to_pybytes()
    return content


def _block(file: str, start: int) -> str:
    return _name(file) if not start else f"{_name(file)} from byte {start}"


def _name(file: str) -> str:
    """As it is called where it lies: Spark calls a file here file:/logs/a%20b."""
    return unquote(_HERE.sub("/", file)) if _HERE.match(file) else file
