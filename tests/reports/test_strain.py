"""The load in words: the same for reports and the console."""

from datetime import UTC, datetime

import pytest

from stillwatch.reports.impact.document import Load, LoadHour
from stillwatch.reports.strain import THROTTLED, strain

BUSY = LoadHour(time=datetime(2026, 9, 3, 4, tzinfo=UTC), everybody=7200, campaigns=5400)
CALM = LoadHour(time=datetime(2026, 9, 3, 14, tzinfo=UTC), everybody=4000, campaigns=100)


@pytest.fixture
def load():
    """A load of two hours; `load(everybody_output_tokens=None)` of one that tells less."""

    def make(**changes):
        whole = {
            "everybody_requests": 11_200,
            "campaigns_requests": 5_500,
            "everybody_input_tokens": 4_000_000,
            "campaigns_input_tokens": 1_000_000,
            "everybody_output_tokens": 2_000_000,
            "campaigns_output_tokens": 1_500_000,
            "busiest": BUSY,
            "busiest_without": CALM,
            "by_hour": (BUSY, CALM),
        }
        return Load(**(whole | changes))

    return make


def test_shares_of_requests_tokens_and_of_the_busiest_hour(load):
    assert strain(load()).rows == (
        ("requests", "11,200", "5,500", "49%"),
        ("input tokens", "4.0 M", "1.0 M", "25%"),
        ("output tokens", "2.0 M", "1.5 M", "75%"),
        ("requests in the busiest hour, 3 Sep 04:00", "7,200", "5,400", "75%"),
    )


def test_the_busiest_hour_without_the_campaigns_is_another(load):
    assert "3,900 requests instead of 7,200 (3 Sep 14:00 instead of 3 Sep 04:00)" in strain(load()).says[-1]


def test_requests_at_once_follow_from_their_rate_for_each_second_that_they_take(load):
    at_once, throttled = strain(load()).points
    assert "For each second that a request takes it was 2 on average in the busiest hour, 1.5 of them" in at_once
    assert throttled == THROTTLED


def test_what_is_not_told_is_left_out_and_no_zero(load):
    section = strain(load(everybody_output_tokens=None, busiest=None, busiest_without=None, by_hour=()))
    assert [row[0] for row in section.rows] == ["requests", "input tokens"]
    assert section.charts == ()
    assert section.points[0].endswith("a log has no durations.")
