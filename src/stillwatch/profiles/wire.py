"""Profiles as bytes: what a gateway hands to the watch, and what the watch keeps on disk.

    content = dumps(profiles)
    profiles.absorb(loads(content))            # law 1: as if the requests had been folded here

Arrow's IPC stream with zstd: mostly empty sets shrink to some 150 bytes an account.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.profiles.accounts import Array, Profiles
from stillwatch.profiles.state import FIELDS

BLOCK = 8192  # accounts a record batch

VERSION = b"1"
_VERSION_KEY = b"stillwatch-profiles"


def _type(name: str) -> pa.DataType:
    dtype, length, _ = FIELDS[name]
    return pa.binary(np.dtype(dtype).itemsize * length)


SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        *(pa.field(name, _type(name), nullable=False) for name in FIELDS),
    ],
    metadata={_VERSION_KEY: VERSION},
)


def dumps(profiles: Profiles) -> bytes:
    """Write profiles; b"" for those of nobody."""
    n = len(profiles)
    if not n:
        return b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        for batch in batches(profiles, n):
            out.write_batch(batch)
    return sink.getvalue().to_pybytes()


def batches(profiles: Profiles, block: int = BLOCK) -> Iterator[pa.RecordBatch]:
    """Profiles as record batches of SCHEMA, so many accounts each; nothing is copied."""
    ids = profiles.ids
    for start in range(0, len(profiles), block):
        some = slice(start, min(start + block, len(profiles)))
        columns = [ids[some], *(_binary(name, values[some]) for name, values in profiles.state.items())]
        yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _binary(name: str, rows: Array) -> pa.Array:
    content = np.ascontiguousarray(rows).view(np.uint8).reshape(-1)
    return pa.Array.from_buffers(_type(name), len(rows), [None, pa.py_buffer(content)])


def loads(content: bytes) -> Profiles:
    """Read profiles.

    Raises:
        InputError: these are no profiles, they are cut off, or of another version.
    """
    if not content:
        return Profiles()
    try:
        with pa.ipc.open_stream(content) as reader:
            found, parts = reader.schema, list(reader)
    except pa.ArrowException as error:
        raise InputError("These are no profiles, or they are cut off.", where="profiles") from error
    if not found.equals(SCHEMA) or (found.metadata or {}).get(_VERSION_KEY) != VERSION:
        raise InputError("The profiles are of another version of stillwatch.", where="profiles")
    out = Profiles()
    for batch in parts:
        out.absorb(profiles_of(batch))
    return out


def profiles_of(batch: pa.RecordBatch | pa.Table) -> Profiles:
    """The profiles in a batch of SCHEMA (further columns are left alone); for reading, nothing is copied."""
    if not batch.num_rows:
        return Profiles()
    if isinstance(batch, pa.Table):
        batch = batch.combine_chunks().to_batches()[0]
    state = {}
    for name, (dtype, length, _) in FIELDS.items():
        content = batch.column(name).buffers()[1]
        width = np.dtype(dtype).itemsize * length
        start = batch.column(name).offset * width
        state[name] = (
            np.frombuffer(content, np.uint8)[start : start + width * batch.num_rows].view(dtype).reshape(-1, length)
        )
    return Profiles.of(batch.column("account_id"), state)
