"""The charts of an impact report, as Vega-Lite specifications (`stillwatch.reports.charts` has the conventions)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from stillwatch.reports.impact.document import Estimate, LoadHour
from stillwatch.reports.wording import label, minute, printable

Spec = dict[str, Any]

BARS = 240  # more cannot be told apart on a screen
DATES = 12  # labels that a time axis has room for
SWINGS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLORS = {"everybody else": "var(--muted)", "campaigns": "var(--before)"}


def tornado(estimate: Estimate) -> Spec:
    """Show what an estimate becomes as each assumption goes from low to high, the widest bar on top."""
    middle = estimate.interval.middle
    values = [
        {"assumption": printable(label(swing.assumption)), "end": end, "from": middle, "to": value}
        for swing in estimate.moved_by[:SWINGS]
        for end, value in (("at its 5 %", swing.at_low), ("at its 95 %", swing.at_high))
    ]
    form = "~e" if estimate.unit == "FLOP" else "~s"
    colors = {"at its 5 %": "var(--against)", "at its 95 %": "var(--for)"}
    return {
        "title": {"text": f"{estimate.title}, {estimate.unit}", "anchor": "start", "color": "var(--ink)"},
        "height": 20 * len(estimate.moved_by[:SWINGS]),
        "data": {"values": values},
        "mark": {"type": "bar", "height": 13},
        "encoding": {
            "y": {"field": "assumption", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}},
            "x": {"field": "from", "type": "quantitative", "title": None, "axis": {"tickCount": 4, "format": form}},
            "x2": {"field": "to"},
            "color": _colored("end", colors),
            "tooltip": [{"field": "assumption"}, {"field": "end"}, {"field": "to", "type": "quantitative"}],
        },
    }


def load_chart(hours: tuple[LoadHour, ...]) -> Spec:
    """Show everybody's requests over time, those of the campaigns apart."""
    span = hours[-1].time - hours[0].time + timedelta(hours=1)
    days = ceil(span / timedelta(days=1))
    width = timedelta(hours=ceil(span / timedelta(hours=1) / BARS))
    everybody: Counter[datetime] = Counter()
    campaigns: Counter[datetime] = Counter()
    for hour in hours:
        start = _EPOCH + (hour.time - _EPOCH) // width * width
        everybody[start] += hour.everybody
        campaigns[start] += hour.campaigns
    bars = [
        _bar(start, width, whose, low, high)
        for start in sorted(everybody)
        for whose, low, high in (
            ("campaigns", 0, campaigns[start]),
            ("everybody else", campaigns[start], everybody[start]),
        )
    ]
    return {
        "height": 190,
        "data": {"values": bars},
        "mark": {"type": "rect"},
        "encoding": {
            "x": {
                "field": "from",
                "type": "temporal",
                "scale": {"type": "utc"},
                "axis": {
                    "title": None,
                    "format": "%-d %b",
                    "tickCount": {"interval": "day", "step": ceil(days / DATES)},
                },
            },
            "x2": {"field": "to"},
            "y": {"field": "low", "type": "quantitative", "title": "requests"},
            "y2": {"field": "high"},
            "color": _colored("whose", _COLORS),
            "tooltip": [{"field": "since", "type": "nominal"}, {"field": "whose"}, {"field": "requests"}],
        },
    }


def _bar(start: datetime, width: timedelta, whose: str, low: int, high: int) -> Spec:
    times = {"from": start.isoformat(), "to": (start + width).isoformat(), "since": minute(start)}
    return times | {"whose": whose, "low": low, "high": high, "requests": high - low}


def _colored(field: str, colors: dict[str, str]) -> Spec:
    scale = {"domain": list(colors), "range": list(colors.values())}
    legend = {"orient": "top", "title": None}
    return {"field": field, "type": "nominal", "scale": scale, "legend": legend}
