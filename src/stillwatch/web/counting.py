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

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.exchange.client.state import State
from stillwatch.response import appeals
from stillwatch.web.casework import measures
from stillwatch.web.console import Console
from stillwatch.web.kept import WAIT_SECONDS
from stillwatch.web.store import marking

log = logging.getLogger(__name__)

_SECONDS = 30.0


def count(console: Console) -> None:
    """Counts everything once."""
    console.store.expire(console.clock())
    for kind, counted in _KINDS.items():
        try:
            counts = counted(console)
        except ConfigError:  # no ledger is named, or there is none yet
            continue
        except StillwatchError as error:
            log.warning("%s are not counted: %s", kind, error)
            continue
        marking.mark(console.store, kind, counts)


def decisions(console: Console) -> Counter[str]:
    """What stands or waits, by campaign."""
    with measures.opened(console) as ledger:
        picture = ledger.picture(console.clock())
    return Counter(each.campaign for each in (*picture.standing.values(), *picture.waiting.values()) if each.campaign)


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


_KINDS: dict[marking.Kind, Callable[[Console], Counter[str]]] = {
    "decisions": decisions,
    "appeals": open_appeals,
    "sightings": sightings,
}


@contextmanager
def running(console: Console) -> Iterator[None]:
    """Counts beside what the block does."""
    ended = threading.Event()

    def loop() -> None:
        _count(console)
        while not ended.wait(_SECONDS):
            _count(console)

    thread = threading.Thread(target=loop, name="counting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _count(console: Console) -> None:
    try:
        count(console)
    except StillwatchError as error:
        log.warning("cases are not counted: %s", error)
