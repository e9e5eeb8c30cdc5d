"""Seen: each request once, whoever had it before."""

import numpy as np

from stillwatch.profiles.store.seen import Seen, hashes

HOURS = np.array([5, 5, 6, 30, 30], np.int64)


def test_the_first_of_the_same_is_new():
    seen = Seen(lambda _day: iter(()))
    ids = np.array([7, 7, 8, 7, 9], np.uint64)
    assert seen.admit(ids, HOURS).tolist() == [True, False, True, True, True]
    assert not seen.admit(ids, HOURS).any()
    assert {day: taken.tolist() for day, taken in seen.taken().items()} == {0: [7, 8], 1: [7, 9]}
    assert seen.taken() == {}


def test_what_is_stored_is_known_and_read_once_a_day():
    asked = []

    def known(day):
        asked.append(day)
        yield np.array([-5, 7], np.int64)

    seen = Seen(known)
    ids = np.array([7, 2**64 - 5], np.uint64)
    assert not seen.admit(ids, HOURS[:2]).any()
    assert seen.admit(np.array([8], np.uint64), HOURS[:1]).all()
    assert asked == [0]


def test_many():
    seen, draw = Seen(lambda _day: iter(())), np.random.default_rng(3)
    ids = draw.integers(1, 50_000, 200_000).astype(np.uint64)
    new = [seen.admit(some, np.zeros(len(some), np.int64)) for some in np.array_split(ids, 40)]
    assert np.concatenate(new).sum() == len(np.unique(ids))
    assert np.array_equal(seen.taken()[0], np.unique(ids).astype(np.int64))


def test_a_hash_is_of_account_id_and_hour(batch_of):
    row = {"request_id": "r", "account_id": "a", "hour": 0.2}
    same = [row, row | {"hour": 0.9}, row | {"ask": "other"}]
    other = [row | {"hour": 1.1}, row | {"account_id": "b"}, row | {"request_id": "s"}]
    found = hashes(batch_of([*same, *other])).tolist()
    assert len(set(found[:3])) == 1
    assert len(set(found)) == 4
    assert found[1:] == hashes(batch_of([*same, *other]).slice(1)).tolist(), "wherever a batch is cut"
