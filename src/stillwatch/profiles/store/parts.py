"""The files of a store: Parquet, in the order of account ids, so that some accounts can be read without the rest.

profiles/NAME.parquet   columns of `profiles.wire.SCHEMA`; an account has a row for each hour, day or month
sums/NAME.parquet       account, hour and the sums of `Sums`; account "" is everybody
hashes/NAME.parquet     hashes of requests, ascending
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.profiles import wire
from stillwatch.profiles.store.manifest import damaged

I64 = npt.NDArray[np.int64]

PROFILES, SUMS, HASHES = "profiles", "sums", "hashes"
FOLDERS = (PROFILES, SUMS, HASHES)
ROWS = (
    wire.BLOCK
)  # of a group: what is read at once, and what is left aside at once where only some accounts are wanted
EVERYBODY = ""

#: What is summed by account and hour, beside profiles: the load, as `campaigns.load` has it.
ADDED = ("requests", "with_status", "throttled", "usage_output_tokens", "with_duration", "busy")
SUMMED = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("hour", pa.int32(), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in ADDED),
    ]
)
HASHED = pa.schema([pa.field("hash", pa.int64(), nullable=False)])
_READ_ERRORS = (pa.ArrowException, OSError, ValueError, KeyError)


def path_of(folder: Path, kind: str, name: str) -> Path:
    """Where a file lies."""
    return folder / kind / f"{name}.parquet"


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    """A new file, on the disk when it is left; nobody else may read it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def write_profiles(path: Path, batches: Iterable[pa.RecordBatch]) -> int:
    """Write profiles that stand in order; gives the bytes."""
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": False,
        "write_statistics": ["account_id"],
        "column_encoding": {"account_id": "DELTA_BYTE_ARRAY"},
    }
    return _write(path, wire.SCHEMA, batches, options)


def write_sums(path: Path, sums: Iterable[pa.Table]) -> int:
    """Write sums (`SUMMED`) that stand in order; gives the bytes."""
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "write_statistics": ["account_id"]}
    return _write(path, SUMMED, (batch for table in sums for batch in table.to_batches(ROWS)), options)


def write_hashes(path: Path, hashes: I64) -> int:
    """Write hashes that ascend; gives the bytes."""
    options: dict[str, Any] = {
        "compression": "none",
        "use_dictionary": False,
        "write_statistics": False,
        "column_encoding": {"hash": "DELTA_BINARY_PACKED"},
    }
    return _write(path, HASHED, [pa.record_batch([pa.array(hashes)], schema=HASHED)], options)


def _write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], options: dict[str, Any]) -> int:
    with _created(path) as out:
        with pq.ParquetWriter(out, schema, **options) as writer:
            for group in grouped(batches, ROWS):
                writer.write_table(group)
        return out.tell()


def grouped(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Small batches together, so many rows at least."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= rows:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def read_hashes(path: Path) -> I64:
    """All hashes of a file.

    Raises:
        InputError: it is damaged.
    """
    try:
        return pq.read_table(path, schema=HASHED)["hash"].to_numpy()
    except _READ_ERRORS as error:
        raise damaged(path) from error


def read(path: Path, schema: pa.Schema, only: pa.StringArray | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file, group by group, in order.

    Args:
        path: of profiles or sums.
        schema: what they must have.
        only: account ids, ascending: the groups without any of them are not read, other rows left out.

    Raises:
        InputError: it is damaged, missing, or no such file.
    """
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            if not file.schema_arrow.equals(schema):
                raise damaged(path)
            groups = range(file.num_row_groups) if only is None else _groups(file, only)
            for group in groups:
                for batch in file.read_row_group(group).to_batches():
                    yield batch if only is None else batch.filter(pa.compute.is_in(batch.column(0), only))
    except _READ_ERRORS as error:
        raise damaged(path) from error


def _groups(file: pq.ParquetFile, only: pa.StringArray) -> list[int]:
    """The row groups in which some of these accounts may be."""
    names = np.array(only.to_pylist(), object)
    kept = []
    for group in range(file.num_row_groups):
        bounds = file.metadata.row_group(group).column(0).statistics
        if bounds is None or not bounds.has_min_max or _between(names, bounds.min, bounds.max):
            kept.append(group)
    return kept


def _between(names: npt.NDArray[np.object_], least: str, most: str) -> bool:
    at = int(np.searchsorted(names, least))
    return at < len(names) and names[at] <= most
