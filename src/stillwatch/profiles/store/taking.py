"""What a scan adds to a store, once each, log by log.

    with taking(store, lateness_hours=168) as new:
        for log in logs:
            if new.known(fingerprint): continue
            ...                               # new.admit(...), new.add(...) for each batch
            new.finished(fingerprint)

A log that was read to its end counts from the next commit on; one commit is at the end, and others come before it where
much was gathered, so that a long first scan which is interrupted keeps the logs that it had finished. How late a row
may come is measured from where the last scan that came to its end had got: what one scan reads is in time, whatever
the order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import time

import numpy as np
import numpy.typing as npt

from stillwatch.profiles.store.hourly import DAY, HOUR, Hourly
from stillwatch.profiles.store.hourly import Part as Gathered
from stillwatch.profiles.store.manifest import Hashes, Manifest, Part
from stillwatch.profiles.store.seen import Seen
from stillwatch.profiles.store.store import Store, replaced

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bool = npt.NDArray[np.bool_]

ROOM = 1 << 18  # rows of profiles in memory, 1.1 KB each


class Taking:
    """What is being added. `admit` and `add` are for one thread at a time.

    Attributes:
        repeated: requests that were counted before.
        late: requests that came too late to be counted.
    """

    def __init__(self, store: Store, lateness_hours: int) -> None:
        self.repeated = self.late = 0
        self._store, self._lateness = store, lateness_hours
        self._floor = store.manifest.floor
        self._gathered = Hourly()
        self._parts: list[Part] = []
        self._hashes: list[Hashes] = []
        self._files: dict[str, int] = {}
        self._seen = Seen(self._stored)
        self._newest = -1

    def known(self, fingerprint: str) -> bool:
        """Whether a log was read to its end before."""
        return fingerprint in self._store.manifest.files or fingerprint in self._files

    def admit(self, hashes: U64, hours: I64) -> Bool:
        """Which requests are to be counted: neither counted before nor too late."""
        in_time = np.ones(len(hours), np.bool_) if self._floor is None else hours >= self._floor
        self.late += int((~in_time).sum())
        new = np.zeros(len(hours), np.bool_)
        new[in_time] = self._seen.admit(hashes[in_time], hours[in_time])
        self.repeated += int(in_time.sum() - new.sum())
        if new.any():
            self._newest = max(self._newest, int(hours[new].max()))
        return new

    def add(self, gathered: Gathered) -> None:
        """Add what was admitted of a batch."""
        self._gathered.absorb(gathered)
        if len(self._gathered) >= ROOM:
            self._write()

    def finished(self, fingerprint: str | None) -> None:
        """A log was read to its end; one without a fingerprint will be read again, and nothing of it counted."""
        if fingerprint is not None:
            self._files[fingerprint] = self._newest
        if self._parts:
            self._commit()

    def end(self) -> None:
        """All logs were read."""
        self._commit(last=True)

    def _write(self) -> None:
        """What was gathered, as files."""
        with self._store.writing():
            for day, profiles, sums in self._gathered.days():
                self._parts.append(self._store.write_part("hour", DAY * day, profiles, [sums]))
            self._hashes += [self._store.write_hashes(day, hashes) for day, hashes in self._seen.taken().items()]
        self._gathered = Hourly()

    def _stored(self, day: int) -> Iterator[I64]:
        for each in (*self._store.manifest.hashes, *self._hashes):
            if each.day == day:
                yield self._store.read_hashes(each)

    def _commit(self, *, last: bool = False) -> None:
        self._write()
        manifest = self._store.manifest
        manifest = replaced(
            manifest,
            parts=(*manifest.parts, *self._parts),
            hashes=(*manifest.hashes, *self._hashes),
            files={**manifest.files, **self._files},
        )
        with self._store.writing():
            self._store.commit(self._aged(manifest) if last else manifest)
        self._parts, self._hashes, self._files = [], [], {}

    def _aged(self, manifest: Manifest) -> Manifest:
        """With a new floor, and without the hashes below it."""
        now = int(time() * 1e6) // HOUR  # one clock that runs ahead does not make everybody late
        newest = min(now, max([manifest.newest or 0, self._newest, *manifest.files.values()]))
        floor = max(newest + 1 - self._lateness, manifest.floor or 0)
        kept = tuple(each for each in manifest.hashes if DAY * (each.day + 1) > floor)
        return replaced(manifest, newest=newest, floor=floor, hashes=kept)


@contextmanager
def taking(store: Store, *, lateness_hours: int) -> Iterator[Taking]:
    """Add to a store; whatever ends it early leaves the logs that were finished, or nothing."""
    new = Taking(store, lateness_hours)
    try:
        yield new
        new.end()
    except BaseException:
        store.tidy()
        raise
