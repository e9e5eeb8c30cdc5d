"""The breaker: whoever is too slow several times on end is left out for a while.

if breaker.closed():
    started = monotonic()
    ...
    breaker.took(monotonic() - started)
"""

from collections.abc import Callable
from time import monotonic

ON_END = 5  # one slow call is the machine's; five are the code's
PAUSE_SECONDS = 10.0


class Breaker:
    """Counts how often in a row something took longer than its budget.

    Args:
        budget: seconds that one call may take.
        clock: seconds, never backwards.
    """

    def __init__(self, budget: float, clock: Callable[[], float] = monotonic) -> None:
        self._budget, self._clock = budget, clock
        self._slow, self._again = 0, 0.0

    def closed(self) -> bool:
        """Whether calls are made; after a pause one is tried again."""
        return self._slow < ON_END or self._clock() >= self._again

    def took(self, seconds: float) -> bool:
        """Note what a call took; True: it was too long, and from now on calls are left out."""
        if seconds <= self._budget:
            self._slow = 0
            return False
        self._slow += 1
        if self._slow < ON_END:
            return False
        self._again = self._clock() + PAUSE_SECONDS
        return True
