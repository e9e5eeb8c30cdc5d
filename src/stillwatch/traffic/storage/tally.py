"""Which rows were seen: 64-bit identities of rows, how often each, so that none is counted twice and none is missed."""

import tempfile
import weakref
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Identities = npt.NDArray[np.uint64]


class Tally:
    """Rows still expected: a multiset from which readings take.

    Args:
        identities: of the rows, in any order, repeated as often as the rows are.
    """

    def __init__(self, identities: Identities) -> None:
        self._known, self._left = np.unique(identities, return_counts=True)

    @property
    def left(self) -> int:
        """How many are still expected."""
        return int(self._left.sum())

    def take(self, identities: Identities) -> npt.NDArray[np.bool_]:
        """Which of these rows were expected; they no longer are."""
        taken = np.zeros(len(identities), bool)
        at = np.searchsorted(self._known, identities)
        expected = np.flatnonzero(at < len(self._known))
        expected = expected[self._known[at[expected]] == identities[expected]]
        order = expected[np.argsort(at[expected], kind="stable")]
        places = at[order]
        earlier = np.arange(len(places)) - np.searchsorted(places, places)  # of the same, in this batch
        kept = order[earlier < self._left[places]]
        np.subtract.at(self._left, at[kept], 1)
        taken[kept] = True
        return taken


class Seen:
    """The identities of a whole reading, slice by slice, in a nameless file: eight bytes a row."""

    def __init__(self) -> None:
        self._kept = tempfile.TemporaryFile(prefix="stillwatch-")  # noqa: SIM115 - lives as long as this
        self._places: list[tuple[int, int]] = []
        weakref.finalize(self, self._kept.close)

    def keep(self, identities: Sequence[Identities]) -> None:
        """The next slice's."""
        start = self._kept.seek(0, 2)
        for piece in identities:
            self._kept.write(piece.tobytes())
        self._places.append((start, self._kept.tell() - start))

    def tally(self, number: int) -> Tally:
        """Those of a slice."""
        start, size = self._places[number]
        self._kept.seek(start)
        return Tally(np.frombuffer(self._kept.read(size), np.uint64))
