"""Keyed draws: every random choice is a pure function of a 64-bit key, never of what was drawn before.

So a text, an address or a time can be computed where it is needed, in any order and in any cut, and comes out the same:
the second turn of a conversation repeats the first by computing it again.

    >>> uniform(mix(named("people"), np.arange(3)))     # three numbers in [0, 1), always the same
"""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

Keys = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15  # splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators")
FIRST = 0xBF58476D1CE4E5B9
SECOND = 0x94D049BB133111EB


def named(*names: object) -> int:
    """A key from names, e.g. the seed and a campaign's name: the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def mix(key: ArrayLike, *parts: ArrayLike) -> Keys:
    """Keys from keys, by splitmix64's finaliser; the arguments broadcast."""
    mixed = _unsigned(key)
    for part in parts:
        mixed = _finish(mixed * np.uint64(GOLDEN) + _unsigned(part) + np.uint64(1))
    return mixed


def _unsigned(values: ArrayLike) -> Keys:
    """At least one-dimensional, for numpy warns of overflow only between scalars."""
    if isinstance(values, int):
        return np.array([values & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    return np.atleast_1d(np.asarray(values)).astype(np.uint64, copy=False)


def _finish(z: Keys) -> Keys:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
    return z ^ (z >> np.uint64(31))


def uniform(keys: Keys) -> NDArray[np.float64]:
    """A number in [0, 1) for each key."""
    return (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(keys: Keys, limit: ArrayLike) -> NDArray[np.int64]:
    """An integer in [0, limit) for each key."""
    return (uniform(keys) * np.asarray(limit, dtype=np.float64)).astype(np.int64)


def normal(keys: Keys) -> NDArray[np.float64]:
    """A standard normal for each key, by Box and Muller."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(keys)))
    return radius * np.cos(2.0 * np.pi * uniform(mix(keys, 1)))


def pick(keys: Keys, cumulative: NDArray[np.float64]) -> NDArray[np.int64]:
    """An index for each key, drawn by cumulated shares (the last is 1)."""
    return np.searchsorted(cumulative, uniform(keys), side="right").clip(max=len(cumulative) - 1)


def cumulated(shares: ArrayLike) -> NDArray[np.float64]:
    """Shares as `pick` wants them."""
    total = np.cumsum(np.asarray(shares, dtype=np.float64))
    divided: NDArray[np.float64] = total / total[-1]
    return divided
