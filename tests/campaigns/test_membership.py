"""Membership: a proposal grows by those who are like it and loses those who are not."""

import numpy as np
import pytest

from stillwatch.campaigns.membership import LEAST, belonging, settle, without_links

WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."


@pytest.fixture(scope="module")
def population(population_of, crowd):
    """Thirty of one operator (wrapper, subject, five cards) among 300 strangers."""
    rows = crowd(300) + crowd(30, name="w", wrap=WRAP, subject=4)
    desk = [{"account_id": f"s{i:04}", "payment_fingerprint": f"s{i // 2}"} for i in range(300)]
    desk += [{"account_id": f"w{i:04}", "payment_fingerprint": f"w{i % 5}"} for i in range(30)]
    return population_of(rows, desk)


def test_members_belong_and_strangers_do_not(population, named):
    cluster = named(population, "w")
    bits = belonging(cluster)
    strangers = np.delete(bits, cluster.rows)
    assert bits[cluster.rows].min() >= LEAST
    assert np.median(strangers) < 0
    assert (strangers >= LEAST).mean() < 0.02


def test_half_of_it_with_some_strangers_becomes_the_whole(population, named):
    half = named(population, "w000", "w001", "s0000", "s0010")
    settled = settle(population, half.rows)
    whole = set(named(population, "w").rows)
    assert len(whole & set(settled.rows)) >= 28
    assert len(set(settled.rows) - whole) <= 1


def test_what_is_settled_stays_as_it_is(population, named):
    once = settle(population, named(population, "w000", "w001").rows)
    again = settle(population, once.rows)
    assert np.array_equal(once.rows, again.rows)
    assert (again.bits >= LEAST).all()
    assert (np.diff(again.rows) > 0).all()


def test_strangers_who_are_proposed_do_not_stay(population, named):
    assert len(settle(population, named(population, "s000").rows).rows) < 3


def test_without_links_a_shared_card_says_nothing(population_of, crowd, named):
    rows = crowd(100) + crowd(12, name="w", subject=4)
    with_card = [
        {"account_id": "s0000", "payment_fingerprint": "w"},
        {"account_id": "w0000", "payment_fingerprint": "w"},
    ]
    made = population_of(rows, with_card)
    cluster, stranger = named(made, "w"), named(made, "s0000").rows
    apart = belonging(named(population_of(rows), "w"), links=False)[stranger]
    assert belonging(cluster, links=False)[stranger] == apart
    assert belonging(cluster)[stranger] > apart + 1


def test_a_campaign_is_the_same_without_its_links(population, named):
    core, beside = without_links(named(population, "w"))
    assert len(core) >= 25
    assert beside <= 3


def test_who_is_picked_from_a_crowd_by_a_card_leaves_the_crowd_beside(population_of, crowd, named):
    """Forty-five ask for one subject in one way; of thirty of them it is known that they share cards."""
    rows = crowd(1200, requests=3) + crowd(45, name="w", wrap=WRAP, subject=4)
    desk = [{"account_id": f"w{i:04}", "payment_fingerprint": f"w{i // 2}"} for i in range(30)]
    core, beside = without_links(named(population_of(rows, desk), "w000", "w001", "w002"))
    assert len(core) >= 25
    assert beside >= 10
