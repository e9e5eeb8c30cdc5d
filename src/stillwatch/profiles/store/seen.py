"""Which requests were counted already: hashes of account, id and hour, day by day.

A request counts once, in whatever files it comes: a log that is exported anew, one that grew, two that overlap. Two
different requests of one day have the same hash about once in 2**64 / (n**2 / 2) days of n requests.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.profiles import fold
from stillwatch.profiles.store.hourly import DAY, hours_of
from stillwatch.signatures.compiled import I32, I64, U64, compiled
from stillwatch.signatures.kernel import buffers, mix

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_ROOM = 1 << 12
Bool = npt.NDArray[np.bool_]


def hashes(batch: pa.RecordBatch) -> U64:
    """A hash of each request, never 0."""
    account = batch.column("account_id").dictionary_encode()
    of_account = fold.hash_texts(*buffers(account.dictionary), 1 << 30)
    of_request = fold.hash_texts(*buffers(batch.column("request_id")), 1 << 30)
    return _mixed(of_request, of_account, account.indices.to_numpy(), hours_of(batch))


@compiled
def _mixed(of_request: U64, of_account: U64, account: I32, hour: I64) -> U64:
    out = np.empty(len(of_request), np.uint64)
    for i in range(len(out)):
        h = mix(of_request[i] + _PRIME * (of_account[account[i]] ^ np.uint64(hour[i])))
        out[i] = max(h, np.uint64(1))
    return out


@compiled
def _insert(hashes: U64, table: U64) -> tuple[Bool, int]:
    """Which of these (never 0) are new to an open-addressing table, and how many; the table then has them."""
    mask, added = np.uint64(len(table) - 1), 0
    new = np.zeros(len(hashes), np.bool_)
    for i in range(len(hashes)):
        at = hashes[i] & mask
        while table[at] != 0 and table[at] != hashes[i]:
            at = (at + np.uint64(1)) & mask
        if table[at] == 0:
            table[at], new[i] = hashes[i], True
            added += 1
    return new, added


class Seen:
    """Hashes of requests by day; what is known of a day is read when the first request of it comes.

    Args:
        known: the hashes that are stored of a day (days since 1970).
    """

    def __init__(self, known: Callable[[int], Iterator[I64]]) -> None:
        self._known = known
        self._days: dict[int, _Day] = {}
        self._new: dict[int, list[U64]] = {}

    def admit(self, hashes: U64, hours: I64) -> Bool:
        """Which of these requests are new; from now on, they are known."""
        days = hours // DAY
        new = np.zeros(len(hashes), np.bool_)
        for day in np.unique(days).tolist():
            rows = np.flatnonzero(days == day)
            new[rows] = self._of(day).insert(hashes[rows])
            if new[rows].any():
                self._new.setdefault(day, []).append(hashes[rows][new[rows]])
        return new

    def taken(self) -> dict[int, I64]:
        """What was new since this was asked last, by day, ascending; days without any are forgotten."""
        taken = {day: np.sort(np.concatenate(some).view(np.int64)) for day, some in self._new.items()}
        self._days = {day: known for day, known in self._days.items() if day in taken}
        self._new = {}
        return taken

    def _of(self, day: int) -> "_Day":
        if day not in self._days:
            self._days[day] = _Day()
            for stored in self._known(day):
                self._days[day].insert(stored.view(np.uint64))
        return self._days[day]


class _Day:
    def __init__(self) -> None:
        self._table, self._count = np.zeros(_ROOM, np.uint64), 0

    def insert(self, hashes: U64) -> Bool:
        if 2 * (self._count + len(hashes)) > len(self._table):
            self._grow(self._count + len(hashes))
        new, added = _insert(hashes, self._table)
        self._count += added
        return new

    def _grow(self, count: int) -> None:
        kept = self._table[self._table != 0]
        self._table = np.zeros(1 << int(2 * count).bit_length(), np.uint64)
        _insert(kept, self._table)
