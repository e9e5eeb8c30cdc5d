"""A cluster: members, parties, and what they hold."""

import numpy as np
import pytest

from stillwatch.campaigns.cluster import Cluster


@pytest.fixture
def four(population_of):
    """Accounts a and b are one party, c and d are each their own; a, b and c share an address, x is no member."""
    rows = [
        {"account_id": a, "ask": f"why is {a} {a * 5}", "client_address": address}
        for a, address in zip("abcdx", ["one", "one", "one", "two", "two"], strict=True)
    ]
    desk = [{"account_id": a, "payment_fingerprint": "p", "email_domain": "m"} for a in "ab"]
    population = population_of(rows, [*desk, {"account_id": "c", "payment_fingerprint": "q", "email_domain": "z"}])
    return Cluster(population, np.array([0, 1, 2, 3]))


def test_parties_are_numbered_from_zero(four):
    assert len(four) == 4
    assert four.parties == 3
    assert four.party[0] == four.party[1]
    assert sorted(set(four.party.tolist())) == [0, 1, 2]


def test_what_is_held_is_counted_by_accounts_customers_and_others(four):
    addresses = four.population.keys["address"]
    by_degree = np.argsort(-addresses.degree)
    assert addresses.degree[by_degree].tolist() == [3, 2]
    held = four.held(addresses)
    assert held.things.tolist() == [0, 1]
    assert held.members[by_degree].tolist() == [3, 1]
    assert held.parties[by_degree].tolist() == [2, 1]
    assert held.outside[by_degree].tolist() == [0, 1]


def test_each_member_is_held_against_the_others(four):
    vectors = four.population.contents.directions(four.rows).astype(np.float64)
    for i, cosine in enumerate(four.own_cosines):
        others = np.delete(vectors, i, axis=0).sum(0)
        assert cosine == pytest.approx(vectors[i] @ others / np.linalg.norm(others), abs=1e-6)
    assert np.linalg.norm(four.centre) == pytest.approx(1)


def test_nobody_is_no_party(four):
    assert Cluster(four.population, np.zeros(0, np.int64)).parties == 0
