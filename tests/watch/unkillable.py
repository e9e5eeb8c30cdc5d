"""A watch to be killed: two sources of a known list of requests, days that jump, files that are merged all the time.

    python unkillable.py FOLDER RESULT NUMBER

Ends when all was read, and then writes the profiles judged to RESULT. A source keeps a note of what it was told to
forget, and ends the process with 9 where it is asked for something of that again.
"""

import os
import random
import sys
import time
from pathlib import Path

import pyarrow as pa

from stillwatch.config import WatchConfig
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import profile
from stillwatch.traffic.schema import REQUESTS
from stillwatch.watch import journal as journals
from stillwatch.watch.loop import Watch
from stillwatch.watch.model import Piece
from stillwatch.watch.window import Window


def requests(name, number):
    """The requests of the piece `number` of a source."""
    rows = [
        {
            "request_id": f"{name}-{number}-{i}",
            "time": 1_772_452_800_000_000 + (number * 10 + i) * 1_000_000,
            "account_id": f"account-{(7 * number + 3 * i) % 61}",
            "input_messages": [{"role": "user", "content": f"Why is the sea salty, and {number % 13} times as deep?"}],
        }
        for i in range(3)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=REQUESTS)


class Kept:
    """A source that forgets what it was told to."""

    def __init__(self, name, folder, number):
        self.name, self._number, self._note = name, number, folder / f"{name}.forgotten"

    def pieces(self, position):
        start = position["n"] if position else 0
        if start < (int(self._note.read_text()) if self._note.exists() else 0):
            os._exit(9)
        for number in range(start, self._number):
            time.sleep(0.002)
            yield Piece(self.name, {"n": number + 1}, profile(requests(self.name, number)))

    def release(self, position):
        beside = self._note.with_suffix(".new")
        beside.write_text(str(position["n"]))
        beside.replace(self._note)

    def close(self):
        pass


def main(folder, result, number):
    """Watches, some days ahead or behind."""
    journals.LOOSE, journals.ROOM = 7, 40
    ahead = random.Random().randint(-3, 3) * 86_400.0  # noqa: S311
    journal = journals.Journal(folder / "watch", clock=lambda: time.time() + ahead)
    window = Window(journal, days=31, most=1000)
    sources = [Kept(name, folder, number) for name in ("one", "two")]
    print("ready", flush=True)  # noqa: T201
    settings = WatchConfig(flush_seconds=0.02)
    Watch(sources, journal, window, lambda all_: result.write_bytes(wire.dumps(all_)), settings).run(once=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
