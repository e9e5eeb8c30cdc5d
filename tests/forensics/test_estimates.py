"""Intervals that cover as often as they say, and a share only where it can be told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.forensics.estimates import keyed_share, rate
from stillwatch.forensics.model import KeyResult, Null, TestResult

NULL = Null(0, 0.0, 0.0, 1.0)


def result(total, n=10_000, chance=0.25, kind="closed"):
    key = KeyResult("k-000000000001", "", n, total, n * chance, -3.0, -3.0)
    return TestResult("t", kind, "s", "kgw-lefthash", "window", n, 0, (key,), NULL)


@given(st.integers(0, 500))
def test_a_share_lies_in_its_interval(total):
    found = rate(result(float(total), n=500), result(float(total), n=500).keys[0])
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.chance == 0.25


def test_the_interval_of_a_mean_covers_as_often_as_it_says():
    """500 sums of exponential scores of a known mean: 95 % of the intervals hold it, within chance."""
    rng = np.random.default_rng(5)
    totals = rng.gamma(shape=400, scale=1.07, size=500)
    found = [rate(each, each.keys[0]) for each in (result(float(total), n=400, chance=1.0) for total in totals)]
    covered = sum(each.low <= 1.07 <= each.high for each in found)
    assert 455 <= covered <= 492  # 99.9 % of the binomial with 0.95


def test_a_weighted_sum_has_no_rate():
    assert rate(result(3.0, kind="mass"), result(3.0).keys[0]) is None
    assert rate(result(3.0, kind="rephrasings"), result(3.0).keys[0]) is None
    assert rate(result(0.0, n=0), result(0.0, n=0).keys[0]) is None


def test_the_share_lies_between_the_controls():
    positives = {0.05: result(2600.0), 0.2: result(2900.0), 0.01: result(2520.0)}
    low, high = keyed_share(result(2750.0), positives)
    assert 0.05 < low < 0.125 < high < 0.2


@pytest.mark.parametrize(
    "positives",
    [
        {},
        {0.05: result(2600.0)},
        {0.05: result(2600.0), 0.2: result(2550.0)},
        {0.05: result(2400.0), 0.2: result(2900.0)},
        {0.05: result(2600.0), 0.2: replace(result(2900.0), keys=())},
        {0.05: result(2600.0), 0.2: result(2900.0, kind="mass")},
    ],
)
def test_no_share_where_it_cannot_be_told(positives):
    assert keyed_share(result(2750.0), positives) is None


def test_chance_is_compatible_with_nothing_and_everything_with_all():
    positives = {0.05: result(2600.0), 0.2: result(2900.0)}
    assert keyed_share(result(2500.0), positives)[0] == 0.0
    assert keyed_share(result(5000.0), positives) == (1.0, 1.0)
