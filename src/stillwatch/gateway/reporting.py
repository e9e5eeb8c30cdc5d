"""The background of a gateway: a thread that, once a second, asks what is in force and hands on what was seen.

A relay that is gone costs a request nothing: the last snapshot stays in force (measures end by themselves), and what
was seen is kept, folded, until somebody takes it.
"""

import secrets
import threading
import time
from collections.abc import Callable

from stillwatch.errors import StillwatchError
from stillwatch.gateway.state import State
from stillwatch.gateway.tap import Rows
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles
from stillwatch.response.model import Kind, Sighting, Tap
from stillwatch.response.relay.protocol import Relay

SIGHTINGS = 10_000  # that wait
_JUMP = 5.0  # seconds between the clock and its steady sister


class Reporting:
    """One process's reports.

    Args:
        relay: where they go; None: nobody asks, and prompts are forgotten at once.
        state: what is kept up to date.
        rows: what is folded.
        counts: what happened so far; the difference since the last report goes into the next.
        count: adds to them.
    """

    def __init__(
        self, relay: Relay | None, state: State, rows: Rows, counts: dict[str, int], count: Callable[[str, int], None]
    ) -> None:
        self._relay, self._state, self._rows, self._counts, self._count = relay, state, rows, counts, count
        self.gateway, self._number = secrets.token_hex(8), 0
        self._profiles, self._told = Profiles(), dict[str, int]()
        self._sightings: dict[tuple[str, str, Kind], float] = {}
        self._sent: Tap | None = None  # that may or may not have arrived: it goes again as it is
        self._steady = time.time() - time.monotonic()

    def sight(self, account: str, campaign: str, kind: Kind, now: float) -> None:
        """Note who was recognised."""
        if len(self._sightings) < SIGHTINGS:
            self._sightings.setdefault((account, campaign, kind), now)

    def run(self, seconds: float, stop: threading.Event) -> None:
        """Report every so many seconds until `stop` is set, and once more then."""
        while not stop.wait(seconds):
            self.report()
        self.report()

    def report(self) -> None:
        """Fold what was seen, hand it on, settle budgets and ask what is in force. Never raises."""
        try:
            self._look_at_the_clock()
            if lost := self._rows.fold(self._profiles):
                self._count("tap_dropped", lost)
            if self._relay:
                self._exchange(self._relay)
            else:
                self._profiles, self._sightings = Profiles(), {}
        except StillwatchError:
            self._count("relay_failed", 1)
        except Exception:  # noqa: BLE001 — a fault here must not end the thread
            self._count("report_failed", 1)

    def _exchange(self, relay: Relay) -> None:
        """One round trip. A tap whose arrival is unknown goes again as it is: the watch takes a number once."""
        state = self._state
        self._sent = self._sent or self._next()
        hour, own = state.owed()
        try:
            told = relay.report(self._sent, state.snapshot.version, hour, own)
        except StillwatchError:
            state.owe(hour, own)
            raise
        state.settle(hour, told.spent)
        if told.snapshot is not None:
            state.snapshot = told.snapshot
        if told.fault:
            raise told.fault
        self._sent = None

    def _look_at_the_clock(self) -> None:
        offset = time.time() - time.monotonic()
        if abs(offset - self._steady) > _JUMP:
            self._count("clock_jumped", 1)
        self._steady = offset

    def _next(self) -> Tap | None:
        """What is there to tell, if there is something."""
        now = dict(self._counts)
        counts = {name: n - self._told.get(name, 0) for name, n in now.items() if n != self._told.get(name, 0)}
        sightings, self._sightings = self._sightings, {}
        if not counts and not sightings and not len(self._profiles):
            return None
        self._number, self._told = self._number + 1, now
        told = tuple(Sighting(account, campaign, kind, at) for (account, campaign, kind), at in sightings.items())
        content, self._profiles = wire.dumps(self._profiles), Profiles()
        return Tap(self.gateway, self._number, time.time(), content, told, counts)
