"""What was made of the exchange's state, kept until somebody changes it.

    kept = Kept()
    held = kept.of(Path("exchange.sqlite"), read)       # read(state) is called anew after every change, by whomever

SQLite counts the changes that others make to a file (`PRAGMA data_version`), for as long as a connection to it is open:
so the file stays open here.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from stillwatch.exchange.client.state import State

WAIT_SECONDS = 5.0  # for another process that writes: a page is to say so, not to hang
_T = TypeVar("_T")


class Kept:
    """One state, and what was made of it; for any thread."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._state: State | None = None
        self._file: tuple[Path, int, int] | None = None
        self._made: dict[Callable[[State], Any], tuple[int, Any]] = {}

    def of(self, path: Path, make: Callable[[State], _T]) -> _T | None:
        """What is made of the state as it is now; None where there is none.

        Raises:
            StillwatchError: it cannot be used.
        """
        with self._alone:
            state = self._opened(path)
            if state is None:
                return None
            version = state.version  # before it is read: what is written meanwhile has a later one
            known = self._made.get(make)
            if known is None or known[0] != version:
                known = self._made[make] = version, make(state)
            found: _T = known[1]
            return found

    def close(self) -> None:
        """Closes the file."""
        if self._state:
            self._state.close()
        self._state, self._file, self._made = None, None, {}

    def _opened(self, path: Path) -> State | None:
        """The state; opened anew where another file has its name now."""
        try:
            found = path.stat()
        except FileNotFoundError:
            self.close()
            return None
        file = (path, found.st_dev, found.st_ino)
        if file != self._file:
            self.close()
            self._state, self._file = State.open(path, wait=WAIT_SECONDS, any_thread=True), file
        return self._state

    def __del__(self) -> None:
        self.close()
