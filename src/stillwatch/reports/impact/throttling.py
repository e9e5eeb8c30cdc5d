"""Throttled requests (status 429) of those who are in no campaign: while campaigns were active, and otherwise.

    throttling(hours)          # None where the log has no status

Observed, and no more: that others were throttled oftener while a campaign was active does not show that it was the
campaign's doing. The intervals leave out one day at a time (the delete-one jackknife; Efron and Tibshirani 1993, "An
Introduction to the Bootstrap", chapter 11), since the hours of a day are alike: one bad day makes them wider.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from statistics import median_low

from stillwatch.reports.impact.document import Difference, LoadHour, Rate, Throttling

DAYS = 5  # fewer say nothing of how days differ
QUIET = (
    0.05  # of the hours: with fewer that campaigns left out, hours with much of theirs stand against those with little
)
SURE = 0.95

_Sums = tuple[int, int, int, int]  # others' requests and throttled requests, while campaigns were active and otherwise
_NOTHING: _Sums = (0, 0, 0, 0)


def throttling(hours: Iterable[LoadHour]) -> Throttling | None:
    """Compare the hours in which campaigns were active with the others.

    Active is an hour in which they asked anything; where they hardly ever rest, one in which they asked more than in
    half of the hours.
    """
    known = [hour for hour in hours if hour.everybody_with_status]
    if not known:
        return None
    above = _line(known)
    days = _by_day(known, above)
    total = _sum(days.values())
    active = sum(hour.campaigns > above for hour in known)
    return Throttling(
        above=above,
        everybody=sum(hour.everybody_throttled or 0 for hour in known),
        campaigns=sum(hour.campaigns_throttled or 0 for hour in known),
        active=_rate(active, total[:2], _interval(days, lambda sums: _share(*sums[:2]))),
        otherwise=_rate(len(known) - active, total[2:], _interval(days, lambda sums: _share(*sums[2:]))),
        difference=_difference(total, _interval(days, _apart)),
    )


def _line(hours: list[LoadHour]) -> int:
    """The most requests of campaigns that an hour may have and not be active: none, or what half of the hours have."""
    quiet = sum(not hour.campaigns for hour in hours)
    return 0 if quiet >= QUIET * len(hours) else median_low(hour.campaigns for hour in hours)


def _by_day(hours: Iterable[LoadHour], above: int) -> Mapping[date, _Sums]:
    days: dict[date, _Sums] = {}
    for hour in hours:
        asked = (hour.everybody_with_status or 0) - (hour.campaigns_with_status or 0)
        put_off = (hour.everybody_throttled or 0) - (hour.campaigns_throttled or 0)
        sums = (asked, put_off, 0, 0) if hour.campaigns > above else (0, 0, asked, put_off)
        day = hour.time.date()
        days[day] = _sum((days.get(day, _NOTHING), sums))
    return days


def _sum(parts: Iterable[_Sums]) -> _Sums:
    a, b, c, d = (sum(column) for column in zip(_NOTHING, *parts, strict=True))
    return a, b, c, d


def _share(requests: int, throttled: int) -> float | None:
    return throttled / requests if requests else None


def _apart(sums: _Sums) -> float | None:
    active, otherwise = _share(*sums[:2]), _share(*sums[2:])
    return None if active is None or otherwise is None else active - otherwise


def _interval(days: Mapping[date, _Sums], figure: Callable[[_Sums], float | None]) -> tuple[float | None, float | None]:
    """From the figure without each day in turn; none where a figure hangs on a single day, or days are few."""
    total = _sum(days.values())
    with_any = [day for day, sums in days.items() if sums != _NOTHING]
    middle = figure(total)
    left = [figure(_without(total, days[day])) for day in with_any]
    if middle is None or len(left) < DAYS or any(each is None for each in left):
        return None, None
    return _around(middle, [each for each in left if each is not None])


def _without(total: _Sums, day: _Sums) -> _Sums:
    a, b, c, d = (whole - part for whole, part in zip(total, day, strict=True))
    return a, b, c, d


def _around(middle: float, left: list[float]) -> tuple[float, float]:
    from scipy.special import stdtrit  # noqa: PLC0415 — takes a third of a second to load

    n, mean = len(left), math.fsum(left) / len(left)
    spread = math.sqrt((n - 1) / n * math.fsum((each - mean) ** 2 for each in left))
    reach = float(stdtrit(n - 1, (1 + SURE) / 2)) * spread
    return middle - reach, middle + reach


def _rate(hours: int, sums: tuple[int, int], interval: tuple[float | None, float | None]) -> Rate:
    low, high = (None if end is None else _rounded(min(max(end, 0.0), 1.0)) for end in interval)
    return Rate(hours=hours, requests=sums[0], throttled=sums[1], low=low, high=high)


def _difference(sums: _Sums, interval: tuple[float | None, float | None]) -> Difference | None:
    apart, (low, high) = _apart(sums), interval
    if apart is None:
        return None
    ends = {"low": None if low is None else _rounded(low), "high": None if high is None else _rounded(high)}
    return Difference(middle=_rounded(apart), **ends)


def _rounded(share: float) -> float:
    return float(f"{share:.4g}")
