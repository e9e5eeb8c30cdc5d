"""Operators: clusters are taken apart and put together by what they share."""

import pytest

from stillwatch.campaigns.operators import halves, joined, linked


@pytest.fixture(scope="module")
def lists(population_of, crowd):
    """Two work lists of twenty accounts each among strangers; the desk as a test says."""

    def make(card):
        rows = crowd(1500, requests=1) + crowd(20, name="one", subject=4) + crowd(20, name="two", subject=9)
        desk = [
            {"account_id": f"{name}{i:04}", "payment_fingerprint": card(name, i)}
            for name in ("one", "two")
            for i in range(20)
        ]
        return population_of(rows, desk)

    return make


def shared(_, i):
    return f"p{i % 5}"


def apart(name, i):
    return f"{name}{i % 5}"


def test_cards_in_both_make_one_operator_of_two_clusters(lists, named):
    assert linked(named(lists(shared), "one"), named(lists(shared), "two"))
    population = lists(apart)
    assert not linked(named(population, "one"), named(population, "two"))


def test_two_lists_without_a_link_are_two(lists, named):
    population = lists(apart)
    sides = halves(named(population, "one", "two"))
    assert sides is not None
    expected = [named(population, name).rows.tolist() for name in ("one", "two")]
    assert sorted(side.tolist() for side in sides) == expected


def test_two_lists_on_the_same_cards_are_one(lists, named):
    assert halves(named(lists(shared), "one", "two")) is None


def test_one_list_is_one(lists, named):
    assert halves(named(lists(apart), "one")) is None


def test_clusters_are_joined_through_others(lists, named):
    population = lists(shared)
    clusters = [named(population, *names).rows for names in (["one000"], ["s000"], ["one001"], ["two"])]
    assert joined(population, clusters) == [[0, 2, 3], [1]]
    assert joined(population, []) == []
