"""The kernels of the fold, each held to sets and dictionaries."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.profiles import fold
from stillwatch.signatures.kernel import buffers

SMALL = st.lists(st.integers(0, 30), max_size=40)


@settings(deadline=None)
@given(values=SMALL, k=st.integers(1, 6), dtype=st.sampled_from([np.uint32, np.uint64]))
def test_inserting_keeps_the_k_smallest_distinct_values_in_order(values, k, dtype):
    empty = np.iinfo(dtype).max
    row = np.full(k, empty, dtype)
    for value in values:
        fold.insert(row, dtype(value))
    assert row.tolist() == (sorted(set(values)) + [empty] * k)[:k]


@settings(deadline=None)
@given(values=SMALL, k=st.integers(1, 6))
def test_counts_go_with_their_values(values, k):
    row, counts = np.full(k, 2**32 - 1, np.uint32), np.zeros(k, np.uint32)
    for value in values:
        fold.insert_counted(row, counts, np.uint32(value), np.uint32(1))
    kept = sorted(set(values))[:k]
    assert row.tolist() == (kept + [2**32 - 1] * k)[:k]
    assert counts.tolist() == ([values.count(value) for value in kept] + [0] * k)[:k]


@settings(deadline=None)
@given(keys=st.lists(st.integers(1, 2**64 - 1), max_size=60), known=st.integers(0, 60))
def test_a_key_is_found_where_it_was_put(keys, known):
    table, slots = np.zeros(128, np.uint64), np.zeros(128, np.int32)
    numbers = {}
    first, second = np.array(keys[:known], np.uint64), np.array(keys[known:], np.uint64)
    one, n = fold.find(first, table, slots, 0)
    two, n = fold.find(second, table, slots, n)
    for key in keys:
        numbers.setdefault(key, len(numbers))
    assert [*one.tolist(), *two.tolist()] == [numbers[key] for key in keys]
    assert n == len(numbers)


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=40) | st.none(), max_size=10), known=st.integers(1, 50))
def test_texts_are_hashed_as_the_plain_reference_does(texts, known, reference):
    hashes = fold.hash_texts(*buffers(pa.array(texts, pa.string())), known)
    assert hashes.tolist() == [reference.hashed(text, known) for text in texts]


@pytest.mark.parametrize(
    ("roles", "last"),
    [
        ([], -1),
        (["user"], 0),
        (["user", "assistant"], 0),
        (["assistant", "tool"], 1),
        (["user", "assistant", "user"], 2),
    ],
)
def test_the_last_message_is_the_users(roles, last):
    offsets = np.array([5, 5 + len(roles)], np.int32)  # of a slice: what is before is not looked at
    assert fold.last_by_user(offsets, np.array([role == "user" for role in roles], bool)).tolist() == [last]
