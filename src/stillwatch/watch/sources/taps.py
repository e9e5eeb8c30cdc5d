"""What gateways saw: profiles that they folded themselves, whom they recognised, what they counted.

    source = Taps(open_relay("redis://127.0.0.1:6379/0"))

A tap is taken once, however often it arrives, and deleted from the relay once it is on disk here. Numbers that never
arrive were dropped by the relay for want of room; they are counted.
"""

import threading
from collections.abc import Iterator

from stillwatch.errors import InputError
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles, zero
from stillwatch.response.model import Tap
from stillwatch.response.relay.protocol import Relay
from stillwatch.watch.model import Piece, Position

LOST, UNREADABLE = "taps_lost", "taps_unreadable"

_NAME = "gateways"
_TURN_SECONDS = 0.2
_GATEWAYS = 4096  # of which the last number is known: the ones heard of last


class Taps:
    """The gateways behind a relay."""

    name = _NAME

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._released: dict[str, int] | None = None
        self._closed = threading.Event()

    def pieces(self, position: Position | None) -> Iterator[Piece | None]:
        """What comes, tap by tap; see `watch.model.Source`.

        Raises:
            RelayError: the relay cannot be reached.
        """
        taken: dict[str, int] = {gateway: int(str(number)) for gateway, number in (position or {}).items()}
        while not self._closed.is_set():
            for tap in self._relay.take(taken):
                if not tap.number or tap.number > taken.get(tap.gateway, 0):
                    yield _piece(tap, taken)
                if self._closed.is_set():
                    return
            released, self._released = self._released, None
            if released is not None:
                self._relay.release(released)
                for gateway in list(released)[:-_GATEWAYS]:  # in the order in which they were heard of last
                    if taken.get(gateway) == released[gateway]:
                        del taken[gateway]
            self._closed.wait(_TURN_SECONDS)
            yield None

    def release(self, position: Position) -> None:
        """These are deleted from the relay soon, by the thread that reads it."""
        self._released = {gateway: int(str(number)) for gateway, number in position.items()}

    def close(self) -> None:
        """End `pieces`."""
        self._closed.set()


def _piece(tap: Tap, taken: dict[str, int]) -> Piece:
    """A tap as a piece; `taken` says then that it was."""
    profiles, counts = _profiles(tap)
    if tap.number:
        lost = tap.number - taken.pop(tap.gateway, 0) - 1
        taken[tap.gateway] = tap.number
        counts |= {LOST: lost} if lost else {}
    requests = int(profiles["requests"].sum()) if len(profiles) else 0
    return Piece(_NAME, dict(taken), profiles, requests, 0, tap.sightings, tuple(counts.items()))


def _profiles(tap: Tap) -> tuple[Profiles, dict[str, int]]:
    try:
        return wire.loads(tap.profiles), dict(tap.counts)
    except InputError:
        return zero(), tap.counts | {UNREADABLE: 1}
