"""Taps as bytes, and how many a relay keeps while nobody takes them."""

import time

import msgspec

from stillwatch.response.model import Tap

MOST_TAPS = 10_000  # nearly three hours of one gateway that reports each second
MOST_BYTES = 256 << 20  # of taps as large as the one that comes

_UNREADABLE = "taps_unreadable"


def dumps(tap: Tap) -> bytes:
    """As MessagePack."""
    return msgspec.msgpack.encode(tap)


def loads(content: bytes, gateway: str = "", number: int = 0) -> Tap:
    """From MessagePack; what is no tap becomes an empty one that counts it, so that it holds nothing up.

    Args:
        content: as `dumps` wrote it.
        gateway: whose it is if it cannot be read.
        number: likewise; 0 for nobody's.
    """
    try:
        return msgspec.msgpack.decode(content, type=Tap)
    except (msgspec.MsgspecError, ValueError):
        return Tap(gateway, number, time.time(), counts={_UNREADABLE: 1})


def most_taps(size: int) -> int:
    """How many taps are kept when one of so many bytes comes: fewer where they are large, at least one."""
    return max(1, min(MOST_TAPS, MOST_BYTES // max(1, size)))
