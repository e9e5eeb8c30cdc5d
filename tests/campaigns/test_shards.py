"""Shards: everybody in one, groups as they are given, the nearest kept."""

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns import shards
from stillwatch.campaigns.census import Census, counted
from stillwatch.campaigns.nearby import NEARBY, Nearest
from stillwatch.campaigns.shards import Cells, Grouping, places
from stillwatch.campaigns.signed_up import key_of
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import profile


@pytest.fixture(scope="module")
def people(batch_of, crowd):
    return list(wire.batches(profile(batch_of(crowd(700) + crowd(300, name="x", subject=3))), 90))


def census_of(batches):
    total = Census()
    for batch in batches:
        total.absorb(counted(batch))
    return total


def test_a_census_is_the_same_whatever_the_order_and_the_cut(people):
    one = census_of(people)
    halves = [census_of(people[1::2]), census_of(people[::2])]
    halves[0].join(halves[1])
    other = halves[0]
    for name in ("accounts", "requests", "input_tokens", "first", "last", "columns"):
        assert getattr(one, name) == getattr(other, name)
    assert np.array_equal(one.usual, other.usual)
    assert np.array_equal(one.rhythm, other.rhythm)
    assert one.sample.ids == other.sample.ids
    assert sorted(one.keys.tolist()) == sorted(other.keys.tolist())


def test_what_is_usual_counts_ten_requests_of_an_account_at_most(batch_of):
    few = [{"account_id": f"a{i}", "request_id": f"{i}", "ask": "alpha beta"} for i in range(10)]
    many = [{"account_id": "b", "request_id": f"b{i}", "ask": "gamma delta"} for i in range(1000)]
    usual = census_of(wire.batches(profile(batch_of(few + many)))).usual
    once = census_of(wire.batches(profile(batch_of(few + many[:10])))).usual
    assert np.allclose(usual, once, atol=1e-5)


def test_everybody_is_in_one_shard_and_none_is_far_too_large(people, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 64)
    monkeypatch.setattr(shards, "CELL", 32)
    everybody = census_of(people)
    cells = Cells.around(everybody.sample, everybody.usual, everybody.accounts)
    cells = cells.dealt(sum(cells.sizes(batch) for batch in people))
    placed = pa.Table.from_batches([cells.placed(batch) for batch in people])
    assert sorted(placed["account_id"].to_pylist()) == sorted(a for b in people for a in b["account_id"].to_pylist())
    sizes = np.bincount(placed["shard"].to_numpy())
    assert sizes.max() <= 3 * 64
    assert len(sizes[sizes > 0]) <= 2 * 1000 // 64
    one, other = (dict(zip(*pa.Table.from_batches([cells.placed(b) for b in order]).select(["account_id", "shard"])
                           .to_pydict().values(), strict=True)) for order in (people, people[::-1]))  # fmt: skip
    assert one == other


def test_who_is_in_several_groups_comes_several_times(people):
    key = key_of(people[0].column("account_id"))
    pairs = sorted([(key[0], 0, 5), (key[0], 1, 6), (key[3], 1, 6)])
    who, group, shard = (np.array(column) for column in zip(*pairs, strict=True))
    dealt = Grouping(who, group.astype(np.int32), shard.astype(np.int32))(people[0])
    found = sorted(zip(key_of(dealt["account_id"]).tolist(), dealt["group"].to_pylist(), dealt["shard"].to_pylist(),
                       strict=True))  # fmt: skip
    assert found == [(int(w), g, s) for w, g, s in pairs]
    assert Grouping(who[:0], group[:0].astype(np.int32), shard[:0].astype(np.int32))(people[0]).num_rows == 0


def test_the_nearest_are_kept_and_those_known_left_out(people):
    batches = [
        pa.RecordBatch.from_arrays(
            [*batch.columns, pa.array(np.linspace(0, 1, len(batch)), pa.float32())], schema=NEARBY
        )
        for batch in people
    ]
    known = np.sort(key_of(batches[0].column("account_id")))
    nearest = Nearest(40, known)
    for batch in batches:
        nearest.absorb(batch)
    (kept,) = nearest.profiles()
    every = pa.Table.from_batches(batches[1:])
    order = np.lexsort((key_of(every["account_id"].combine_chunks()), -every["near"].to_numpy()))
    assert sorted(kept.ids.to_pylist()) == sorted(every["account_id"].take(pa.array(order[:40])).to_pylist())


def test_places_are_where_keys_stand():
    key = np.array([30, 10, 20])
    assert places(key, np.array([10, 30, 10])).tolist() == [1, 0, 1]
