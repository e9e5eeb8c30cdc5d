"""How long a request was under way, in seconds: from two moments, or from a figure of a known unit.

A duration is no reason to leave a request out: what is none (an end before the start, a word) becomes null.
"""

from typing import Literal

from stillwatch.traffic.rows import Json, RowError, instant, number

Unit = Literal["s", "ms", "us", "ns"]
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_LONGEST = {unit: 1e6 / seconds for unit, seconds in _SECONDS.items()}  # twelve days: what is more is a moment


def between(start: Json, end: Json, *, unit: Unit | None = None) -> float | None:
    """Seconds from one moment to another; None where either is missing or none, or the end comes first.

    Args:
        start: as `rows.instant` takes it.
        end: likewise.
        unit: of numbers; told by their size if not given.
    """
    if start is None or end is None:
        return None
    try:
        began, ended = (instant(number(each), unit=unit) for each in (start, end))
    except RowError:
        return None
    return None if began is None or ended is None or ended < began else (ended - began) / 1e6


def lasting(value: Json, unit: Unit) -> float | None:
    """Seconds of a figure in a unit; None for what is no figure or is below 0."""
    figure = number(value)
    if not isinstance(figure, (int, float)) or isinstance(figure, bool) or not 0 <= figure < _LONGEST[unit]:
        return None
    return figure * _SECONDS[unit]
