"""The load by hour is a commutative monoid of whole numbers, and counts what the log has."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.load import COLUMNS, HOUR, LONGEST, MOST_TOKENS, Load, load, loads

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.floats(0, 5, allow_nan=False),
            "response_status": st.sampled_from([None, 200, 429, 500]),
            "usage_output_tokens": st.none() | st.integers(-5, 2**63 - 1),
            "operation_duration": st.none() | st.floats(-1, 1e9, allow_nan=False),
        }
    ),
    max_size=12,
)


@pytest.fixture
def hours(batch_of):
    """The told load of rows, by the hour since the first's day began."""

    def make(*rows):
        return load(batch_of(rows)).told()

    return make


def test_what_the_log_has_is_counted_hour_by_hour(hours):
    first, second = hours(
        {"hour": 1.1, "response_status": 200, "usage_output_tokens": 40, "operation_duration": 2.5},
        {"hour": 1.9, "response_status": 429, "operation_duration": 0.25},
        {"hour": 3.5, "response_status": None, "usage_output_tokens": 7},
    )
    assert second.time - first.time == timedelta(hours=2)
    assert first.time.minute == first.time.second == 0
    told = (first.requests, first.with_status, first.throttled, first.usage_output_tokens, first.with_duration)
    assert (*told, first.busy_seconds) == (2, 2, 1, 40, 2, 2.75)
    assert (second.requests, second.with_status, second.with_duration, second.busy_seconds) == (1, 0, 0, 0.0)


def test_what_cannot_be_true_does_not_overflow(hours):
    (hour,) = hours(*[{"hour": 0, "usage_output_tokens": 2**63 - 1, "operation_duration": 1e300}] * 9)
    assert (hour.usage_output_tokens, hour.busy_seconds) == (9 * MOST_TOKENS, 9 * LONGEST / 1e6)
    (hour,) = hours({"hour": 0, "usage_output_tokens": -5, "operation_duration": -1.0})
    assert (hour.usage_output_tokens, hour.busy_seconds) == (0, 0.0)


def test_campaigns_are_kept_apart(batch_of):
    batch = batch_of([{"hour": hour} for hour in (0, 0.5, 2)])
    found = loads(batch.select(["account_id", *COLUMNS]), np.array([3, 0, 3]))
    assert {number: len(each.hours) for number, each in found.items()} == {3: 2, 0: 1}


def test_nothing_of_nothing(batch_of):
    assert load(batch_of([])) == Load()
    assert Load().told() == ()


@given(ROWS, ROWS, ROWS)
def test_it_is_a_commutative_monoid(batch_of, one, two, three):
    def fold(*parts):
        total = Load()
        for part in parts:
            total.absorb(part)
        return total

    a, b, c = (load(batch_of(rows)) for rows in (one, two, three))
    assert fold(a, b) == fold(b, a)
    assert fold(fold(a, b), c) == fold(a, fold(b, c)) == load(batch_of(one + two + three))
    assert fold(a, Load()) == a
    assert all(isinstance(sum_, int) for sums in a.hours.values() for sum_ in sums)


def test_an_hour_begins_on_the_hour(batch_of):
    batch = batch_of([{"hour": 0}])
    assert list(load(batch).hours) == [batch.column("time")[0].value // HOUR]
