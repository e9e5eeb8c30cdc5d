"""One channel's thread: hands over the oldest notice, and tries again, waiting longer each time, until it is taken."""

import logging
import random
import sqlite3
import threading

from stillwatch.watch.metrics import Metrics, Outcome
from stillwatch.watch.notify.channel import Channel, NotTakenError
from stillwatch.watch.notify.outbox import Outbox

LONGEST_WAIT_SECONDS = 3600.0

_LOG = logging.getLogger("stillwatch.watch")


class Courier:
    """Carries a channel's notices out of the outbox, in their order.

    Args:
        channel: what hands them over.
        outbox: where they are.
        metrics: told what becomes of them.
        first_wait: seconds after one failure; twice as long after each further one, an hour at most.
    """

    def __init__(self, channel: Channel, outbox: Outbox, metrics: Metrics, *, first_wait: float) -> None:
        self._channel, self._outbox, self._metrics, self._first_wait = channel, outbox, metrics, first_wait
        self._something, self._closing, self._failures = threading.Event(), threading.Event(), 0
        self._thread = threading.Thread(target=self._run, name=f"notices by {channel.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There may be something."""
        self._something.set()

    def close(self, seconds: float) -> bool:
        """Hands over what does not fail, for so long at most; whether it ended."""
        self._closing.set()
        self._something.set()
        self._thread.join(seconds)
        if ended := not self._thread.is_alive():
            self._channel.close()
        return ended

    def _run(self) -> None:
        while not (self._closing.is_set() and self._failures):
            self._something.clear()
            closing = self._closing.is_set()  # asked first: what came before the end is seen
            try:
                head = self._outbox.oldest(self._channel.name)
                self._metrics.notices(self._channel.name, waiting=self._outbox.waiting(self._channel.name))
                if head:
                    self._hand_over(*head)
                    self._failures = 0
                elif closing:
                    return
                else:
                    self._something.wait()
            except NotTakenError as error:
                self._metrics.noticed(self._channel.name, "failed")
                self._wait(str(error), error.wait)
            except sqlite3.Error as error:
                self._metrics.failed("notices")
                self._wait(f"the outbox failed: {error}", 0.0)

    def _hand_over(self, number: int, notice: str) -> None:
        """One attempt; a notice that is refused is dropped.

        Raises:
            NotTakenError: it should be tried again.
        """
        try:
            self._channel.send(notice)
            outcome: Outcome = "sent"
        except NotTakenError as error:
            if not error.refused:
                raise
            _LOG.warning("A notice by %s was refused (%s) and is dropped.", self._channel.name, error)
            outcome = "dropped"
        self._outbox.forget(number)
        self._metrics.noticed(self._channel.name, outcome)

    def _wait(self, why: str, least: float) -> None:
        if not self._failures:
            _LOG.warning("A notice by %s was not taken (%s); it is tried again.", self._channel.name, why)
        longer = self._first_wait * 2.0 ** min(self._failures, 30) * random.uniform(0.8, 1.2)  # noqa: S311 — no secret
        self._failures += 1
        self._closing.wait(min(LONGEST_WAIT_SECONDS, max(least, longer)))
