"""Counts as orders of magnitude.

of(4_210)              # "1e3-1e4"
bounds("1e3-1e4")      # (1000, 9999)
"""

from typing import Literal, get_args

Bucket = Literal["1-9", "10-99", "100-999", "1e3-1e4", "1e4-1e5", "1e5-1e6", "1e6-1e7", "1e7-1e8", "1e8+"]

_BUCKETS: tuple[Bucket, ...] = get_args(Bucket)


def of(count: int) -> Bucket:
    """Tell the order of magnitude of a count, from 1 on.

    Raises:
        ValueError: nothing was counted.
    """
    if count < 1:
        raise ValueError("nothing was counted")
    return _BUCKETS[min(len(str(count)), len(_BUCKETS)) - 1]


def bounds(bucket: Bucket) -> tuple[int, int | None]:
    """Tell the least and the greatest count of a bucket; the last one has no greatest."""
    digits = _BUCKETS.index(bucket) + 1
    return 10 ** (digits - 1), 10**digits - 1 if digits < len(_BUCKETS) else None
