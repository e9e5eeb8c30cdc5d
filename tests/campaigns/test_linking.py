"""Linking: views propose groups, cheaply, and what is common links nobody."""

import numpy as np
import pytest

from stillwatch.campaigns.linking import propose

WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."
HUB = 50


def recovered(population, named, prefix):
    """The best Jaccard index of a proposal with the accounts whose names begin so."""
    truth = set(named(population, prefix).rows.tolist())
    return max(len(truth & set(p.tolist())) / len(truth | set(p.tolist())) for p in propose(population, HUB))


@pytest.mark.parametrize("by", ["subject", "wrapper", "cards"])
def test_each_view_proposes_what_it_sees(by, population_of, crowd, named):
    """Accounts that have one thing in common, and nothing else."""
    wrap, subject = (WRAP if by == "wrapper" else "{}"), (4 if by == "subject" else None)
    rows = crowd(200) + crowd(25, name="w", wrap=wrap, subject=subject)
    desk = [
        {"account_id": f"w{i:04}", "payment_fingerprint": f"p{i % 3}", "email_domain": f"m{i % 4}"} for i in range(25)
    ]
    assert recovered(population_of(rows, desk if by == "cards" else None), named, "w") > 0.7


def test_proposals_are_ascending_distinct_and_the_largest_first(population_of, crowd):
    found = propose(population_of(crowd(150) + crowd(25, name="w", subject=4)), HUB)
    assert all((np.diff(rows) > 0).all() for rows in found)
    assert all(len(rows) >= 3 for rows in found)
    assert len({rows.tobytes() for rows in found}) == len(found)
    assert [len(rows) for rows in found] == sorted(map(len, found), reverse=True)


def test_twice_the_same(population_of, crowd):
    population = population_of(crowd(150) + crowd(25, name="w", subject=4))
    one, other = propose(population, HUB), propose(population, HUB)
    assert [rows.tolist() for rows in one] == [rows.tolist() for rows in other]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_accounts_are_few_proposals(population_of, n):
    assert len(propose(population_of({"account_id": f"a{i}"} for i in range(n)), HUB)) <= 1
