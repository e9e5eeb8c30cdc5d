import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.server.cursor import Cursor
from stillwatch.exchange.server.errors import Problem

cursor = Cursor(b"k" * 32)
query = ("objects", "collection", None, {"type": ["indicator"]})


@given(st.integers(-(2**62), 2**62))
def test_it_points_where_it_was_given_and_after_a_restart_too(after):
    assert Cursor(b"k" * 32).read(cursor.write(after, *query), *query) == after


@pytest.mark.parametrize(
    "other",
    [
        ("manifest", "collection", None, {"type": ["indicator"]}),
        ("objects", "another", None, {"type": ["indicator"]}),
        ("objects", "collection", "indicator--1", {"type": ["indicator"]}),
        ("objects", "collection", None, {}),
        ("objects", "collection", None, {"type": ["indicator", "note"]}),
    ],
)
def test_it_is_worth_nothing_for_another_query(other):
    with pytest.raises(Problem) as refused:
        cursor.read(cursor.write(5, *query), *other)
    assert refused.value.status == 400


def test_a_key_of_another_exchange_does_not_open_it():
    with pytest.raises(Problem):
        Cursor(b"l" * 32).read(cursor.write(5, *query), *query)


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_changed_one_is_refused(place, change):
    token = bytearray(cursor.write(1_790_000_000_000_000, *query).encode())
    token[place] ^= change
    with pytest.raises(Problem):
        cursor.read(token.decode("latin-1"), *query)


@given(st.text(max_size=200))
def test_what_is_none_is_a_400(text):
    with pytest.raises(Problem) as refused:
        cursor.read(text, *query)
    assert refused.value.status == 400
