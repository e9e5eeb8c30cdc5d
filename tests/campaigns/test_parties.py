"""Parties: who is openly one customer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.parties import parties

NONE = -1


def grouped(payment, mail, address, organization=None):
    """The sizes of the parties, largest first."""
    things = [np.array(t, np.int64) for t in (payment, mail, address, organization or [NONE] * len(payment))]
    return sorted(np.unique(parties(*things), return_counts=True)[1].tolist(), reverse=True)


def distinct(n, start=100):
    return list(range(start, start + n))


@pytest.mark.parametrize(
    ("what", "things"),
    [
        ("a team on one card", ([1] * 6, [2] * 6, distinct(6))),
        ("keys of one job", ([1] * 6, distinct(6), [3] * 6)),
        ("a class: no cards", ([NONE] * 6, [2] * 6, [3] * 6)),
        ("a company: one organization, one domain, one office", ([NONE] * 6, [2] * 6, [3] * 6, [4] * 6)),
        ("a household: all alike", ([1] * 6, [2] * 6, [3] * 6)),
        ("one organization, whatever else", (distinct(6), distinct(6), distinct(6), [4] * 6)),
    ],
)
def test_who_agrees_in_two_things_is_one_customer(what, things):
    assert grouped(*things) == [6], what


@pytest.mark.parametrize(
    ("what", "things"),
    [
        ("one card, nothing else", ([1] * 6, distinct(6), distinct(6))),
        ("a popular mail provider", (distinct(6), [2] * 6, distinct(6))),
        ("one carrier's address", (distinct(6), distinct(6), [3] * 6)),
        ("nothing is known", ([NONE] * 6, [NONE] * 6, [NONE] * 6)),
    ],
)
def test_who_shares_one_thing_is_not(what, things):
    assert grouped(*things) == [1] * 6, what


def test_an_operator_who_mixes_cards_and_domains_is_many_customers():
    """Each account agrees in two things with some other, but the group as a whole in none."""
    draw = np.random.default_rng(1)
    cards, domains, addresses = (draw.integers(0, 4, 40).tolist() for _ in range(3))
    assert grouped(cards, domains, addresses)[0] <= 2


def test_a_customer_with_one_odd_account_stays_one():
    assert grouped([1] * 9 + [7], [2] * 10, [3] * 10) == [10]


def test_two_accounts_that_agree_in_two_things_are_one_whatever_the_third():
    assert grouped([1, 1], [2, 2], [3, 4]) == [2]
    assert grouped([1, 1], [2, 5], [3, 4], [6, 6]) == [2]


@given(st.data())
def test_the_order_of_accounts_does_not_matter(data):
    n = data.draw(st.integers(1, 12))
    things = [np.array(data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)), np.int64) for _ in range(4)]
    order = np.array(data.draw(st.permutations(range(n))))
    label, moved = parties(*things), parties(*(thing[order] for thing in things))
    assert np.array_equal(label[order][:, None] == label[order][None, :], moved[:, None] == moved[None, :])


def test_nobody_is_no_party():
    assert len(parties(*(np.zeros(0, np.int64) for _ in range(4)))) == 0
