"""A relay in a folder: one gateway process and the watch on one machine.

    snapshot.msgpack           replaced as a whole
    taps/<gateway>-<number>.tap

Budgets are kept in memory, so that several gateway processes each count for themselves: let those share a Redis.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.response import snapshot as snapshots
from stillwatch.response.model import Spent, Tap
from stillwatch.response.relay.protocol import RelayError, Told
from stillwatch.response.relay.taps import dumps, loads, most_taps
from stillwatch.response.snapshot import Snapshot
from stillwatch.writing import write_whole

_TAP = re.compile(r"([0-9A-Za-z_]{1,64})-([0-9]{1,18})\.tap")
_Name = tuple[str, int]  # gateway and number


class FolderRelay:
    """See `response.relay.protocol.Relay`.

    Args:
        folder: is made with the first report, readable by its owner only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._taps, self._snapshot = folder, folder / "taps", folder / "snapshot.msgpack"
        self._seen: tuple[int, int, int] | None = None  # inode, time and version of the snapshot that was read last
        self._hour, self._spent = 0, dict[str, Spent]()

    def report(self, tap: Tap | None, known: int | None, hour: int, deltas: Mapping[str, Spent]) -> Told:
        """All that a gateway does each second."""
        spent = self._spend(hour, deltas)
        try:
            if tap:
                self._push(tap)
            return Told(None if known is None else self.snapshot(known), spent)
        except RelayError as error:
            return Told(None, spent, error)

    def snapshot(self, known: int) -> Snapshot | None:
        """The snapshot in force, if its version is not the known one; read only where the file is another."""
        with self._told():
            try:
                state = self._snapshot.stat()
            except FileNotFoundError:
                return None
            if self._seen == (state.st_ino, state.st_mtime_ns, known):
                return None
            found = snapshots.loads(self._snapshot.read_bytes())
        self._seen = (state.st_ino, state.st_mtime_ns, found.version)
        return None if found.version == known else found

    def take(self, taken: Mapping[str, int]) -> Iterator[Tap]:
        """What was not taken yet."""
        with self._told():
            waiting = sorted(self._waiting().items())
        for (gateway, number), file in waiting:
            if number > taken.get(gateway, 0):
                with self._told():
                    content = file.read_bytes() if file.exists() else None
                if content is not None:  # else it was the oldest, and had to go
                    yield loads(content, gateway, number)

    def release(self, taken: Mapping[str, int]) -> None:
        """Deletes these."""
        with self._told():
            for (gateway, number), file in self._waiting().items():
                if number <= taken.get(gateway, 0):
                    file.unlink(missing_ok=True)

    def publish(self, snapshot: Snapshot) -> None:
        """Replaces the snapshot."""
        with self._told():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._snapshot, snapshots.dumps(snapshot))

    def close(self) -> None:
        """Nothing is held open."""

    def _push(self, tap: Tap) -> None:
        """Writes a tap; the oldest goes where nobody takes them."""
        name, content = f"{tap.gateway}-{tap.number}.tap", dumps(tap)
        if not _TAP.fullmatch(name):
            raise ValueError(f"no name of a gateway: {tap.gateway!r}")
        with self._told():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._taps.mkdir(mode=0o700, exist_ok=True)
            write_whole(self._taps / name, content)
            over = len(waiting := self._waiting()) - most_taps(len(content))
            for file in sorted(waiting.values(), key=_age)[: max(0, over)]:
                file.unlink(missing_ok=True)

    def _spend(self, hour: int, deltas: Mapping[str, Spent]) -> Mapping[str, Spent]:
        """Adds what was used; returns what this process used in that hour."""
        if hour != self._hour:
            self._hour, self._spent = hour, {}
        for campaign, delta in deltas.items():
            before = self._spent.get(campaign, Spent())
            self._spent[campaign] = Spent(before.requests + delta.requests, before.tokens + delta.tokens)
        return {campaign: self._spent[campaign] for campaign in deltas}

    def _waiting(self) -> dict[_Name, Path]:
        try:
            files = [Path(file.path) for file in os.scandir(self._taps)]
        except FileNotFoundError:
            return {}
        found = ((_TAP.fullmatch(file.name), file) for file in files)
        return {(match[1], int(match[2])): file for match, file in found if match}

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = "Gateway and watch need to read and write it."
            says = f"The relay's folder cannot be used ({error.strerror})."
            raise RelayError(says, where=str(self._folder), hint=hint) from error
        except InputError as error:
            raise RelayError(error.what, where=str(self._snapshot), hint=error.hint) from error


def _age(file: Path) -> float:
    return file.stat().st_mtime if file.exists() else 0.0
