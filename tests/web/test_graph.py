"""The graph of a case and its places, on graphs drawn at random and on large ones."""

import math
from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.reports.document import Account, Link
from stillwatch.web import graph as graphs
from stillwatch.web.layout import placed

SEEN = datetime(2026, 9, 1, tzinfo=UTC)


def account(number, bits=8.0):
    return Account(account_id=f"a{number}", bits=bits, requests=number, first_seen=SEEN, last_seen=SEEN)


def link(*numbers, name="payment", family="sign_up"):
    return Link(family=family, name=name, accounts=tuple(f"a{number}" for number in numbers))


def names(graph, places):
    return {graph.accounts[place].account_id for place in places}


def test_accounts_that_share_the_same_are_one_group():
    graph = graphs.of(map(account, range(6)), [link(0, 1, 2, 3), link(2, 3, 4), link(9, 8), link(5, 9)])
    assert [(thing.name, thing.accounts) for thing in graph.things] == [("payment", 4), ("payment 2", 3)]
    groups = {group.things: names(graph, group.accounts) for group in graph.groups}
    assert groups == {(0,): {"a0", "a1"}, (0, 1): {"a2", "a3"}, (1,): {"a4"}, (): {"a5"}}


def test_the_surest_come_first():
    graph = graphs.of([account(1, 4.0), account(2, 9.0), account(3, 7.0)], [link(1, 2, 3)])
    assert [each.account_id for each in graph.accounts] == ["a2", "a3", "a1"]
    assert graph.groups[0].accounts == (0, 1, 2)


def test_a_thing_of_very_many_groups_is_a_hub():
    everybody = link(*range(100), name="address", family="network")
    pairs = [link(n, n + 1) for n in range(0, 100, 2)]
    graph = graphs.of(map(account, range(100)), [everybody, *pairs])
    assert [thing.name for thing in graph.things if thing.hub] == ["address"]
    alone = graphs.of(map(account, range(100)), [everybody])
    assert not alone.things[0].hub  # all in one group: one line


LINKS = st.lists(
    st.lists(st.integers(0, 24), min_size=1, max_size=12, unique=True).map(lambda n: link(*n)), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_a_graph_says_what_the_links_say(links):
    graph = graphs.of(map(account, range(20)), links)
    told = {(name, each) for name, group in held(graph) for each in names(graph, group)}
    kept = [(name, [a for a in link.accounts if int(a[1:]) < 20]) for name, link in graphs.named(links)]
    assert told == {(name, each) for name, accounts in kept if len(accounts) > 1 for each in accounts}
    assert sorted(place for group in graph.groups for place in group.accounts) == list(range(20))


def held(graph):
    return [(graph.things[thing].name, group.accounts) for group in graph.groups for thing in group.things]


@settings(max_examples=40, deadline=None)
@given(LINKS)
def test_no_two_discs_are_at_one_place(links):
    graph = graphs.of(map(account, range(20)), links)
    places = placed(graph.shape)
    assert (len(places.groups), len(places.things)) == (len(graph.groups), len(graph.things))
    for one, other in combinations((*places.groups, *places.things), 2):
        assert math.hypot(one.x - other.x, one.y - other.y) > 0.9 * (one.r + other.r)
    for each in (*places.groups, *places.things):
        assert each.r <= each.x <= places.width - each.r
        assert each.r <= each.y <= places.height - each.r


def test_the_same_graph_gives_the_same_picture():
    graph = graphs.of(map(account, range(60)), [link(*range(n, n + 9)) for n in range(0, 50, 3)])
    first = placed(graph.shape)
    placed.cache_clear()
    assert placed(graph.shape) == first
    assert placed(graph.shape) is placed(graph.shape)


def test_what_hangs_together_stands_together():
    """Of two crowds, each with a card of its own, every account is nearer to its own card."""
    links = [link(*range(25)), link(*range(25, 50)), *(link(n, n + 1) for n in range(0, 24, 2)), link(24, 25)]
    graph = graphs.of(map(account, range(50)), links)
    places = placed(graph.shape)
    cards = [number for number, thing in enumerate(graph.things) if thing.accounts == 25]
    nearer = 0
    for group, at in zip(graph.groups, places.groups, strict=True):
        away = [math.hypot(at.x - places.things[card].x, at.y - places.things[card].y) for card in cards]
        mine = [card in group.things for card in cards]
        nearer += mine[away.index(min(away))]
    assert nearer >= 0.9 * len(graph.groups)


@pytest.mark.parametrize("distinct", [False, True])
def test_five_thousand_accounts(distinct):
    """Also where hardly two of them share the same things."""
    apart = [37 * thing for thing in range(60)]
    links = [link(*{(n * (7 * thing + 11) if distinct else n) % 5000 for n in range(start, start + 300)})
             for thing, start in enumerate(apart)]  # fmt: skip
    graph = graphs.of(map(account, range(5000)), links)
    places = placed(graph.shape)
    assert sum(len(group.accounts) for group in graph.groups) == 5000
    assert len(graph.groups) > (1500 if distinct else 50)
    assert 0 < places.width < 20_000 > places.height > 0


def test_an_empty_graph():
    graph = graphs.of([], [])
    assert graph == graphs.Graph((), (), ())
    assert placed(graph.shape).groups == ()
