"""The load in words: the same for reports and the console."""

from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.reports.impact.document import AtOnce, Load, LoadHour
from stillwatch.reports.impact.throttling import throttling
from stillwatch.reports.strain import peak_share, strain, throttled_words, untold

FOUR = datetime(2026, 9, 3, 4, tzinfo=UTC)
BUSY = LoadHour(time=FOUR, everybody=7200, campaigns=5400)
CALM = LoadHour(time=datetime(2026, 9, 3, 14, tzinfo=UTC), everybody=4000, campaigns=100)
TIMED = AtOnce(basis="durations", time=FOUR, everybody=12.5, campaigns=10.0, known=1.0, mean_seconds=6.25)


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


@pytest.fixture
def hours():
    """Eight days: campaigns ask in the afternoons, when 3% of others' requests are throttled instead of 1%."""

    def make(active=range(12, 24), days=8):
        return tuple(
            LoadHour(
                time=datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=hour),
                everybody=1000 + 200 * (hour % 24 in active),
                campaigns=200 * (hour % 24 in active),
                everybody_with_status=1000 + 200 * (hour % 24 in active),
                campaigns_with_status=200 * (hour % 24 in active),
                everybody_throttled=(40 if hour % 24 in active else 10) + hour // 24 % 2,
                campaigns_throttled=10 * (hour % 24 in active),
            )
            for hour in range(24 * days)
        )

    return make


def test_shares_of_requests_tokens_and_of_the_busiest_hour(load):
    (section,) = strain(load())
    assert section.rows == (
        ("requests", "11,200", "5,500", "49%"),
        ("input tokens", "4.0 M", "1.0 M", "25%"),
        ("output tokens", "2.0 M", "1.5 M", "75%"),
        ("requests in the busiest hour, 3 Sep 04:00", "7,200", "5,400", "75%"),
    )


def test_the_busiest_hour_without_the_campaigns_is_another(load):
    (section,) = strain(load())
    assert "3,900 requests instead of 7,200 (3 Sep 14:00 instead of 3 Sep 04:00)" in section.says[-1]


def test_requests_at_once_are_those_whose_time_was_added_up(load):
    (section,) = strain(load(at_once=TIMED))
    assert section.rows[-1] == ("requests under way at once, mean of the hour from 3 Sep 04:00", "12", "10", "80%")
    assert "Of all requests the duration is known" in section.says[-1]
    assert not any("at once" in point for point in section.points)
    assert peak_share(load(at_once=TIMED)) == "80% of what was under way at once in the busiest hour"


def test_where_few_durations_are_known_their_mean_is_taken_and_that_is_said(load):
    found = load(at_once=TIMED.model_copy(update={"basis": "mean", "known": 0.2}))
    (section,) = strain(found)
    assert "Little's law" in section.says[-1]
    assert "6.25 s, the mean duration of the 20% of all requests" in section.says[-1]
    assert "Little's law" in peak_share(found)


def test_without_durations_each_second_that_a_request_takes_counts(load):
    at_once, throttled = untold(load())
    assert "second that one takes it was 2 on average in the busiest hour, 1.5 of them" in at_once
    assert throttled.endswith("cannot be told: the findings are of an older version.")
    assert peak_share(load()) == "75% of the requests of the busiest hour"


def test_a_log_without_statuses_is_not_an_older_version(load):
    hours = tuple(hour.model_copy(update={"everybody_with_status": 0}) for hour in (BUSY, CALM))
    assert list(untold(load(by_hour=hours)))[-1].endswith("the log has no status of a request.")


def test_what_is_not_told_is_left_out_and_no_zero(load):
    less = load(everybody_output_tokens=None, busiest=None, busiest_without=None, by_hour=())
    (section,) = strain(less)
    assert [row[0] for row in section.rows] == ["requests", "input tokens"]
    assert section.charts == ()
    assert [point.split(" cannot")[0] for point in section.points] == ["The share of all tokens", "The busiest hour"]
    assert peak_share(less) is None


def test_others_throttled_requests_stand_beside_those_of_other_hours(load, hours):
    found = load(throttling=throttling(hours()))
    section, others = strain(found)
    assert section.rows[-1] == ("throttled requests (status 429)", "4,896", "960", "20%")
    assert [row[:5] for row in others.rows] == [
        ("with requests of campaigns", "96", "96,000", "2,928", "3.05%"),
        ("without", "96", "96,000", "1,008", "1.05%"),
    ]
    assert "shows no cause" in others.says[0]
    assert others.says[1].startswith("The shares differ by +2.00 percentage points (95% interval +2.00 to +2.00,")
    assert "which does not hold 0" in others.says[1]
    words = throttled_words(found.throttling)
    assert "others' requests 3% (3% to 3.1%) were throttled (status 429) in hours in which campaigns were" in words
    assert "active, 1.1% (1% to 1.1%) in the other hours" in words
    assert words.endswith("that shows no cause.")


def test_where_campaigns_never_rest_nothing_is_compared(load, hours):
    found = throttling(hours(active=range(24)))
    _, others = strain(load(throttling=found))
    assert others.rows[0] == ("with more than 200 requests of campaigns", "0", "0", "0", "", "not told")
    assert "nothing can be compared" in others.says[1]
    assert "nothing to compare it with" in throttled_words(found)


def test_where_campaigns_hardly_rest_much_stands_against_little(load, hours):
    restless = tuple(
        hour.model_copy(update={"campaigns": hour.campaigns or 7, "campaigns_with_status": hour.campaigns or 7})
        for hour in hours()
    )
    found = throttling(restless)
    _, others = strain(load(throttling=found))
    assert [row[0] for row in others.rows] == ["with more than 7 requests of campaigns", "with that many or fewer"]
    assert found.active.hours == found.otherwise.hours
    assert "in hours in which campaigns asked much, " in throttled_words(found)


def test_a_few_days_have_no_interval(load, hours):
    _, others = strain(load(throttling=throttling(hours(days=4))))
    assert {row[-1] for row in others.rows} == {"not told"}
    assert "too few for an interval" in others.says[1]
