"""A scan that goes on looks at who did something new, at what was found before, and at everybody now and then."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.census import Census
from stillwatch.campaigns.stirring import Looking
from stillwatch.profiles.store import looked
from stillwatch.profiles.store.looked import About, Looked

DAY = 86_400 * 10**6
HERE = {1: 100, 2: 100, 3: 100}


def everybody(requests, day=0):
    keys = np.array(list(requests), np.int64)
    made = np.array(list(requests.values()), np.uint64)
    return Census(accounts=len(keys), last=day * DAY, key=[keys], made=[made])


def after(requests, day=0, *, before=None, growth=0.1, named=(), way="as ever"):
    looking = Looking(before, way, growth, whole_days=7)
    scope = looking.scope(everybody(requests, day))
    return scope, looking.after(named)


@pytest.fixture
def first():
    return after(HERE)[1]


def test_the_first_look_is_at_everybody():
    assert after(HERE)[0].among is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (HERE, []),
        (HERE | {2: 109}, []),
        (HERE | {2: 110}, [2]),
        (HERE | {9: 1}, [9]),
        (HERE | {3: 40}, [3]),  # some of it was forgotten
        ({3: 120, 1: 200}, [1, 3]),
    ],
)
def test_then_at_those_who_are_new_or_did_much_more(first, now, expected):
    assert after(now, day=1, before=first)[0].among.tolist() == expected


def test_small_steps_add_up(first):
    scope, before = after(HERE | {2: 106}, day=1, before=first)
    assert scope.among.tolist() == []
    assert after(HERE | {2: 111}, day=2, before=before)[0].among.tolist() == [2]


def test_after_some_days_of_the_log_at_everybody(first):
    scope, before = after(HERE, day=6, before=first)
    assert scope.among.tolist() == []
    scope, before = after(HERE, day=7, before=before)
    assert scope.among is None
    assert after(HERE, day=13, before=before)[0].among.tolist() == []


@pytest.mark.parametrize("other", [{"way": "otherwise"}, {"growth": 0.0}])
def test_at_everybody_where_it_is_looked_otherwise(first, other):
    assert after(HERE, day=1, before=first, **other)[0].among is None


def test_what_was_named_is_looked_at_in_any_case(first):
    _, before = after(HERE, day=1, before=first, named=[["a", "b", "c"]])
    scope, _ = after(HERE, day=2, before=before)
    assert list(scope.known) == [("a", "b", "c")]


@given(st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**40), min_size=1))
def test_nothing_new_is_nothing_to_look_at_whatever_the_keys(requests):
    before = after(requests)[1]
    assert after(requests, day=1, before=before)[0].among.tolist() == []
    assert after({key: 2 * n for key, n in requests.items()}, day=1, before=before)[0].among.tolist() == sorted(
        requests
    )


def test_it_is_stored_and_read_as_it_was(first, tmp_path):
    assert looked.load(tmp_path) is None
    about = About("as ever", 5, (("a", "b"),))
    looked.save(tmp_path, Looked(about, first.key, first.requests))
    again = looked.load(tmp_path)
    assert again.about == about
    assert again.key.tolist() == [1, 2, 3]
    assert again.requests.tolist() == [100, 100, 100]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table"])
def test_a_damaged_one_is_as_none(tmp_path, content):
    (tmp_path / looked.FILE).write_bytes(content)
    assert looked.load(tmp_path) is None
