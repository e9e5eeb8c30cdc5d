"""What a relay does; `relay.places.open_relay` opens one by its address.

    gateway:  report(tap, known, hour, deltas) once a second, in one round trip
    watch:    take(positions) · release(positions) · publish(snapshot)

No call is made for a request: gateways call once a second, from a thread of their own.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from stillwatch.errors import StillwatchError
from stillwatch.response.model import Spent, Tap
from stillwatch.response.snapshot import Snapshot


class RelayError(StillwatchError):
    """The other side cannot be reached in time, or refuses; trying again may help."""

    exit_code = 3


class Told(NamedTuple):
    """What a gateway's report was answered.

    Attributes:
        snapshot: the one in force, if it is not the known one.
        spent: by campaign, what all gateways together used in the hour.
        fault: what failed (the relay is full, the snapshot is of another version) while the rest was done: what was
            spent is added, and the tap is to be handed on again.
    """

    snapshot: Snapshot | None
    spent: Mapping[str, Spent]
    fault: RelayError | None = None


class Relay(Protocol):
    """The way between gateways and the watch.

    Every method raises `RelayError` (a StillwatchError) where the other side cannot be reached within the time limit.
    """

    def report(self, tap: Tap | None, known: int | None, hour: int, deltas: Mapping[str, Spent]) -> Told:
        """Hand on what a gateway saw and spent, and ask what is in force: one round trip, two where that changed.

        What an error broke off may or may not have been done: a tap that is handed on again is taken once, and what
        was spent may then count twice.

        Args:
            tap: what it saw; None for nothing.
            known: the version of the snapshot that it has; None if it wants none.
            hour: hours since 1970.
            deltas: what it spent of campaigns' budgets in that hour, since its last report; a campaign of which only
                the total is asked has zeros.
        """

    def snapshot(self, known: int) -> Snapshot | None:
        """The snapshot in force, if its version is not the known one."""

    def take(self, taken: Mapping[str, int]) -> Iterator[Tap]:
        """What gateways pushed and was not taken yet, each gateway's in order; ends where there is no more.

        Args:
            taken: by gateway, the last number that was taken.
        """

    def release(self, taken: Mapping[str, int]) -> None:
        """These were taken for good, and need be kept no longer."""

    def publish(self, snapshot: Snapshot) -> None:
        """Tell every gateway."""

    def close(self) -> None:
        """Let go of connections and files."""
