"""The load that campaigns put on the service: counted, not estimated."""

from collections import Counter
from typing import TYPE_CHECKING

from stillwatch.reports.document import FindingsDocument
from stillwatch.reports.impact.document import Load, LoadHour

if TYPE_CHECKING:
    from datetime import datetime


def load_of(findings: FindingsDocument) -> Load:
    """The campaigns' part of all requests, of all tokens and of the busiest hour; dismissed campaigns are no part."""
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
        by_hour=hours,
    )


def _hours(findings: FindingsDocument) -> tuple[LoadHour, ...]:
    campaigns: Counter[datetime] = Counter()
    for campaign in findings.standing:
        for hour in campaign.timeline:
            campaigns[hour.time] += hour.requests
    return tuple(
        LoadHour(time=hour.time, everybody=hour.requests, campaigns=min(campaigns[hour.time], hour.requests))
        for hour in findings.traffic
    )
