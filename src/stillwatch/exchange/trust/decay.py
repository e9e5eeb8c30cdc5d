"""What age does to a score: MISP's polynomial decay.

    score(t) = base * (1 - (t / lifetime) ** (1 / SPEED)),  0 from the lifetime on

(Mokaddem, Wagener, Dulaunoy, Iklody and Tsigaridas, "Taxonomy driven indicator scoring in MISP threat intelligence
platforms", 2018, section 4.)
"""

from collections.abc import Mapping
from types import MappingProxyType

from stillwatch.indicators.allowed import LIFETIME

DAY = 86_400_000_000  # microseconds

#: Their delta. Below 1 a score falls slowly at first and fast at the end: half-way through its life a signature still
#: has three quarters of its score, since a pool that was seen last month is mostly still there.
SPEED = 0.5

#: How long a signature lives without being seen again, by kind: as long as its publisher may call it valid.
LIFETIMES: Mapping[str, int] = MappingProxyType({kind: days * DAY for kind, days in LIFETIME.items()})

#: For a kind that is not known here: the shortest, for nobody can say how long it holds.
SHORTEST = min(LIFETIMES.values())


def remaining(age: int, lifetime: int) -> float:
    """The share of a score that is left.

    Args:
        age: microseconds since it was last known to be so; below 0 (a clock set back) counts as 0.
        lifetime: microseconds after which nothing is left, above 0.

    Returns:
        From 1 (new) down to 0.
    """
    elapsed = min(1.0, max(0, age) / lifetime)
    return float(1 - elapsed ** (1 / SPEED))
