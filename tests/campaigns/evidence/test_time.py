"""Time: in step, or one after the other; never the hour of the day."""

import random

import numpy as np
import pytest

from stillwatch.campaigns.evidence import time


def at(name, hours):
    return [{"account_id": name, "request_id": f"{name}{h}", "hour": h} for h in hours]


@pytest.fixture(scope="module")
def strangers():
    """People at any hour of three weeks."""
    draw = random.Random(8)  # noqa: S311
    return [row for i in range(250) for row in at(f"s{i:03}", draw.sample(range(500), 12))]


def test_the_same_odd_hours_speak(population_of, strangers, named):
    draw = random.Random(1)  # noqa: S311
    hours = draw.sample(range(500), 16)
    rows = [row for i in range(15) for row in at(f"t{i}", draw.sample(hours, 10))]
    evidence = time.weigh_in_step(named(population_of(strangers + rows), "t"))
    assert evidence.bits > 2
    assert evidence.observed > evidence.expected


def test_strangers_hours_do_not(population_of, strangers, named):
    assert time.weigh_in_step(named(population_of(strangers), "s00")).bits <= 0


def test_the_hour_of_the_day_is_no_evidence(population_of, strangers, named):
    """Office hours, each worker on days of her own: they say where people live, and nothing else."""
    draw = random.Random(2)  # noqa: S311
    rows = [
        row
        for i in range(15)
        for row in at(f"o{i}", [24 * day + draw.randrange(8, 12) for day in draw.sample(range(20), 10)])
    ]
    assert time.weigh_in_step(named(population_of(strangers + rows), "o")).bits <= 0


def test_a_working_week_is_no_evidence(population_of, strangers, named):
    """Offices of every trade work on the same days and rest on the same; one trade among them is no campaign."""
    draw = random.Random(4)  # noqa: S311

    def group(name, number, days):
        hours = ([24 * d + h + draw.randrange(3) for d in days for h in (8, 13)] for _ in range(number))
        return [row for i, active in enumerate(hours) for row in at(f"{name}{i:03}", active)]

    week = [day for day in range(28) if day % 7 < 5]
    rows = group("p", 300, range(28)) + group("o", 60, week) + group("t", 40, week)
    population = population_of(strangers + rows)
    evidence = time.weigh_in_step(named(population, "t"))
    assert evidence.observed > evidence.expected, "they are together, beyond the time of day"
    assert evidence.bits <= 0.5


def test_the_logs_own_rhythm_is_no_evidence(population_of, named):
    """Everybody comes in the hours after a launch."""
    draw = random.Random(3)  # noqa: S311
    rows = [row for i in range(200) for row in at(f"s{i:03}", draw.sample(range(200, 212), 6))]
    assert time.weigh_in_step(named(population_of(rows), "s00")).bits <= 0


def test_one_job_over_several_keys_is_one_party(population_of, strangers, named):
    rows = [row for i in range(9) for row in at(f"k{i}", range(40, 80, 3))]
    desk = [{"account_id": f"k{i}", "payment_fingerprint": "p", "email_domain": "m"} for i in range(9)]
    assert time.weigh_in_step(named(population_of(strangers + rows, desk), "k")) is None


def test_in_step_of_others_is_told_for_anybody(population_of, strangers, named):
    """A newcomer with the cluster's hours is foretold by it as its members are; a stranger is not."""
    hours = [3, 40, 41, 90, 133, 200, 257, 301, 350, 444]
    rows = [row for i in range(12) for row in at(f"t{i:02}", hours)]
    population = population_of(strangers + rows)
    cluster = named(population, "t0")
    bits = time.in_step(cluster, np.arange(len(population)))
    of = dict(zip(population.profiles.ids.to_pylist(), bits, strict=True))
    assert min(of["t10"], of["t11"], of["t00"]) > 5
    assert np.median([b for a, b in of.items() if a.startswith("s")]) <= 0


def test_accounts_that_take_turns_speak(population_of, strangers, named):
    rows = [row for i in range(14) for row in at(f"h{i:02}", range(30 * i, 30 * i + 24, 4))]
    evidence = time.weigh_handed_over(named(population_of(strangers + rows), "h"))
    assert evidence.bits > 2
    assert evidence.observed == 0


def test_accounts_that_come_and_go_on_their_own_do_not(population_of, strangers, named):
    assert time.weigh_handed_over(named(population_of(strangers), "s00")) is None


def test_too_few_cannot_take_turns(population_of, strangers, named):
    rows = [row for i in range(5) for row in at(f"h{i:02}", range(90 * i, 90 * i + 24, 4))]
    assert time.weigh_handed_over(named(population_of(strangers + rows), "h")) is None
