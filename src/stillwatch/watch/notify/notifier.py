"""Tells people and collectors what is new, and never keeps the watch waiting.

    notifier = Notifier.of(settings.watch, metrics)
    notifier.tell(document, ledger.waiting(now))     # after every judgement
    notifier.close()

What nobody was told yet is written into the outbox, from which a thread for each channel carries it. A watch that ends
goes on where it was when it comes back.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import Self

from stillwatch.config import WatchConfig
from stillwatch.reports.document import FindingsDocument
from stillwatch.response.model import Decision
from stillwatch.watch.metrics import Metrics
from stillwatch.watch.notify.channel import Channel
from stillwatch.watch.notify.courier import Courier
from stillwatch.watch.notify.mail import Mail
from stillwatch.watch.notify.otlp import Otlp
from stillwatch.watch.notify.outbox import Outbox
from stillwatch.watch.notify.webhook import Webhook

FILE = "notices.sqlite"
FIRST_WAIT_SECONDS = 2.0
GRACE_SECONDS = 5.0  # at the end

_LOG = logging.getLogger("stillwatch.watch")


class Notifier:
    """The channels that are set, with their outbox; without any, it does nothing and makes no file."""

    def __init__(self, settings: WatchConfig, metrics: Metrics, *, first_wait: float = FIRST_WAIT_SECONDS) -> None:
        self._metrics, self._told = metrics, (frozenset[object](), frozenset[object]())
        self._channels = tuple(_channels(settings))
        if self._channels:
            self._outbox = Outbox(settings.folder / FILE)
            self._couriers = [Courier(c, self._outbox, metrics, first_wait=first_wait) for c in self._channels]

    @classmethod
    def of(cls, settings: WatchConfig, metrics: Metrics | None = None) -> Self:
        """The channels that the settings name.

        Raises:
            ConfigError: an address cannot be read, a package is missing, or the outbox cannot be kept.
        """
        return cls(settings, metrics or Metrics())

    def tell(self, document: FindingsDocument, waiting: Sequence[Decision] = ()) -> None:
        """Tells what is new in a judgement; returns when it is in the outbox, milliseconds later.

        A fault of the outbox is counted and logged, and what was news then is told after the next judgement.

        Args:
            document: what was found.
            waiting: decisions that wait for a person.
        """
        said = frozenset((c.id, c.severity) for c in document.standing), frozenset(d.id for d in waiting)
        if not self._channels or said == self._told:
            return
        try:
            dropped = self._outbox.put(document, waiting, self._channels, time.time())
        except sqlite3.Error as error:
            _LOG.warning("Notices cannot be written down (%s); it is tried again after the next judgement.", error)
            self._metrics.failed("notices")
            return
        self._told = said
        for name, number in dropped.items():
            self._metrics.noticed(name, "dropped", number)
        for courier in self._couriers:
            courier.wake()

    def close(self) -> None:
        """Hands over what can be handed over at once, and ends; the rest stays in the outbox."""
        if self._channels:
            end = time.monotonic() + GRACE_SECONDS
            ended = [courier.close(max(0.0, end - time.monotonic())) for courier in self._couriers]
            if all(ended):
                self._outbox.close()


def _channels(settings: WatchConfig) -> Iterator[Channel]:
    if settings.webhook:
        yield Webhook(settings.webhook)
    if settings.mail_to:
        yield Mail(settings.smtp, sender=settings.mail_from, to=settings.mail_to)
    if settings.otlp:
        yield Otlp(settings.otlp)
