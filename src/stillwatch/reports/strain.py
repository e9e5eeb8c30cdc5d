"""The load that campaigns put on the service, in words and figures: the same in reports and in the console.

section = strain(load_of(findings))        # `stillwatch.reports.impact.load` counts

Counted, not estimated; what a log does not tell is said beside it.
"""

from collections.abc import Iterator

from stillwatch.reports.impact.charts import load_chart
from stillwatch.reports.impact.document import Load, LoadHour
from stillwatch.reports.sections import Section
from stillwatch.reports.wording import minute, share, tokens

_HOUR = 3600.0  # seconds

#: What the findings do not have of it, whatever the log.
THROTTLED = (
    "Whether others were throttled because of the campaigns (status 429) is not told: the findings count requests, "
    "whatever their status."
)


def strain(load: Load) -> Section:
    """The campaigns' part of all requests, of all tokens and of the busiest hour."""
    rows = [("requests", load.everybody_requests, load.campaigns_requests)]
    for way in ("input", "output"):
        everybody = getattr(load, f"everybody_{way}_tokens")
        if everybody is not None:
            rows.append((f"{way} tokens", everybody, getattr(load, f"campaigns_{way}_tokens")))
    if load.busiest:
        name = f"requests in the busiest hour, {minute(load.busiest.time)}"
        rows.append((name, load.busiest.everybody, load.busiest.campaigns))
    return Section(
        "Load on the service, as the log has it",
        ("Failed requests count too: they were served.", *_peak(load.busiest, load.busiest_without)),
        ("", "everybody", "campaigns", "share"),
        tuple((name, _whole(total), _whole(part), share(part, total)) for name, total, part in rows),
        frozenset({1, 2, 3}),
        ((load_chart(load.by_hour), "Requests by hour, of the campaigns and of everybody else."),)
        if load.by_hour
        else (),
        points=(_at_once(load.busiest), THROTTLED),
    )


def _peak(busiest: LoadHour | None, without: LoadHour | None) -> Iterator[str]:
    if busiest and without:
        left = without.everybody - without.campaigns
        yield (
            f"Without the campaigns the busiest hour would have had {left:,} requests instead of {busiest.everybody:,} "
            f"({minute(without.time)} instead of {minute(busiest.time)})."
        )


def _at_once(busiest: LoadHour | None) -> str:
    """Requests under way at once: their rate times how long each takes (Little 1961), of which a log has the first."""
    untold = "How many requests were under way at once is not told: a log has no durations."
    if busiest is None:
        return untold
    everybody, campaigns = (f"{float(f'{n / _HOUR:.2g}'):g}" for n in (busiest.everybody, busiest.campaigns))
    return (
        f"{untold} For each second that a request takes it was {everybody} on average in the busiest hour, "
        f"{campaigns} of them the campaigns' (Little's law); peaks within the hour were higher."
    )


def _whole(number: int) -> str:
    return f"{number:,}" if number < 1_000_000 else tokens(number)
