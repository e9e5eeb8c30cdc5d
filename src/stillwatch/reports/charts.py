"""The charts of the page, as Vega-Lite specifications: values in, a dict out, nothing drawn here.

Colours are names of CSS variables (templates/style.css), so that one drawing serves light, dark and paper.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil
from typing import Any

from stillwatch.reports.document import Campaign, Evidence, Link
from stillwatch.reports.wording import label, minute, printable, quantity

Spec = dict[str, Any]

BARS = 240  # of the timeline; more cannot be told apart on a screen
BUSIEST = 50  # accounts that the volume chart shows one by one
MATRIX_ACCOUNTS, MATRIX_LINKS = 120, 40
NAMED_ROWS = 30  # of the matrix; the names of more would overlap
FAMILIES = (
    "sign_up",
    "network",
    "text",
    "content",
    "time",
    "protocol",
    "client",
    "alliance",
)  # these have a colour each; others are grey
_BINS = tuple(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12, 24, 7 * 24))
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)  # weeks begin on one
DATES = 12  # labels that a time axis has room for
_BEFORE, _AFTER = "before the evidence sufficed", "after that"


def overview(campaigns: Sequence[Campaign]) -> Spec:
    """Show when each campaign was active, and how long it took to be seen."""
    values = [row for campaign in campaigns for row in _lifetime(campaign)]
    first = min((campaign.first_seen for campaign in campaigns), default=_MONDAY)
    last = max((campaign.last_seen for campaign in campaigns), default=_MONDAY)
    return {
        "height": 13 * len(values),
        "data": {"values": values},
        "mark": {"type": "bar", "height": 12},
        "encoding": {
            "y": {"field": "campaign", "type": "nominal", "sort": None, "title": None},
            "x": _time("from") | {"axis": _dates(last - first)},
            "x2": {"field": "to"},
            "color": _phase(),
            "tooltip": [_tip("campaign"), _tip("phase"), _tip("since"), _tip("until")],
        },
    }


def _lifetime(campaign: Campaign) -> Iterable[Spec]:
    times = (
        campaign.first_seen,
        min(max(campaign.crossed_at, campaign.first_seen), campaign.last_seen),
        campaign.last_seen,
    )
    for phase, (start, end) in zip((_BEFORE, _AFTER), pairwise(times), strict=True):
        yield {
            "campaign": printable(campaign.id),
            "phase": phase,
            "from": _stamp(start),
            "to": _stamp(end),
            "since": minute(start),
            "until": minute(end),
        }


def timeline(campaign: Campaign) -> Spec:
    """Show the campaign's requests over time, before and after the evidence passed the line."""
    width = _bin_width(campaign)
    counts: Counter[datetime] = Counter()
    for hour in campaign.timeline:
        counts[_floor(hour.time, width)] += hour.requests
    values = [_bar(start, width, requests, campaign.crossed_at) for start, requests in sorted(counts.items())]
    bars = {
        "mark": {"type": "rect"},
        "encoding": {
            "x": _time("from") | {"axis": _dates(campaign.last_seen - campaign.first_seen)},
            "x2": {"field": "to"},
            "y": {"field": "requests", "type": "quantitative", "title": f"requests in {_worded(width)}"},
            "y2": {"datum": 0},
            "color": _phase(),
            "tooltip": [_tip("since"), _tip("requests"), _tip("phase")],
        },
    }
    crossed = {
        "data": {"values": [{"at": _stamp(campaign.crossed_at), "crossed": minute(campaign.crossed_at)}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--ink)"},
        "encoding": {"x": _time("at"), "tooltip": [_tip("crossed")]},
    }
    return {"height": 170, "data": {"values": values}, "layer": [bars, crossed]}


def _bin_width(campaign: Campaign) -> timedelta:
    duration = campaign.last_seen - campaign.first_seen
    return next((width for width in _BINS if duration / width <= BARS), _BINS[-1])


def _floor(time: datetime, width: timedelta) -> datetime:
    return _MONDAY + (time - _MONDAY) // width * width


def _bar(start: datetime, width: timedelta, requests: int, crossed_at: datetime) -> Spec:
    phase = _BEFORE if start < crossed_at else _AFTER
    end = start + width
    return {"from": _stamp(start), "to": _stamp(end), "since": minute(start), "requests": requests, "phase": phase}


def _worded(width: timedelta) -> str:
    hours = round(width / timedelta(hours=1))
    return {1: "an hour", 24: "a day", 7 * 24: "a week"}.get(hours, f"{hours} hours")


def volume(campaign: Campaign) -> Spec:
    """Show how the requests are spread over the accounts: the busiest one by one, the others as their mean."""
    accounts = sorted(campaign.accounts, key=lambda account: (-account.requests, account.account_id))
    values: list[Spec] = [
        {"rank": rank, "account": printable(account.account_id), "requests": account.requests, "kind": "account"}
        for rank, account in enumerate(accounts[:BUSIEST], 1)
    ]
    if rest := accounts[BUSIEST:]:
        mean = sum(account.requests for account in rest) / len(rest)
        name = f"mean of the other {len(rest):,}"
        values.append({"rank": BUSIEST + 1, "account": name, "requests": round(mean, 1), "kind": "others"})
    return {
        "height": 170,
        "data": {"values": values},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "rank",
                "type": "ordinal",
                "axis": {"title": "accounts, busiest first", "labels": False, "ticks": False},
            },
            "y": {"field": "requests", "type": "quantitative", "title": "requests"},
            "color": _colors("kind", {"account": "var(--for)", "others": "var(--muted)"}, legend=None),
            "tooltip": [_tip("account"), _tip("requests")],
        },
    }


def waterfall(campaign: Campaign) -> Spec:
    """Show how prior and evidence add up to the score: each bar begins where the one above it ends."""
    values = _steps(campaign)
    y = {"field": "step", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 280}}
    kinds = {
        "prior": "var(--muted)",
        "speaks for": "var(--for)",
        "speaks against": "var(--against)",
        "score": "var(--ink)",
    }
    bars = {
        "mark": {"type": "bar", "height": 16},
        "encoding": {
            "y": y,
            "x": {
                "field": "from",
                "type": "quantitative",
                "title": "bits, added up; 0 is even odds",
                "axis": {"tickCount": 8},
            },
            "x2": {"field": "to"},
            "color": _colors("kind", kinds, legend={"orient": "top", "title": None}),
            "tooltip": [_tip("step"), _tip("bits"), _tip("sum"), _tip("observed"), _tip("expected")],
        },
    }
    words = {
        "mark": {"type": "text", "align": "left", "dx": 6, "color": "var(--ink)"},
        "encoding": {"y": y, "x": {"field": "right", "type": "quantitative"}, "text": {"field": "bits"}},
    }
    even = {"mark": {"type": "rule", "color": "var(--ink)"}, "encoding": {"x": {"datum": 0}}}
    return {"height": 28 * len(values), "data": {"values": values}, "layer": [bars, words, even]}


def _steps(campaign: Campaign) -> list[Spec]:
    sums = list(accumulate((evidence.bits for evidence in campaign.evidence), initial=campaign.prior))
    names = _distinct(f"{label(evidence.family)}: {label(evidence.name)}" for evidence in campaign.evidence)
    steps = [_step("prior", "prior", 0.0, campaign.prior)]
    for name, evidence, (before, after) in zip(names, campaign.evidence, pairwise(sums), strict=True):
        kind = "speaks for" if evidence.bits >= 0 else "speaks against"
        steps.append(_step(name, kind, before, after) | _figures(evidence))
    return [*steps, _step("score", "score", 0.0, campaign.bits)]


def _figures(evidence: Evidence) -> Spec:
    return {"observed": quantity(evidence.observed), "expected": quantity(evidence.expected)}


def _step(name: str, kind: str, start: float, end: float) -> Spec:
    worded = f"{end - start:+.1f}" if kind != "score" else f"{end:.1f}"
    return {
        "step": name,
        "kind": kind,
        "from": round(start, 3),
        "to": round(end, 3),
        "right": round(max(start, end, 0.0), 3),  # where the words begin: clear of the bar and of the line at 0
        "bits": worded.replace("-", "\N{MINUS SIGN}"),
        "sum": f"{end:.1f}",
    }


def matrix(campaign: Campaign) -> Spec:
    """Show which accounts share which things, both ordered so that what belongs together stands together.

    Rows are accounts, columns shared things; beyond MATRIX_ACCOUNTS and MATRIX_LINKS only the best connected are shown.
    """
    widest = {id(link) for link in sorted(campaign.links, key=lambda link: -len(link.accounts))[:MATRIX_LINKS]}
    chosen = [(name, link) for name, link in named(campaign.links) if id(link) in widest]
    columns, links = [name for name, _ in chosen], [link for _, link in chosen]
    rows = _ordered(links)
    shown = set(rows)
    values = [
        {"account": printable(account), "thing": column, "family": label(link.family)}
        for column, link in zip(columns, links, strict=True)
        for account in dict.fromkeys(link.accounts)
        if account in shown
    ]
    used = sorted({link.family for link in links}, key=_place)
    families = {label(family): f"var(--family-{family if family in FAMILIES else 'other'})" for family in used}
    return {
        "width": 20 * len(columns) if len(columns) <= 18 else "container",
        "height": max(3, min(14, 360 // max(1, len(rows)))) * len(rows),
        "data": {"values": values},
        "mark": {"type": "rect"},
        "encoding": {
            "y": {
                "field": "account",
                "type": "nominal",
                "sort": [printable(account) for account in rows],
                "axis": {"title": "accounts", "labels": len(rows) <= NAMED_ROWS, "ticks": False},
            },
            "x": {
                "field": "thing",
                "type": "nominal",
                "sort": columns,
                "axis": {"title": None, "orient": "top", "labelAngle": -50},
            },
            "color": _colors("family", families, legend={"orient": "bottom", "title": None}),
            "tooltip": [_tip("account"), _tip("thing"), _tip("family")],
        },
    }


def named(links: Iterable[Link]) -> list[tuple[str, Link]]:
    """Shared things under names that tell them apart ("payment", "payment 2"), kind by kind, the widest first."""
    ordered = sorted(links, key=lambda link: (_place(link.family), link.name, -len(link.accounts), link.accounts))
    return list(zip(_distinct(label(link.name) for link in ordered), ordered, strict=True))


def _place(family: str) -> tuple[int, str]:
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)


def _distinct(names: Iterable[str]) -> list[str]:
    """Number what repeats: a chart takes rows or columns of one name for one."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return distinct


def _ordered(links: list[Link]) -> list[str]:
    """The best connected accounts, by the first thing they share, then the second: shared things form blocks."""
    held: dict[str, list[int]] = {}
    for column, link in enumerate(links):
        for account in dict.fromkeys(link.accounts):
            held.setdefault(account, []).append(column)
    best = sorted(held, key=lambda account: (-len(held[account]), account))[:MATRIX_ACCOUNTS]
    return sorted(best, key=lambda account: (held[account], account))


def _time(field: str) -> Spec:
    return {"field": field, "type": "temporal", "scale": {"type": "utc"}}


def _dates(span: timedelta) -> Spec:
    """Label the days, each once at most; the hours where there are hardly two days."""
    axis = {"title": None, "labelOverlap": "greedy", "labelSeparation": 8}
    if span < timedelta(days=2):
        return axis | {"format": "%-d %b %H:%M", "tickCount": DATES // 2}
    return axis | {"format": "%-d %b", "tickCount": {"interval": "day", "step": ceil(span / timedelta(days=DATES))}}


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


def _tip(field: str) -> Spec:
    return {"field": field, "type": "nominal"}


def _phase() -> Spec:
    legend = {"orient": "top", "title": None}
    return _colors("phase", {_BEFORE: "var(--before)", _AFTER: "var(--for)"}, legend=legend)


def _colors(field: str, colors: dict[str, str], *, legend: Spec | None) -> Spec:
    scale = {"domain": list(colors), "range": list(colors.values())}
    return {"field": field, "type": "nominal", "scale": scale, "legend": legend}
