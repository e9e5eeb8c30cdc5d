"""The load that campaigns put on the service: counted, not estimated."""

from collections import Counter
from typing import TYPE_CHECKING

from stillwatch.reports.document import FindingsDocument, Hour
from stillwatch.reports.impact.document import AtOnce, Load, LoadHour
from stillwatch.reports.impact.throttling import throttling

if TYPE_CHECKING:
    from datetime import datetime

ENOUGH = 0.9  # of all requests with a duration: their time is then added up, and not their mean taken for all
_SECONDS = 3600
_COUNTED = ("with_status", "throttled", "with_duration", "busy_seconds")


def load_of(findings: FindingsDocument) -> Load:
    """The campaigns' part of all requests, tokens and busiest hours; dismissed campaigns are no part."""
    standing, inputs = findings.standing, findings.inputs
    hours = _hours(findings)
    return Load(
        everybody_requests=inputs.requests,
        campaigns_requests=sum(campaign.requests for campaign in standing),
        everybody_input_tokens=inputs.usage_input_tokens,
        campaigns_input_tokens=sum(campaign.usage_input_tokens for campaign in standing),
        everybody_output_tokens=inputs.usage_output_tokens,
        campaigns_output_tokens=sum(campaign.usage_output_tokens for campaign in standing),
        busiest=max(hours, key=lambda hour: hour.everybody, default=None),
        busiest_without=max(hours, key=lambda hour: hour.everybody - hour.campaigns, default=None),
        at_once=_at_once(hours),
        throttling=throttling(hours),
        by_hour=hours,
    )


def _hours(findings: FindingsDocument) -> tuple[LoadHour, ...]:
    campaigns: dict[datetime, Counter[str]] = {}
    theirs = [hour for campaign in findings.standing for hour in campaign.timeline]
    untold = {name for name in _COUNTED for hour in theirs if getattr(hour, name) is None}
    for hour in theirs:
        sums = campaigns.setdefault(hour.time, Counter())
        for name in ("requests", *_COUNTED):
            sums[name] += getattr(hour, name) or 0
    return tuple(_hour(hour, campaigns.get(hour.time, Counter()), untold) for hour in findings.traffic)


def _hour(everybody: Hour, campaigns: Counter[str], untold: set[str]) -> LoadHour:
    counted = {}
    for name in _COUNTED:
        whole = None if name in untold else getattr(everybody, name)
        counted[f"everybody_{name}"] = whole
        counted[f"campaigns_{name}"] = None if whole is None else min(type(whole)(campaigns[name]), whole)
    asked = min(campaigns["requests"], everybody.requests)
    return LoadHour(time=everybody.time, everybody=everybody.requests, campaigns=asked, **counted)


def _at_once(hours: tuple[LoadHour, ...]) -> AtOnce | None:
    """Where most requests have a duration, of the hour with most busy time; else of that with most requests.

    The latter by Little's law (Little 1961, "A proof for the queuing formula L = λW"): their rate, times the mean of
    those durations that are known.
    """
    timed = sum(hour.everybody_with_duration or 0 for hour in hours)
    if not timed:
        return None
    known = timed / sum(hour.everybody for hour in hours)
    mean = sum(hour.everybody_busy_seconds or 0.0 for hour in hours) / timed
    if known >= ENOUGH:
        peak = max(hours, key=lambda hour: hour.everybody_busy_seconds or 0.0)
        busy = (peak.everybody_busy_seconds or 0.0, peak.campaigns_busy_seconds or 0.0)
    else:
        peak = max(hours, key=lambda hour: hour.everybody)
        busy = (peak.everybody * mean, peak.campaigns * mean)
    everybody, campaigns = (round(seconds / _SECONDS, 3) for seconds in busy)
    return AtOnce(
        basis="durations" if known >= ENOUGH else "mean",
        time=peak.time,
        everybody=everybody,
        campaigns=campaigns,
        known=round(known, 4),
        mean_seconds=round(mean, 3),
    )
