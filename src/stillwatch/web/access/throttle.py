"""Attempts to sign in that failed, and when there were too many: by name, by address, by both.

    throttle.attempt("ana", "192.0.2.1")      # TooMany, before a password is looked at
    throttle.passed("ana", "192.0.2.1")

In memory, of this process: several processes side by side allow several times as many. Who guesses from one address
shuts out that address for the name, not the person.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

from stillwatch.web.asking import TooMany

WINDOW_SECONDS = 900.0
_MOST_PAIR, _MOST_ADDRESS, _MOST_NAME = 5, 30, 100  # failures in a window
_KEPT = 10_000  # names and addresses that are remembered


class Throttle:
    """Counts failures; may be used from several threads.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def attempt(self, name: str, address: str) -> None:
        """Counts an attempt, before its password is looked at: many at once are no way around it.

        Raises:
            TooMany: too many failed in the last quarter of an hour.
        """
        now = self._clock()
        with self._lock:
            for key, most in _keys(name, address):
                self._check(key, most, now - WINDOW_SECONDS)
            for key, most in _keys(name, address):
                self._failures.setdefault(key, deque(maxlen=most)).append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > _KEPT:
                self._failures.popitem(last=False)

    def _check(self, key: tuple[str, str], most: int, since: float) -> None:
        times = self._failures.get(key, deque())
        while times and times[0] <= since:
            times.popleft()
        if len(times) >= most:
            minutes = max(1, round((times[0] - since) / 60))
            hint = f"Try again in {minutes} minute{'s' * (minutes != 1)}."
            raise TooMany("Too many attempts to sign in failed.", hint=hint)

    def passed(self, name: str, address: str) -> None:
        """Takes an attempt back that was right, and forgives those before it."""
        with self._lock:
            own, *others = (self._failures.get(key) for key, _ in _keys(name, address))
            if own is not None:
                own.clear()
            for times in others:
                if times:
                    times.pop()


def _keys(name: str, address: str) -> Iterator[tuple[tuple[str, str], int]]:
    folded = name.casefold()[:200]
    yield (folded, address), _MOST_PAIR
    yield ("", address), _MOST_ADDRESS
    yield (folded, ""), _MOST_NAME
