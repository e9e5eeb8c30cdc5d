"""Many files in the order of account ids become one stream, each account once; little is in memory at a time."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles

Batches = Iterator[pa.RecordBatch]


def merged(streams: Sequence[Batches]) -> Iterator[Profiles]:
    """Everybody in these streams of `wire.SCHEMA`, each in the order of account ids; an account comes once."""
    return map(combined, aligned(streams))


def aligned(streams: Sequence[Batches]) -> Iterator[pa.Table]:
    """All rows of these streams, each in the order of its first column, so that a table has all of each account."""
    cursors = [cursor for stream in streams if (cursor := _Cursor(stream)).more()]
    while cursors:
        bound = min((cursor.last for cursor in cursors if not cursor.ended), default=None)
        pieces = [piece for cursor in cursors for piece in cursor.before(bound)]
        if pieces:
            yield pa.Table.from_batches(pieces)
        else:  # whoever has the least last account may have more of it
            for cursor in cursors:
                if not cursor.ended and cursor.last == bound:
                    cursor.read()
        cursors = [cursor for cursor in cursors if cursor.more()]


def combined(table: pa.Table) -> Profiles:
    """Rows of `wire.SCHEMA` in any order, as one profile an account, in the order of account ids."""
    rows = wire.profiles_of(table)
    if len(rows) > 1 and not pc.all(pc.less(rows.ids[:-1], rows.ids[1:])).as_py():
        rows = rows.ordered()
    ids = rows.ids
    first = np.ones(len(ids), np.bool_)
    first[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    if first.all():
        return rows
    out = rows.taken(np.flatnonzero(first))
    out.add((np.cumsum(first) - 1)[~first], rows.taken(np.flatnonzero(~first)))
    return out


class _Cursor:
    """Where one stream has been read to."""

    def __init__(self, stream: Batches) -> None:
        self._stream, self.ended, self.last = stream, False, ""
        self._held: list[pa.RecordBatch] = []

    def more(self) -> bool:
        """Whether there is anything left; reads it, if nothing is held."""
        while not self._held and not self.ended:
            self.read()
        return bool(self._held)

    def read(self) -> None:
        """Hold one batch more."""
        batch = next(self._stream, None)
        if batch is None:
            self.ended = True
        elif batch.num_rows:
            self._held.append(batch)
            self.last = batch.column(0)[-1].as_py()

    def before(self, bound: str | None) -> Iterator[pa.RecordBatch]:
        """Gives away what is held of accounts before this one; all of it for None."""
        held, self._held = self._held, []
        for batch in held:
            ids = batch.column(0)
            at = len(batch) if bound is None else bisect_left(range(len(ids)), bound, key=lambda row: ids[row].as_py())
            if at:
                yield batch.slice(0, at)
            if at < len(batch):
                self._held.append(batch.slice(at))
