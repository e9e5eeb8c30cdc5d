"""Parties: who is openly one customer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.parties import parties
from stillwatch.profiles.state import EMPTY32

NONE = -1


def grouped(payment, mail, address, organization=None, used=None, *, desk=True):
    """The sizes of the parties, largest first."""
    n = len(payment)
    payment, mail, address, organization = (
        np.array(t, np.int64) for t in (payment, mail, address, organization or [NONE] * n)
    )
    seen = np.full((n, 4), EMPTY32)
    for row, places in zip(seen, used or [()] * n, strict=True):
        row[: len(places)] = sorted(places)
    return sorted(np.unique(parties(payment, mail, address, seen, organization, desk=desk), return_counts=True)[1])[
        ::-1
    ]


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


def test_a_household_is_one_wherever_each_of_them_signed_up():
    """One card; two signed up on the train; the line at home was given a new address in between."""
    used = [(7,), (7, 8), (8, 90), (8,)]
    assert grouped([1] * 4, distinct(4), distinct(4, 20), used=used) == [4]
    assert grouped([1, 1], distinct(2), [7, 20], used=[(), (7,)]) == [2]


@pytest.mark.parametrize("lines", [(7,), (7, 8, 9, 10)])
def test_an_operators_cards_on_one_proxy_are_not_a_household_each(lines):
    cards = [row // 4 for row in range(24)]
    assert grouped(cards, distinct(24), distinct(24, 200), used=[lines] * 24) == [1] * 24


def test_strangers_behind_one_carrier_are_not_one_customer():
    assert grouped(distinct(40), [2] * 40, distinct(40, 200), used=[(7, 8)] * 40) == [1] * 40


def test_a_household_beside_a_mixed_pool_stays_one():
    """What takes the pool apart does not take apart who is open without it."""
    draw = np.random.default_rng(1)
    cards, domains, addresses = (draw.integers(0, 4, 40).tolist() for _ in range(3))
    used = [()] * 40 + [(7,)] * 3
    sizes = grouped([*cards, 9, 9, 9], [*domains, 0, 1, 2], [*addresses, 0, 1, 2], used=used)
    assert sizes[0] == 3
    assert sizes[1] <= 2


def test_without_a_desk_accounts_behind_one_address_are_one_customer():
    nothing = [NONE] * 6
    assert grouped(nothing, nothing, nothing, used=[(7, i) for i in range(10, 16)], desk=False) == [6]
    assert grouped(nothing, nothing, nothing, used=[(i,) for i in range(6)], desk=False) == [1] * 6
    assert grouped(nothing, nothing, nothing, desk=False) == [1] * 6


@given(st.data())
def test_the_order_of_accounts_does_not_matter(data):
    n = data.draw(st.integers(1, 12))
    things = [np.array(data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)), np.int64) for _ in range(4)]
    few = st.lists(st.integers(0, 3), min_size=2, max_size=2).map(sorted)
    things.insert(3, np.array(data.draw(st.lists(few, min_size=n, max_size=n)), np.uint32))
    order = np.array(data.draw(st.permutations(range(n))))
    label, moved = parties(*things), parties(*(thing[order] for thing in things))
    assert np.array_equal(label[order][:, None] == label[order][None, :], moved[:, None] == moved[None, :])


def test_nobody_is_no_party():
    nobody = np.zeros(0, np.int64)
    assert len(parties(nobody, nobody, nobody, np.zeros((0, 4), np.uint32), nobody)) == 0
