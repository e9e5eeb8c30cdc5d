"""What the watch folded, on disk: one file a day, so that nothing is lost or counted twice, whenever it is killed.

    journal = Journal(folder)
    source.pieces(journal.positions.get(source.name))      # goes on where the journal ends
    journal.append(profiles, {source.name: position})      # both in one record, on the disk when this returns
    for positions, profiles in journal.replay(since): ...  # after a restart

Requests and the place in the source behind them are one record: either both are there or neither. Records are numbered,
so that the newest position counts even where the clock was set back and the files are no longer in the order of
writing. A day is that of the wall clock when requests were folded, in UTC.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import pyarrow as pa

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, zero
from stillwatch.watch.judgement import Raised
from stillwatch.watch.model import Position
from stillwatch.watch.records import MAGIC, Head, Record, framed, glance, read

LOOSE = 512  # records of a file, after which they are merged: a restart reads no more small ones
ROOM = 100_000  # accounts of a merged record, so that merging takes some 100 MB of memory
_SUFFIX, _LOCK, _RAISED = ".journal", "lock", "raised.json"


class JournalError(StillwatchError):
    """What was folded cannot be written or read; trying again may help."""


class Journal:
    """A folder of records. Not for several threads.

    Attributes:
        positions: by source, how far it is on disk.

    Raises:
        ConfigError: another watch holds the folder, or it cannot be made.
        InputError: a file in it is damaged.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder, clock
        self._lock = _locked(folder)
        self._number = 0
        self._at: dict[str, tuple[int, Position]] = {}
        self._loose: dict[date, int] = {}
        self._file: BinaryIO | None = None
        self._day: date | None = None
        try:
            self._open()
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Lets another watch have the folder."""
        if self._file:
            self._file.close()
        self._lock.close()

    @property
    def positions(self) -> dict[str, Position]:
        """By source, how far it is on disk."""
        return {source: position for source, (_, position) in self._at.items()}

    @property
    def days(self) -> list[date]:
        """The days that there is a file of, ascending."""
        return sorted(self._loose)

    @property
    def today(self) -> date:
        """The day of the wall clock, in UTC."""
        return datetime.fromtimestamp(self._clock(), UTC).date()

    def append(self, profiles: Profiles, positions: Mapping[str, Position]) -> date:
        """Write what was folded and how far the sources were read; on disk when it returns.

        Returns:
            the day whose file it is in.

        Raises:
            JournalError: it cannot be written; nothing of it is there, and it may be tried again.
        """
        number = self._number + 1
        moved = {source: (number, position) for source, position in positions.items()}
        day = self.today
        try:
            file = self._current(day)
            # the first record of a file names all sources: older files may then go
            named = moved if self._day == day else self._at | moved
            self._write(file, framed(Record(Head(number, len(profiles), 1, named), wire.dumps(profiles))))
        except OSError as error:
            raise JournalError(f"The journal cannot be written ({error.strerror}).", where=str(self._folder)) from error
        self._number, self._at, self._day = number, self._at | moved, day
        self._loose[day] = self._loose.get(day, 0) + 1
        return day

    def replay(self, since: date) -> Iterator[tuple[dict[str, Position], Profiles]]:
        """All records of the days from `since` on, the earliest day first.

        Raises:
            InputError: a file is damaged.
        """
        for day in self.days:
            if day >= since:
                for record in read(self._path(day)):
                    yield {s: p for s, (_, p) in record.head.positions.items()}, wire.loads(record.profiles)

    def tidy(self) -> None:
        """Merge the records of each file that has many, and of days that are over.

        Raises:
            JournalError: the merged file cannot be written; the old one stands.
        """
        for day, loose in list(self._loose.items()):
            if loose >= LOOSE or (loose > 1 and day != self._day):
                self.compact(day)

    def compact(self, day: date) -> None:
        """Merge the records of a day into one, or into some of `ROOM` accounts; the file is replaced as a whole.

        Raises:
            JournalError: the merged file cannot be written; the old one stands.
        """
        path = self._path(day)
        beside = path.with_suffix(".new")
        try:
            with _private(beside) as file:
                file.write(MAGIC)
                for record in _merged(read(path)):
                    _whole(file, framed(record))
                os.fsync(file.fileno())
            beside.replace(path)
            _sync(self._folder)
        except OSError as error:
            raise JournalError(f"The journal cannot be merged ({error.strerror}).", where=str(path)) from error
        finally:
            beside.unlink(missing_ok=True)
            pa.default_memory_pool().release_unused()  # Arrow would keep what merging took
        self._loose[day] = 0
        if day == self._day:
            self._leave()

    def forget(self, since: date, least: int) -> None:
        """Delete the files of days before `since`, save the newest `least` of all.

        These are kept for a clock that was wrong: when it is right again, nothing is lost. Nothing goes before there is
        a file of this run, which names the places in all sources.
        """
        for day in self.days[:-least] if self._day else ():
            if day < since and day != self._day:
                self._path(day).unlink(missing_ok=True)
                del self._loose[day]

    @property
    def raised(self) -> tuple[Raised, ...]:
        """The campaigns that were remembered last."""
        try:
            return msgspec.json.decode((self._folder / _RAISED).read_bytes(), type=tuple[Raised, ...])
        except (FileNotFoundError, msgspec.MsgspecError):
            return ()

    def remember(self, raised: Sequence[Raised]) -> None:
        """Keep known campaigns beside the records: after a restart they have their names, and members are spared.

        May be called from another thread, one at a time.

        Raises:
            JournalError: it cannot be written.
        """
        beside = self._folder / f"{_RAISED}.new"
        try:
            with _private(beside) as file:
                _whole(file, msgspec.json.encode(raised))
            beside.replace(self._folder / _RAISED)
        except OSError as error:
            raise JournalError(f"Campaigns cannot be kept ({error.strerror}).", where=str(self._folder)) from error

    def _open(self) -> None:
        for left in self._folder.glob("*.new"):
            left.unlink()
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            with suppress(ValueError):
                self._take(date.fromisoformat(path.stem), path)

    def _take(self, day: date, path: Path) -> None:
        heads, sound = glance(path)
        if sound < path.stat().st_size:
            os.truncate(path, sound)
        self._loose[day] = sum(head.merged == 1 for head in heads)
        for head in heads:
            self._number = max(self._number, head.number)
            for source, (number, position) in head.positions.items():
                if number >= self._at.get(source, (0,))[0]:
                    self._at[source] = number, position

    def _path(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}{_SUFFIX}"

    def _current(self, day: date) -> BinaryIO:
        if self._file is None or self._day != day:
            self._leave()
            path = self._path(day)
            new = not path.exists()
            self._file = _private(path)
            if new:
                _sync(self._folder)
        return self._file

    def _leave(self) -> None:
        if self._file:
            self._file.close()
        self._file = self._day = None

    def _write(self, file: BinaryIO, content: bytes) -> None:
        sound = file.seek(0, os.SEEK_END)
        try:
            _whole(file, content if sound else MAGIC + content)
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(sound)
            self._leave()
            raise


def _locked(folder: Path) -> BinaryIO:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _private(folder / _LOCK)
    except OSError as error:
        says = f"The watch cannot keep anything here ({error.strerror})."
        raise ConfigError(says, where=str(folder), hint="Name another folder as watch.folder.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        hint = "End it first, or give this one a folder of its own (watch.folder)."
        raise ConfigError("Another watch is at work here.", where=str(folder), hint=hint) from None
    return lock


def _private(path: Path) -> BinaryIO:
    """A file that nobody else may read, made if need be."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def _merged(records: Iterable[Record]) -> Iterator[Record]:
    """The same in fewer records: small ones together, large ones as they are."""
    heads: list[Head] = []
    profiles = zero()
    for record in records:
        if not heads and record.head.accounts >= ROOM:
            yield record
            continue
        heads.append(record.head)
        profiles.absorb(wire.loads(record.profiles))
        if len(profiles) >= ROOM:
            yield _one(heads, profiles)
            heads, profiles = [], zero()
    if heads:
        yield _one(heads, profiles)


def _one(heads: list[Head], profiles: Profiles) -> Record:
    positions: dict[str, tuple[int, Position]] = {}
    for head in heads:
        for source, (number, position) in head.positions.items():
            if number >= positions.get(source, (0,))[0]:
                positions[source] = number, position
    number, merged = max(head.number for head in heads), sum(head.merged for head in heads)
    return Record(Head(number, len(profiles), merged, positions), wire.dumps(profiles))


def _whole(file: BinaryIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) or 0 :]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
