"""Arrow strings, a column at a time: identifiers and addresses from keys, values by their places.

pyarrow's stubs and numpy's do not know each other; the `Any`s of the package are kept here.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.simulate.keys import Keys

Column: TypeAlias = "pa.Array[Any]"  # generic in pyarrow's stubs, not when it runs

_HEX = np.frombuffer("".join(f"{i:02x}" for i in range(256)).encode(), dtype=np.uint8).reshape(256, 2)


def identifiers(prefix: str, keys: Keys) -> pa.StringArray:
    """Strings such as `req_00c0ffee00c0ffee`, one a key."""
    head = np.frombuffer(prefix.encode(), dtype=np.uint8)
    size = len(head) + 16
    text = np.empty((len(keys), size), dtype=np.uint8)
    text[:, : len(head)] = head
    text[:, len(head) :] = _HEX[keys.astype(">u8").view(np.uint8)].reshape(len(keys), 16)
    return strings(np.arange(len(keys) + 1, dtype=np.int32) * np.int32(size), text.reshape(-1))


def strings(offsets: NDArray[np.int32], letters: NDArray[np.uint8]) -> pa.StringArray:
    """An Arrow array over these buffers, without a copy."""
    buffers: list[Any] = [offsets, letters]  # numpy arrays have the buffer protocol; pyarrow's stubs do not know
    starts, text = map(pa.py_buffer, buffers)
    return pa.StringArray.from_buffers(len(offsets) - 1, starts, text)


def addresses(keys: Keys) -> pa.StringArray:
    """IPv4 addresses, one a key, all in 240.0.0.0/4, which is reserved and belongs to nobody."""
    octets = keys.astype(">u8").view(np.uint8).reshape(-1, 8)[:, :4].astype(np.int64)
    octets[:, 0] = 240 + octets[:, 0] % 15
    dot, nothing = 256, 257
    parts = np.full((len(keys), 8), dot)
    parts[:, ::2], parts[:, 7] = octets, nothing
    return joined(taken([*map(str, range(256)), ".", ""], parts.reshape(-1)), 8)


def taken(values: Sequence[str], where: NDArray[np.integer]) -> pa.StringArray:
    """Values by their places; null where the place is negative."""
    places: Any = pa.array(where, mask=where < 0)
    found: Any = pa.array(values, pa.string()).take(places)
    chosen: pa.StringArray = found
    return chosen


def joined(pieces: pa.StringArray, size: int) -> pa.StringArray:
    """Every `size` strings run together: they lie one behind the other already, so only the offsets change."""
    buffers: Any = pieces.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int32)[: len(pieces) + 1 : size]
    return strings(offsets.copy(), np.frombuffer(buffers[2] or b"", dtype=np.uint8))


def lengths(texts: pa.StringArray) -> NDArray[np.int64]:
    """Bytes of each text; 0 where there is none."""
    measured: Any = pc.binary_length(texts)
    told: Any = pc.fill_null(measured, 0)
    counted: NDArray[np.int64] = told.to_numpy(zero_copy_only=False).astype(np.int64)
    return counted


def masked(values: Column, valid: NDArray[np.bool_]) -> Any:  # noqa: ANN401 -- the array's own type
    """The values, and null where they are not valid."""
    given: Any = values
    return pc.if_else(pa.array(valid), given, pa.scalar(None, given.type))


def numbers(values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> Column:
    """The values, and null where they are not valid."""
    column: Column = pa.array(values, mask=None if valid is None else ~valid)
    return column
