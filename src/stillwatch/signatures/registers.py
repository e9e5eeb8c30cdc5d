"""Eight bytes at once in one register, with no branch a byte: what the kernels for ASCII are made of."""

import numpy as np

from stillwatch.signatures.compiled import U8, compiled

EACH = np.uint64(0x0101010101010101)  # times a byte: that byte in all eight places
TOP, REST = np.uint64(0x80) * EACH, np.uint64(0x7F) * EACH

_1, _2, _3, _4, _5, _6, _7 = (np.uint64(n) for n in range(1, 8))


def reaching(byte: int) -> np.uint64:
    """What, added to eight bytes below 128, sets the top bit of those that are `byte` or more."""
    return np.uint64(0x80 - byte) * EACH


@compiled
def load(octets: U8, at: np.uint64) -> np.uint64:
    """The eight bytes from `at` on as a number, the first one lowest: a single instruction once compiled."""
    w = np.uint64(octets[at]) | np.uint64(octets[at + _1]) << np.uint64(8)
    w |= np.uint64(octets[at + _2]) << np.uint64(16) | np.uint64(octets[at + _3]) << np.uint64(24)
    w |= np.uint64(octets[at + _4]) << np.uint64(32) | np.uint64(octets[at + _5]) << np.uint64(40)
    return w | np.uint64(octets[at + _6]) << np.uint64(48) | np.uint64(octets[at + _7]) << np.uint64(56)


@compiled
def store(out: U8, at: np.uint64, w: np.uint64) -> None:
    """Write w to the eight bytes from `at` on, the lowest first."""
    out[at], out[at + _1], out[at + _2] = w, w >> np.uint64(8), w >> np.uint64(16)
    out[at + _3], out[at + _4], out[at + _5] = w >> np.uint64(24), w >> np.uint64(32), w >> np.uint64(40)
    out[at + _6], out[at + _7] = w >> np.uint64(48), w >> np.uint64(56)
