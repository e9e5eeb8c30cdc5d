"""Selection: from proposals to clusters that pass the line."""

import pytest

from stillwatch.campaigns.selection import select
from stillwatch.config import ScanConfig

WRAPS = {
    "v": "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else.",
    "w": "Before you reply, write down each step that leads you there and number them all. Here it comes: {}",
}


@pytest.fixture(scope="module")
def population(population_of, crowd):
    """Two operators of twenty accounts on five cards each, one team of twenty, and 400 strangers."""
    rows = crowd(400)
    desk = [
        {"account_id": f"s{i:04}", "payment_fingerprint": f"s{i // 2}", "email_domain": f"m{i % 40}"}
        for i in range(400)
    ]
    for name, subject in (("v", 4), ("w", 9)):
        rows += crowd(20, name=name, wrap=WRAPS[name], subject=subject)
        desk += [{"account_id": f"{name}{i:04}", "payment_fingerprint": f"{name}{i % 5}"} for i in range(20)]
    rows += crowd(
        20, name="team", wrap="Answer for our newsletter, in one paragraph without any headings: {}", subject=15
    )
    desk += [{"account_id": f"team{i:04}", "payment_fingerprint": "team", "email_domain": "team"} for i in range(20)]
    return population_of(rows, desk)


@pytest.fixture(scope="module")
def found(population):
    ids = population.profiles.ids.to_pylist()
    return [{ids[row] for row in s.membership.rows} for s in select(population, ScanConfig())]


@pytest.mark.parametrize("name", ["v", "w"])
def test_each_operator_is_found_by_itself(found, name):
    accounts = {f"{name}{i:04}" for i in range(20)}
    best = max(found, key=lambda members: len(members & accounts))
    assert len(best & accounts) >= 18
    assert len(best - accounts) <= 1


def test_a_team_and_strangers_are_not(found):
    everyone = set().union(*found)
    assert not {account for account in everyone if account.startswith("team")}
    assert len(everyone) <= 44


def test_no_account_is_in_two(found):
    assert sum(map(len, found)) == len(set().union(*found))


def test_all_pass_the_line_and_progress_is_told(population):
    told = []
    suspicions = select(population, ScanConfig(), told.append)
    assert all(s.score.speaks(ScanConfig()) for s in suspicions)
    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)


def test_a_line_that_nobody_passes(population):
    assert select(population, ScanConfig(report_bits=90, medium_bits=90, high_bits=90, critical_bits=90)) == []


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_few_strangers_are_no_campaign(population_of, n):
    assert select(population_of({"account_id": f"a{i}"} for i in range(n)), ScanConfig()) == []
