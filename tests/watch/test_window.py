"""The window: days that are over count no longer, and no flood takes more memory than it may."""

from contextlib import closing

import pytest

from stillwatch.watch.journal import Journal
from stillwatch.watch.judgement import Raised
from stillwatch.watch.window import Window


@pytest.fixture
def journal(tmp_path, clock):
    with closing(Journal(tmp_path, clock=clock)) as opened:
        yield opened


def came(journal, window, profiles, at=0):
    window.absorb(profiles, journal.append(profiles, {"x": {"at": at}}))


def accounts(window):
    return set(window.ordered().ids.to_pylist())


def test_a_window_is_what_the_journal_holds(journal, asked, plain):
    window = Window(journal, days=28, most=1000)
    for number in range(3):
        came(journal, window, asked("a", f"b{number}", hour=number))
    again = Window(journal, days=28, most=1000)
    assert plain(again.ordered()) == plain(window.ordered())
    assert plain(again.ordered())["a"]["requests"] == 3


def test_a_request_counts_for_so_many_days(journal, clock, asked, plain):
    window = Window(journal, days=3, most=1000)
    for day in range(6):
        came(journal, window, asked("always", f"day{day}", hour=day))
        window.expire()
        clock.go(1)
    assert accounts(window) == {"always", "day2", "day3", "day4", "day5"}
    assert plain(window.ordered())["always"]["requests"] == 4
    assert window.expire()
    assert accounts(window) == {"always", "day3", "day4", "day5"}
    assert not window.expire()


def test_what_is_over_leaves_the_disk(journal, clock, asked, tmp_path):
    window = Window(journal, days=3, most=1000)
    for day in range(20):
        came(journal, window, asked("a", hour=day))
        window.expire()
        clock.go(1)
    assert len(list(tmp_path.glob("*.journal"))) <= 2 * 3


def test_a_clock_that_jumps_ahead_and_back_loses_nothing(journal, clock, asked, plain):
    window = Window(journal, days=28, most=1000)
    came(journal, window, asked("a"))
    expected = plain(window.ordered())
    clock.go(300)
    window.expire()
    assert accounts(window) == set()
    came(journal, window, asked("b", hour=1))
    window.expire()
    clock.go(-301)
    window.expire()
    assert accounts(window) == {"a", "b"}
    assert plain(window.ordered())["a"] == expected["a"]


@pytest.mark.parametrize(
    ("number", "most"), [(300_000, 60_000), pytest.param(2_000_000, 200_000, marks=pytest.mark.slow)]
)
def test_a_flood_of_new_accounts_evicts_itself(journal, crowd, number, most):
    """Who asked twice stays, and so do a campaign's members, who were the first to ask once."""
    window, step = Window(journal, days=28, most=most), 50_000
    regulars, members = crowd(most // 2, first=10**7, requests=2), crowd(most // 10)
    came(journal, window, regulars)
    came(journal, window, members)
    window.protect(members.ids.to_pylist())
    for first in range(len(members), number, step):
        came(journal, window, crowd(min(step, number - first), first=first, last=first))
        assert len(window) <= most
    held = accounts(window)
    assert set(regulars.ids.to_pylist()) <= held
    assert set(members.ids.to_pylist()) <= held
    assert window.evicted == number + most // 2 - len(held)
    assert f"a{number - 1:08}" in held, "the newest of the flood is there: the oldest go first"


def test_members_are_spared_after_a_restart_too(journal, crowd):
    members = crowd(20)
    came(journal, Window(journal, days=28, most=100), members)
    journal.remember([Raised("c-1", frozenset(members.ids.to_pylist()), 0, 20)])
    window = Window(journal, days=28, most=100)
    for first in range(20, 500, 80):
        came(journal, window, crowd(80, first=first, requests=3))
    assert set(members.ids.to_pylist()) <= accounts(window)


def test_a_campaign_that_is_larger_than_the_memory_exhausts_nothing(journal, crowd):
    window = Window(journal, days=28, most=100)
    window.protect(crowd(1000).ids.to_pylist())
    for first in range(0, 1000, 90):
        came(journal, window, crowd(90, first=first, requests=first + 1))
        assert len(window) <= 100


def test_folding_anew_evicts_the_same_and_counts_it_once(journal, clock, crowd):
    window = Window(journal, days=1, most=100)
    for first in range(0, 300, 50):
        came(journal, window, crowd(50, first=first, last=first))
    evicted, held = window.evicted, accounts(window)
    clock.go(1)
    came(journal, window, crowd(1, first=10**6, requests=5))
    window.expire()
    assert window.evicted - evicted <= 1 + 100 // 8
    assert len(accounts(window) & held) >= 80
