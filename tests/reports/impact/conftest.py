"""The hand-written sample with what was taken and everybody's traffic, and its assessment."""

import dataclasses
from collections import Counter
from datetime import timedelta

import pytest

from stillwatch.campaigns.findings import Taken
from stillwatch.reports.document import to_document
from stillwatch.reports.impact.assessment import assess
from stillwatch.reports.impact.assumptions import load


@pytest.fixture(scope="session")
def findings(sample):
    """The three campaigns of the sample: one taken in two models, one without tokens, one that took nothing."""
    pool, four_each, team = sample.findings().campaigns
    told = (
        Taken("large", "reasoning", 30_000, 30_000, 14_000_000, 50_000_000),
        Taken("large", "tool use", 10_000, 10_000, 6_000_000, 10_000_000),
        Taken("small", "single question", 8_000, 8_000, 1_400_000, 3_800_000),
    )
    campaigns = (
        dataclasses.replace(pool, taken=told),
        dataclasses.replace(four_each, taken=(Taken("", "single question", 2_600, 0, 0, 0),)),
        dataclasses.replace(team, taken=()),
    )
    hours = [sample.START + timedelta(hours=i) for i in range(30 * 24)]
    theirs = Counter()
    for hour in (hour for each in campaigns for hour in each.timeline):
        theirs[hour.time] += hour.requests
    inputs = dataclasses.replace(
        sample.findings().inputs, usage_input_tokens=210_000_000, usage_output_tokens=400_000_000
    )
    return to_document(
        dataclasses.replace(
            sample.findings(),
            campaigns=campaigns,
            inputs=inputs,
            traffic=tuple(sample.busy(time, 500 + time.hour * 10 + theirs[time]) for time in hours),
        )
    )


@pytest.fixture(scope="session")
def impact(findings):
    return assess(findings, load(None))
