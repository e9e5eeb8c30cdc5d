"""The load that campaigns put on the service, in words and figures: the same in reports and in the console.

for section in strain(load_of(findings)): ...        # `stillwatch.reports.impact.load` counts

Counted, not estimated. What a log does not tell is said (`untold`) and is no zero.
"""

from collections.abc import Iterator

from stillwatch.reports.impact.charts import load_chart
from stillwatch.reports.impact.document import AtOnce, Difference, Load, LoadHour, Rate, Throttling
from stillwatch.reports.sections import Section
from stillwatch.reports.wording import count, minute, share, tokens

_HOUR = 3600.0  # seconds
_NO_CAUSE = (
    "Observed, which shows no cause: campaigns may ask at the hours at which everybody asks, and the limit that was "
    "reached may be an account's own."
)


def strain(load: Load) -> Iterator[Section]:
    """The campaigns' part of requests, tokens and peaks; then, where the log has statuses, who else was throttled."""
    yield Section(
        "Load on the service, as the log has it",
        ("Failed requests count too: they were served.", *_peak(load.busiest, load.busiest_without), *_at_once(load)),
        ("", "everybody", "campaigns", "share"),
        tuple(_rows(load)),
        frozenset({1, 2, 3}),
        ((load_chart(load.by_hour), "Requests by hour, of the campaigns and of everybody else."),)
        if load.by_hour
        else (),
        points=tuple(untold(load)),
    )
    if load.throttling:
        yield _throttled(load.throttling)


def untold(load: Load) -> Iterator[str]:
    """What cannot be told from these findings, and why."""
    if load.everybody_output_tokens is None:
        yield "The share of all tokens cannot be told: the findings do not count everybody's."
    if load.busiest is None:
        yield "The busiest hour cannot be told, nor who was throttled: the findings do not count requests by hour."
        return
    if load.at_once is None:
        everybody, campaigns = (_figure(n / _HOUR) for n in (load.busiest.everybody, load.busiest.campaigns))
        yield (
            "How many requests were under way at once cannot be told: no duration of a request is known. For each "
            f"second that one takes it was {everybody} on average in the busiest hour, {campaigns} of them the "
            "campaigns' (Little's law)."
        )
    if load.throttling is None:
        why = "the findings are of an older version" if _older(load) else "the log has no status of a request"
        yield f"Whether others were throttled (status 429) while campaigns were active cannot be told: {why}."


def peak_share(load: Load) -> str | None:
    """The campaigns' share of the busiest hour in words, by what is known of it; None where nothing is."""
    if load.at_once:
        part = share(load.at_once.campaigns, load.at_once.everybody)
        how = "" if load.at_once.basis == "durations" else " (by Little's law, from the mean duration)"
        return f"{part} of what was under way at once in the busiest hour{how}"
    if load.busiest:
        return f"{share(load.busiest.campaigns, load.busiest.everybody)} of the requests of the busiest hour"
    return None


def throttled_words(throttling: Throttling) -> str:
    """Others' throttled requests in one sentence, cause not claimed."""
    active, otherwise = (_with_interval(each) for each in (throttling.active, throttling.otherwise))
    if active is None or otherwise is None:
        return (
            f"Of others' requests {active or otherwise or 'none'} were throttled (status 429). Campaigns asked as much "
            "in every hour, so there is nothing to compare it with."
        )
    return (
        f"Of others' requests {active} were throttled (status 429) in hours in which campaigns "
        f"{'were active' if not throttling.above else 'asked much'}, "
        f"{otherwise} in the other hours; that shows no cause."
    )


def _rows(load: Load) -> Iterator[tuple[str, str, str, str]]:
    rows: list[tuple[str, int, int]] = [("requests", load.everybody_requests, load.campaigns_requests)]
    if load.everybody_input_tokens is not None:
        rows.append(("input tokens", load.everybody_input_tokens, load.campaigns_input_tokens))
    if load.everybody_output_tokens is not None:
        rows.append(("output tokens", load.everybody_output_tokens, load.campaigns_output_tokens))
    if load.busiest:
        name = f"requests in the busiest hour, {minute(load.busiest.time)}"
        rows.append((name, load.busiest.everybody, load.busiest.campaigns))
    if load.throttling:
        rows.append(("throttled requests (status 429)", load.throttling.everybody, load.throttling.campaigns))
    yield from ((name, _whole(total), _whole(part), share(part, total)) for name, total, part in rows)
    if load.at_once:
        everybody, campaigns = load.at_once.everybody, load.at_once.campaigns
        name = f"requests under way at once, mean of the hour from {minute(load.at_once.time)}"
        yield name, _figure(everybody), _figure(campaigns), share(campaigns, everybody)


def _peak(busiest: LoadHour | None, without: LoadHour | None) -> Iterator[str]:
    if busiest and without:
        left = without.everybody - without.campaigns
        yield (
            f"Without the campaigns the busiest hour would have had {left:,} requests instead of {busiest.everybody:,} "
            f"({minute(without.time)} instead of {minute(busiest.time)})."
        )


def _at_once(load: Load) -> Iterator[str]:
    found: AtOnce | None = load.at_once
    if found is None:
        return
    if found.basis == "durations":
        known = "all requests" if found.known >= 1 else f"{share(found.known, 1)} of all requests"
        yield (
            f"Under way at once: the time that the requests of an hour took, divided by the hour. Of {known} the "
            "duration is known. Peaks within the hour were higher."
        )
    else:
        yield (
            "Under way at once, by Little's law: the rate of requests in the busiest hour times "
            f"{found.mean_seconds:g} s, the mean duration of the {share(found.known, 1)} of all requests for which one "
            "is known. It is assumed that campaigns' requests take as long as others'."
        )


def _throttled(found: Throttling) -> Section:
    names = ("with requests of campaigns", "without")
    if found.above:
        names = (f"with more than {count(found.above, 'request')} of campaigns", "with that many or fewer")
    rows = zip(names, (found.active, found.otherwise), strict=True)
    return Section(
        "Throttled requests of others",
        (f"Requests that are no campaign's, answered with status 429. {_NO_CAUSE}", _apart(found.difference)),
        ("hours", "number", "requests of others", "throttled", "share", "95% interval"),
        tuple(
            (
                name,
                f"{rate.hours:,}",
                f"{rate.requests:,}",
                f"{rate.throttled:,}",
                _percent(rate) or "",
                "not told" if rate.low is None or rate.high is None else f"{rate.low:.2%} to {rate.high:.2%}",
            )
            for name, rate in rows
        ),
        frozenset(range(1, 6)),
        level=3,
    )


def _apart(difference: Difference | None) -> str:
    if difference is None:
        return "There are no hours of one kind, so nothing can be compared."
    apart = f"The shares differ by {_points(difference.middle)} percentage points"
    if difference.low is None or difference.high is None:
        return f"{apart}; the days are too few for an interval."
    low, high = _points(difference.low), _points(difference.high)
    holds = "holds" if difference.low <= 0 <= difference.high else "does not hold"
    return f"{apart} (95% interval {low} to {high}, which {holds} 0)."


def _points(apart: float) -> str:
    return f"{100 * apart:+.2f}"


def _percent(rate: Rate) -> str | None:
    return f"{rate.throttled / rate.requests:.2%}" if rate.requests else None


def _with_interval(rate: Rate) -> str | None:
    if not rate.requests:
        return None
    interval = "" if rate.low is None or rate.high is None else f" ({_short(rate.low)} to {_short(rate.high)})"
    return _short(rate.throttled / rate.requests) + interval


def _short(part: float) -> str:
    return f"{100 * part:.2g}%"


def _older(load: Load) -> bool:
    return all(hour.everybody_with_status is None for hour in load.by_hour)


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{float(f'{number:.2g}'):g}"


def _whole(number: int) -> str:
    return f"{number:,}" if number < 1_000_000 else tokens(number)
