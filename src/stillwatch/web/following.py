"""The findings that the console follows: taken in when it starts, and again whenever the file changes.

    following = Following(store, Path("findings.json"))
    following.look()                   # takes it in if it has changed; what went wrong is in `following.state`
    with following.running(): ...      # a thread that looks every two seconds

A scan writes its findings whole or not at all, so that what is read is never half of them. A file that cannot be read
leaves everything as it was, and is tried again when it changes.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from stillwatch.errors import StillwatchError
from stillwatch.reports.document import loads
from stillwatch.web.store import Store, intake

log = logging.getLogger(__name__)

_SECONDS = 2.0


@dataclass(frozen=True)
class Followed:
    """What became of the file so far."""

    path: Path
    changed_at: datetime | None = None  # the file, as it was last seen
    taken_at: datetime | None = None  # the last time that all of it was taken in
    problem: str = ""  # why the newest could not be; empty: it could


class Following:
    """One file, and what was last seen of it.

    Args:
        store: takes the findings in.
        path: need not be there yet.
        clock: gives the time.
    """

    def __init__(self, store: Store, path: Path, clock: Callable[[], datetime]) -> None:
        self._store, self._path, self._clock = store, path, clock
        self._seen: tuple[int, int, int] | None = None
        self.state = Followed(path)

    def look(self) -> None:
        """Takes the file in if it is another than before."""
        try:
            stat = self._path.stat()
        except OSError:
            if self._seen is None:
                self.state = replace(self.state, problem="There are no findings here yet.")
            return
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if seen == self._seen:
            return
        self.state = replace(self.state, changed_at=datetime.fromtimestamp(stat.st_mtime, self._clock().tzinfo))
        try:
            intake.take(self._store, loads(self._path.read_bytes(), where=str(self._path)), self._clock())
        except (StillwatchError, OSError) as error:
            self._failed(str(error))
        else:
            self.state = replace(self.state, taken_at=self._clock(), problem="")
        self._seen = seen

    def _failed(self, problem: str) -> None:
        log.warning("%s", problem)
        self.state = replace(self.state, problem=problem)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Looks again and again, beside what the block does."""
        ended = threading.Event()

        def loop() -> None:
            self.look()
            while not ended.wait(_SECONDS):
                self.look()

        thread = threading.Thread(target=loop, name="findings", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
