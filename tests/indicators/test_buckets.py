"""Buckets: every count is in one, and nothing is told but its order of magnitude."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.indicators import buckets


@given(st.integers(1, 10**12))
def test_a_count_lies_within_its_bucket(count):
    low, high = buckets.bounds(buckets.of(count))
    assert low <= count
    assert high is None or count <= high


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_counts_of_one_order_are_not_told_apart(one, other):
    assert (buckets.of(one) == buckets.of(other)) == (min(len(str(one)), 9) == min(len(str(other)), 9))


def test_the_buckets_are_as_they_read():
    assert [buckets.bounds(each) for each in get_args(buckets.Bucket)][:4] == [
        (1, 9),
        (10, 99),
        (100, 999),
        (1000, 9999),
    ]
    assert buckets.of(999) == "100-999"
    assert buckets.of(1000) == "1e3-1e4"


@pytest.mark.parametrize("count", [0, -1])
def test_nothing_is_in_no_bucket(count):
    with pytest.raises(ValueError, match="nothing"):
        buckets.of(count)
