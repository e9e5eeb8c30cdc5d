"""Crossing: when a campaign could first have been seen."""

import numpy as np
import pytest

from stillwatch.campaigns.crossing import MOMENTS, crossings, moments
from stillwatch.campaigns.footage import Footage
from stillwatch.campaigns.load import HOUR
from stillwatch.config import ScanConfig

WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."


def test_moments_lie_within_the_log_and_closer_together_at_its_beginning():
    found = moments(1000, 1_000_000)
    assert len(found) == MOMENTS
    assert found.min() > 1000
    assert found.max() < 1_000_000
    assert (np.diff(found) > 0).all()
    assert (np.diff(found, 2) >= -1).all()


def line(bits):
    return ScanConfig(report_bits=bits, medium_bits=bits, high_bits=90, critical_bits=90)


def test_a_log_of_one_moment_has_one():
    assert moments(5, 5).tolist() == [5]


@pytest.fixture(scope="module")
def seen(batch_of, population_of, crowd, named, accounts_of):
    """A campaign of thirty accounts that asks from hour 100 on, in a log of 300 hours; when it is seen."""
    campaign = [
        row | {"hour": 100 + 2 * i / 3} for i, row in enumerate(crowd(30, name="w", wrap=WRAP, subject=4, requests=8))
    ]
    rows = crowd(250) + campaign
    desk = [{"account_id": f"s{i:04}", "payment_fingerprint": f"s{i // 2}"} for i in range(250)]
    desk += [{"account_id": f"w{i:04}", "payment_fingerprint": f"w{i % 5}"} for i in range(30)]
    population, table = population_of(rows, desk), accounts_of(desk)
    members = named(population, "w").rows
    start = batch_of([{"hour": 0}]).column("time")[0].value

    def when(settings, cuts=tuple(range(10, 300, 10))):
        footage = Footage(
            {f"w{i:04}": 0 for i in range(30)}, [np.zeros(0, np.uint32)], np.array([start + c * HOUR for c in cuts])
        )
        footage.absorb(footage.develop(batch_of(rows)))
        (cut,) = crossings(population, table, [members], footage, settings)
        return None if cut is None else cuts[cut]

    return when


def test_it_is_seen_after_it_has_begun_and_before_it_ends(seen):
    assert 100 < seen(line(0.0)) < 260


def test_a_higher_line_is_passed_later_or_never(seen):
    low, high = seen(line(0.0)), seen(line(4.0))
    assert high is None or high >= low
    assert seen(line(90.0)) is None


def test_no_campaign_has_no_crossing(population_of, crowd):
    footage = Footage({}, [], np.array([0]))
    assert crossings(population_of(crowd(5)), None, [], footage, ScanConfig()) == []
