"""The loop: takes what sources have, writes it down, folds it in, has it judged.

    watch = Watch(sources, journal, window, judge, settings.watch)
    watch.run()                    # until `stop`, from a signal or another thread
    watch.run(once=True)           # until all sources have ended, then judges once

Each source is read on a thread of its own and waits where the loop does not keep up, so that memory is bounded. What
came is in the journal before it counts and before the source is told that it may forget it. A source that fails is
reported and asked again; the others go on. Accounts are judged on one more thread, so that reading never waits for it.
"""

import queue
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Thread

from stillwatch.config import WatchConfig
from stillwatch.errors import StillwatchError
from stillwatch.profiles.accounts import Profiles, zero
from stillwatch.response.model import Sighting
from stillwatch.watch.journal import Journal
from stillwatch.watch.metrics import Metrics
from stillwatch.watch.model import Piece, Position, Source
from stillwatch.watch.reading import TURN, Reader, Report
from stillwatch.watch.window import Window

WAITING = 8  # pieces that wait for the loop: beyond them, sources wait
MANY = 100_000  # accounts that came: written down at once
RETRY_SECONDS = 1.0  # until the journal is tried again
GRACE_SECONDS = 5.0  # for sources, and for a judgement at work, when told to end

MOST_UNHEARD = 10_000  # sightings that wait for whoever is told of them: of more, the newest

Judge = Callable[[Profiles], bool]
Heard = Callable[[Sequence[Sighting], Mapping[str, int]], None]


@dataclass
class _Came:
    """What came since it was written down last."""

    profiles: Profiles = field(default_factory=zero)
    positions: dict[str, Position] = field(default_factory=dict)

    def take(self, piece: Piece) -> None:
        self.profiles.absorb(piece.profiles)
        self.positions[piece.source] = piece.position


@dataclass
class _Unheard:
    """What gateways reported and nobody was told yet."""

    sightings: list[Sighting] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, piece: Piece) -> None:
        self.sightings = [*self.sightings, *piece.sightings][-MOST_UNHEARD:]
        self.counts.update(dict(piece.counts))

    @property
    def parts(self) -> tuple[list[Sighting], Counter[str]]:
        return self.sightings, self.counts


class Watch:
    """One watch, from its sources to its judgements.

    Args:
        sources: each with a name of its own.
        journal: where what came is written down.
        window: who asked within the last days, as of the journal.
        judge: judges a copy of all accounts, in the order of their ids; called on a thread, one at a time. What it
            returns False for is judged again, whether anything comes or not.
        settings: how often.
        metrics: told of everything.
        report: told which part failed, and how; the watch goes on.
        heard: told whom gateways recognised and what they counted, once it is on disk; again, if it fails.
    """

    def __init__(  # noqa: PLR0913 — what it reads, keeps and tells
        self,
        sources: Sequence[Source],
        journal: Journal,
        window: Window,
        judge: Judge,
        settings: WatchConfig,
        *,
        metrics: Metrics | None = None,
        report: Report = lambda _part, _error: None,
        heard: Heard = lambda _sightings, _counts: None,
    ) -> None:
        self._sources = {source.name: source for source in sources}
        self._journal, self._window, self._judge, self._settings = journal, window, judge, settings
        self.metrics, self._report, self._heard = metrics or Metrics(), report, heard
        self._queue: queue.Queue[Piece] = queue.Queue(WAITING)
        self._readers: list[Reader] = []
        self._came, self._unheard, self._stopping = _Came(), _Unheard(), False
        self._judging: Thread | None = None
        self._evicted = 0
        # what the journal held is judged at once; what is only beginning to come, after a while
        self._unjudged = len(window) > 0
        self._due = time.monotonic() + (0.0 if self._unjudged else settings.judge_seconds)

    def stop(self) -> None:
        """Ends `run` in good order; from any thread, and from a signal's handler."""
        self._stopping = True  # no lock: the handler may have interrupted one who holds it

    def run(self, *, once: bool = False) -> None:
        """Watch until `stop`; once: until all sources have ended, and judge what is there.

        Raises:
            StillwatchError: of a source or the journal, where it runs once. Otherwise faults are reported.
        """
        positions = self._journal.positions
        self._readers = [
            Reader(source, positions.get(name), self._queue, self._failed, patient=not once)
            for name, source in self._sources.items()
        ]
        try:
            for reader in self._readers:
                reader.start()
            while not self._stopping and not (once and self._exhausted()):
                self._turn(once=once)
        finally:
            self._end()
        if once and not self._stopping:
            self._judge_last()

    def _turn(self, *, once: bool) -> None:
        self._gather(once=once)
        try:
            self._keep()
            self._hand_on()
            self._window.expire()
            self._journal.tidy()
        except StillwatchError as error:
            if once:
                raise
            self._failed("journal", error)
            self._pause(RETRY_SECONDS)
        if not once:
            self._judge_if_due()
        self._tell()

    def _gather(self, *, once: bool) -> None:
        """Takes pieces for as long as a flush may wait, unless many accounts came before."""
        until = time.monotonic() + self._settings.flush_seconds
        while (left := until - time.monotonic()) > 0 and len(self._came.profiles) < MANY and not self._stopping:
            try:
                self._take(self._queue.get(timeout=min(left, TURN)))
            except queue.Empty:
                if once and self._exhausted():
                    return

    def _take(self, piece: Piece) -> None:
        self._came.take(piece)
        self._unheard.take(piece)
        self.metrics.read(piece.source, requests=piece.requests, rejected=piece.rejected)
        self.metrics.told(piece.counts, piece.sightings)

    def _keep(self) -> None:
        """Writes down what came, folds it in, and lets the sources forget it."""
        came = self._came
        if not came.positions:
            return
        day = self._journal.append(came.profiles, came.positions)
        self._came = _Came()
        for name, position in came.positions.items():
            self._tried(name, partial(self._sources[name].release, position))
        if len(came.profiles):
            self._window.absorb(came.profiles, day)
            self._unjudged = True

    def _hand_on(self) -> None:
        heard = self._unheard
        if (heard.sightings or heard.counts) and self._tried("response", lambda: self._heard(*heard.parts)):
            self._unheard = _Unheard()

    def _judge_if_due(self) -> None:
        now = time.monotonic()
        busy = self._judging is not None and self._judging.is_alive()
        if busy or not self._unjudged or now < self._due:
            return
        self._unjudged, self._due = False, now + self._settings.judge_seconds
        copy = self._window.ordered()
        self._judging = Thread(target=self._judged, args=(copy,), name="stillwatch-judge", daemon=True)
        self._judging.start()

    def _judged(self, profiles: Profiles) -> None:
        complete = False

        def judge() -> None:
            nonlocal complete
            complete = self._judge(profiles)

        self._tried("judgement", judge)
        if not complete:
            self._unjudged = True

    def _judge_last(self) -> None:
        for reader in self._readers:
            if reader.error:
                raise reader.error
        if len(self._window):
            self._judge(self._window.ordered())

    def _tell(self) -> None:
        window = self._window
        self.metrics.alive(accounts=len(window), newest=window.newest)
        self.metrics.evicted(window.evicted - self._evicted)
        self._evicted = window.evicted

    def _end(self) -> None:
        """No more from the sources; what they handed over is written down; a judgement may finish."""
        until = time.monotonic() + GRACE_SECONDS
        for reader in self._readers:
            reader.end()
        for reader in self._readers:
            reader.join(max(0.0, until - time.monotonic()))
        while not self._queue.empty():
            self._take(self._queue.get_nowait())
        if self._tried("journal", self._keep):
            self._hand_on()
        self._tell()
        if self._judging:
            self._judging.join(max(0.0, until - time.monotonic()))

    def _exhausted(self) -> bool:
        return not any(reader.is_alive() for reader in self._readers) and self._queue.empty()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping:
            time.sleep(TURN)

    def _tried(self, part: str, act: Callable[[], None]) -> bool:
        try:
            act()
        except Exception as error:  # noqa: BLE001 — whatever it is, the watch goes on
            self._failed(part, error)
            return False
        return True

    def _failed(self, part: str, error: Exception) -> None:
        self.metrics.failed(part)
        self._report(part, error)
