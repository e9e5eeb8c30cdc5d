"""What an account asks for, against what is usual.

An account's words (`profiles`: requests that open with a word of each bin) are compared with everybody's: the residual
`(x - T p) / sqrt(T p)` is what it asks more and less often than others, in standard deviations of a Poisson count; only
its *direction* counts, not its length. Two accounts that work on one list point the same way, however few items they
have in common; strangers point nowhere in particular. No vocabulary is known here: bins are hashes, in any language.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

BLOCK = 8192
KEPT = 8 * BLOCK


@dataclass(frozen=True)
class Contents:
    """The contents of n accounts.

    Attributes:
        words: uint16 (n, bins).
        total: words of each account.
        usual: share of each bin in what is usual; sums to 1.
        length: norm of each account's residual.
    """

    words: npt.NDArray[np.uint16]
    total: F64
    usual: F64
    length: F64

    @classmethod
    def of(cls, words: npt.NDArray[np.generic], usual: F64) -> "Contents":
        """From profiles: word counts (n, bins), against what is usual (bins,)."""
        counts = np.asarray(words, np.uint16)
        total = counts.sum(1, dtype=np.float64)
        made = cls(counts, total, usual, np.ones(len(counts)))
        lengths = [np.linalg.norm(made._residual(rows), axis=1) for rows in made._blocks()]
        return cls(counts, total, usual, np.maximum(np.concatenate([*lengths, np.zeros(0)]), 1e-9))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def sizes(self) -> F64:
        """log2 of the words of each account."""
        return np.log2(1 + self.total)

    @cached_property
    def strata(self) -> list[I64]:
        """Accounts by number of words, each group twice as many words as the one before."""
        group = np.clip(self.sizes, 3, 11).astype(np.int64)
        return [np.flatnonzero(group == g) for g in np.unique(group)]

    @cached_property
    def _all_directions(self) -> F32 | None:
        """Everybody's unit vectors, where they are few enough to be kept."""
        return self._directions(np.arange(len(self))) if len(self) <= KEPT else None

    def directions(self, rows: I64) -> F32:
        """Unit vectors (len(rows), bins)."""
        kept = self._all_directions
        return self._directions(rows) if kept is None else kept[rows]

    def _directions(self, rows: I64) -> F32:
        return (self._residual(rows) / self.length[rows, None]).astype(np.float32)

    def cosines(self, towards: F32, rows: I64 | None = None) -> F32:
        """Cosine of each account (of `rows`, or all) with each column of `towards` (bins, k)."""
        if rows is None and (kept := self._all_directions) is not None:
            return kept @ towards
        blocks = self._blocks() if rows is None else (rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK))
        parts = [self._cosines(block, towards) for block in blocks]
        return np.concatenate(parts) if parts else np.zeros((0, towards.shape[1]), np.float32)

    def _cosines(self, rows: I64, towards: F32) -> F32:
        """The same without making the residuals: x and T p are each multiplied by the column."""
        total = self.total[rows, None]
        asked = self.words[rows].astype(np.float64) @ (towards / np.sqrt(self.usual)[:, None])
        residual = (asked - total * (np.sqrt(self.usual) @ towards)) / np.sqrt(np.maximum(total, 1))
        return (residual / self.length[rows, None]).astype(np.float32)

    def _residual(self, rows: I64) -> F64:
        expected = np.maximum(self.total[rows], 1)[:, None] * self.usual
        return (self.words[rows] - self.total[rows, None] * self.usual) / np.sqrt(expected)

    def _blocks(self) -> Iterator[I64]:
        return (np.arange(i, min(i + BLOCK, len(self))) for i in range(0, len(self), BLOCK))
