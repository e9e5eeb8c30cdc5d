"""How many measures, open appeals and sightings each case has: counted where those are kept, again and again.

    count(console)                     # once
    with running(console): ...         # every half a minute; cases whose verdict has ended are opened, too

The queue shows and finds them (`has:appeal`). What cannot be read keeps the count that it had.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.exchange.client.state import State
from stillwatch.response import appeals
from stillwatch.response.ledger.chain import Head
from stillwatch.web.casework import measures
from stillwatch.web.console import Console
from stillwatch.web.kept import WAIT_SECONDS
from stillwatch.web.store import marking

log = logging.getLogger(__name__)

_SECONDS = 30.0


@dataclass(frozen=True)
class Decided:
    """What stood or waited in a ledger, by campaign, until something of it ends."""

    head: Head
    until: datetime
    counts: Counter[str]


class Counting:
    """Counts again and again; remembers which ledger it has read, since a large one takes seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._decided: Decided | None = None

    def count(self) -> None:
        """Counts everything once."""
        console = self._console
        console.store.expire(console.clock())
        kinds: dict[marking.Kind, Callable[[], Counter[str]]] = {
            "decisions": self._decisions,
            "appeals": lambda: open_appeals(console),
            "sightings": lambda: sightings(console),
        }
        for kind, counted in kinds.items():
            try:
                counts = counted()
            except ConfigError:  # no ledger is named, or there is none yet
                continue
            except StillwatchError as error:
                log.warning("%s are not counted: %s", kind, error)
                continue
            marking.mark(console.store, kind, counts)

    def _decisions(self) -> Counter[str]:
        """What stands or waits, by campaign."""
        now = self._console.clock()
        with measures.opened(self._console) as ledger:
            head = ledger.head()
            if self._decided and self._decided.head == head and now < self._decided.until:
                return self._decided.counts
            picture = ledger.picture(now)
        held = (*picture.standing.values(), *picture.waiting.values())
        until = min((each.until for each in held), default=datetime.max.replace(tzinfo=UTC))
        self._decided = Decided(head, until, Counter(each.campaign for each in held if each.campaign))
        return self._decided.counts


def count(console: Console) -> None:
    """Counts everything once."""
    Counting(console).count()


def open_appeals(console: Console) -> Counter[str]:
    """Appeals that wait for an answer, by the campaign of what they are about."""
    with measures.opened(console) as ledger:
        waiting = [each for each in appeals.appeals(ledger) if each.status == "open"]
        about = [ledger.decision(each.decision) for each in waiting]
    return Counter(each.campaign for each in about if each.campaign)


def sightings(console: Console) -> Counter[str]:
    """How often other members saw what we shared, by campaign."""
    path = console.settings.config.exchange.state
    if not path.exists():
        return Counter()
    with State.open(path, wait=WAIT_SECONDS) as state:
        ours = {each.object["id"]: each.campaign for each in state.outbox.said() if each.campaign}
        found = state.mirror.sightings(ours)
    return Counter(ours[each.object["sighting_of_ref"]] for each in found)


@contextmanager
def running(console: Console) -> Iterator[None]:
    """Counts beside what the block does."""
    ended, counting = threading.Event(), Counting(console)

    def loop() -> None:
        _count(counting)
        while not ended.wait(_SECONDS):
            _count(counting)

    thread = threading.Thread(target=loop, name="counting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _count(counting: Counting) -> None:
    try:
        counting.count()
    except StillwatchError as error:
        log.warning("cases are not counted: %s", error)
