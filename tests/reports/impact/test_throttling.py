"""Others' throttled requests, with intervals over days."""

import random
from datetime import UTC, datetime, timedelta

from stillwatch.reports.impact.document import LoadHour
from stillwatch.reports.impact.throttling import DAYS, throttling

START = datetime(2026, 9, 1, tzinfo=UTC)


def hour(number, *, campaigns=0, others=100, throttled=0, theirs=0):
    """An hour with the requests of others, those of them throttled, and what campaigns had of both."""
    return LoadHour(
        time=START + timedelta(hours=number),
        everybody=others + campaigns,
        campaigns=campaigns,
        everybody_with_status=others + campaigns,
        campaigns_with_status=campaigns,
        everybody_throttled=throttled + theirs,
        campaigns_throttled=theirs,
    )


def test_the_campaigns_own_are_no_others():
    found = throttling([hour(0, campaigns=50, throttled=3, theirs=40), hour(1, throttled=1)])
    assert (found.everybody, found.campaigns) == (44, 40)
    assert (found.active.requests, found.active.throttled, found.otherwise.throttled) == (100, 3, 1)
    assert found.difference.middle == 0.02


def test_without_a_status_there_is_nothing_to_tell():
    bare = LoadHour(time=START, everybody=10, campaigns=5)
    assert throttling([bare]) is None
    assert throttling([]) is None
    assert throttling([bare.model_copy(update={"everybody_with_status": 0, "everybody_throttled": 0})]) is None


def test_one_day_that_carries_a_figure_alone_has_no_interval():
    quiet = [hour(24 * day) for day in range(DAYS + 3)]
    found = throttling([*quiet, hour(1, campaigns=5, throttled=9)])
    assert found.active.low is None
    assert found.difference.low is None
    assert found.otherwise.low == 0


def test_a_bad_day_widens_the_interval():
    def made(bad):
        return [
            hour(24 * day + at, campaigns=10 * (at < 12), throttled=2 + bad * (day == 3 and at < 12))
            for day in range(10)
            for at in range(24)
        ]

    calm, upset = throttling(made(0)), throttling(made(60))
    assert calm.difference.low == calm.difference.high == 0
    assert upset.difference.low < 0 < upset.difference.middle < upset.difference.high


def test_an_interval_holds_the_difference_as_often_as_it_says():
    """Days differ threefold in how often they throttle; the hours of a day are alike, and the true difference is 0."""
    draw, held = random.Random(7), 0  # noqa: S311
    for _ in range(400):
        rates = [draw.choice((0.01, 0.02, 0.03)) for _ in range(20)]
        found = throttling(
            hour(
                24 * day + 6 * at,
                campaigns=5 * draw.randrange(2),
                throttled=sum(draw.random() < rate for _ in range(100)),
            )
            for day, rate in enumerate(rates)
            for at in range(4)
        )
        held += found.difference.low <= 0 <= found.difference.high
    assert 0.9 <= held / 400 <= 0.99
