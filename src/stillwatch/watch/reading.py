"""One thread a source: hands its pieces to the loop, asks it again where it fails."""

import queue
from collections.abc import Callable
from threading import Event, Thread

from stillwatch.watch.model import Piece, Position, Source

TURN = 0.2  # seconds until a thread looks whether it is to end
RETRY_SECONDS, LONGEST_SECONDS = 1.0, 30.0  # until a source that failed is asked again: doubled each time

Report = Callable[[str, Exception], None]


class Reader(Thread):
    """Reads a source from a position on.

    Args:
        source: what is read.
        position: where it goes on; None: from its beginning.
        into: takes the pieces; while it is full, the source waits.
        report: told of faults.
        patient: ask a source again that failed; otherwise the first fault ends it.

    Attributes:
        error: what ended it.
    """

    def __init__(
        self, source: Source, position: Position | None, into: queue.Queue[Piece], report: Report, *, patient: bool
    ) -> None:
        super().__init__(name=f"stillwatch-{source.name}", daemon=True)
        self._source, self._position, self._into, self._report = source, position, into, report
        self._patient, self._ending = patient, Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Until the source ends, fails for good, or `end`."""
        wait = RETRY_SECONDS
        while not self._ending.is_set():
            before = self._position
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 — whatever it is, the other sources go on
                self._failed(error)
            else:
                return
            wait = RETRY_SECONDS if self._position is not before else min(2 * wait, LONGEST_SECONDS)
            self._ending.wait(wait)

    def end(self) -> None:
        """Ends it, from any thread."""
        self._ending.set()
        self._source.close()

    def _read(self) -> None:
        for piece in self._source.pieces(self._position):
            while piece and not self._ending.is_set():
                try:
                    self._into.put(piece, timeout=TURN)
                except queue.Full:
                    continue
                self._position = piece.position
                break
            if self._ending.is_set():
                return

    def _failed(self, error: Exception) -> None:
        if self._patient:
            self._report(self._source.name, error)
        else:
            self.error = error
            self._ending.set()
