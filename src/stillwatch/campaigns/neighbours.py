"""For each account the few whose contents are nearest to its own, at a cost that grows with the accounts.

Up to `CELL` accounts all pairs are compared. Beyond, accounts are first dealt to cells around representatives, and
compared within their cell (an inverted file; Jégou, Douze and Schmid 2011, section 4).
"""

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.contents import Contents

I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]

CELL = 8192
ROUNDS = 2
ROWS = 256  # compared with their whole cell at a time


def nearest(contents: Contents, rows: I64, k: int, least: float) -> tuple[I64, I64, F32]:
    """Pairs (a, b, cosine) of accounts among `rows`: b one of the k nearest to a, and cosine >= least."""
    found = [_within(contents, cell, k, least) for cell in _cells(contents, rows)]
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    a, b, cosine = (np.concatenate(column) for column in zip(*found, strict=True))
    return a, b, cosine


def _cells(contents: Contents, rows: I64) -> list[I64]:
    """Deal the rows to cells of about CELL accounts that point the same way."""
    n = -(-len(rows) // CELL)
    if n <= 1:
        return [rows] if len(rows) > 1 else []
    n *= 4  # cells are uneven: the largest shall not be far above CELL
    cell = nearest_centre(contents, rows, centres(contents, rows, n))
    return [part for c in range(n) for part in _split(rows[cell == c])]


def centres(contents: Contents, rows: I64, n: int) -> F32:
    """Representatives (bins, n) of what these ask for: begun on accounts, moved to the middle of their cells."""
    found = contents.directions(rows[:: max(1, len(rows) // n)][:n]).T
    for _ in range(ROUNDS):
        cell = nearest_centre(contents, rows, found)
        sums = np.stack([contents.directions(rows[cell == c][:CELL]).sum(0) for c in range(found.shape[1])], axis=1)
        found = sums / np.maximum(np.linalg.norm(sums, axis=0), 1e-9)
    return found


def nearest_centre(contents: Contents, rows: I64, centres: F32) -> I64:
    """For each account the representative that is nearest to it."""
    blocks = (rows[i : i + CELL] for i in range(0, len(rows), CELL))
    return np.concatenate([np.zeros(0, np.int64), *(contents.cosines(centres, block).argmax(1) for block in blocks)])


def _split(rows: I64) -> list[I64]:
    """A cell that is far too large is dealt out evenly; what is that common is no secret."""
    parts = -(-len(rows) // (2 * CELL))
    return [rows[i::parts] for i in range(parts) if len(rows) > 1]


def _within(contents: Contents, rows: I64, k: int, least: float) -> tuple[I64, I64, F32]:
    directions = contents.directions(rows)
    k = min(k, len(rows) - 1)
    found = []
    for start in range(0, len(rows), ROWS):
        cosines = directions[start : start + ROWS] @ directions.T
        here = np.arange(len(cosines))
        cosines[here, start + here] = -1
        top = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        value = np.take_along_axis(cosines, top, 1)
        i, j = np.nonzero(value >= least)
        found.append((rows[start + i], rows[top[i, j]], value[i, j]))
    a, b, cosine = (np.concatenate(column) for column in zip(*found, strict=True))
    return a, b, cosine
