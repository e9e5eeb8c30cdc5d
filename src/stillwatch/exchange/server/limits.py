"""How much is done at a time and for whom, so that one member, or everybody together, cannot stop the exchange.

All of it is asked from the event loop's thread alone, so there are no locks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from stillwatch.exchange.server.errors import Problem


@dataclass(frozen=True)
class Limits:
    """The bounds of one process."""

    at_work: int = 128  # requests at a time
    member_at_work: int = 32  # of one member
    member_rate: float = 1000.0  # requests a second of one member, in the long run
    member_burst: int = 10_000  # requests that he may have saved up
    bodies: int = 512 * 1024 * 1024  # bytes of request bodies in memory at a time
    member_bodies: int = 256 * 1024 * 1024  # of one member
    streams: int = 64  # event streams at a time
    member_streams: int = 8  # of one member


@dataclass
class _Bucket:
    tokens: float
    at: float  # seconds


class Place:
    """Something taken that is given back once, however often one says so."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def release(self) -> None:
        """Gives it back."""
        if self._give_back:
            self._give_back()
            self._give_back = None


@dataclass
class Load:
    """What is at work in one process."""

    limits: Limits
    seconds: Callable[[], float]  # a clock that never goes back
    _taken: dict[str, int] = field(default_factory=dict)
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def place(self) -> Place:
        """A place for a request.

        Raises:
            Problem: 503, too many are at work.
        """
        return self._take("requests", 1, self.limits.at_work, _busy())

    def turn(self, member: str) -> Place:
        """A turn of a member, who has so many a second and so many at a time.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        place = self._take(f"requests of {member}", 1, self.limits.member_at_work, _too_many(1))
        try:
            self._spend(member)
        except Problem:
            place.release()
            raise
        return place

    def stream(self, member: str) -> tuple[Place, Place]:
        """A place for an event stream.

        Raises:
            Problem: 503 or 429, too many are open.
        """
        mine = self._take(f"streams of {member}", 1, self.limits.member_streams, _too_many(30))
        return self._both(mine, "streams", 1, self.limits.streams, _busy(30))

    def body(self, member: str, size: int) -> tuple[Place, Place]:
        """Room for a request body of so many bytes; a single one always finds room.

        Raises:
            Problem: 503 or 429, too much is held already.
        """
        mine = self._take(f"bodies of {member}", size, max(self.limits.member_bodies, size), _too_many(1))
        return self._both(mine, "bodies", size, max(self.limits.bodies, size), _busy())

    def _both(self, mine: Place, what: str, amount: int, bound: int, problem: Problem) -> tuple[Place, Place]:
        """A member's share, and the whole that it is a share of."""
        try:
            return mine, self._take(what, amount, bound, problem)
        except Problem:
            mine.release()
            raise

    def _take(self, what: str, amount: int, bound: int, problem: Problem) -> Place:
        taken = self._taken.get(what, 0)
        if taken + amount > bound:
            raise problem
        self._taken[what] = taken + amount
        return Place(lambda: self._give_back(what, amount))

    def _give_back(self, what: str, amount: int) -> None:
        left = self._taken[what] - amount
        if left:
            self._taken[what] = left
        else:
            del self._taken[what]

    def _spend(self, member: str) -> None:
        """The token bucket of a member."""
        now, full = self.seconds(), float(self.limits.member_burst)
        bucket = self._buckets.setdefault(member, _Bucket(full, now))
        bucket.tokens = min(full, bucket.tokens + (now - bucket.at) * self.limits.member_rate)
        bucket.at = now
        if bucket.tokens < 1:
            raise _too_many(math.ceil((1 - bucket.tokens) / self.limits.member_rate))
        bucket.tokens -= 1


def _busy(seconds: int = 1) -> Problem:
    text = "The exchange has as much to do as it takes on. Try again after Retry-After."
    return Problem(503, "Busy", text, "busy", headers={"Retry-After": str(seconds)})


def _too_many(seconds: int) -> Problem:
    text = "You ask more at a time than one member may. Try again after Retry-After."
    return Problem(429, "Too many requests", text, "too-many-requests", headers={"Retry-After": str(seconds)})
