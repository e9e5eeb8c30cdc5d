"""Timestamps of STIX and TAXII: lenient in, canonical out.

    microseconds = parse("2026-11-02T09:00:00Z")
    text(microseconds)                      # "2026-11-02T09:00:00.000000Z"

Both standards want UTC with a `Z`. TAXII wants exactly six digits of a second, STIX wants three or more, and clients
send none; digits beyond the sixth are cut off.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,18})?Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)  # the times of one object are mostly the same, and are looked at again and again
def parse(timestamp: str) -> int:
    """Read an RFC 3339 timestamp in UTC.

    Returns:
        Whole microseconds since 1970, below 0 before it.

    Raises:
        ValueError: it is none, or there is no such day or second.
    """
    if len(timestamp) > 40 or not _TIMESTAMP.fullmatch(timestamp):
        raise ValueError("not a timestamp such as 2026-11-02T09:00:00.000000Z")
    return of(datetime.fromisoformat(timestamp))


def of(time: datetime) -> int:
    """Tell the microseconds since 1970 of a time that knows its zone."""
    return (time - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def text(microseconds: int) -> str:
    """Write a time as TAXII 2.1 does (section 2): `YYYY-MM-DDTHH:MM:SS.ssssssZ`."""
    time = _EPOCH + timedelta(microseconds=microseconds)
    return f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def written(time: datetime) -> str:
    """Write a time as STIX 2.1 does, to the millisecond: OASIS' own objects and most clients do the same."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
