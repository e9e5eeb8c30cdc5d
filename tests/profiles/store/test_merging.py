"""Merging: streams in the order of account ids become one, each account once, whatever the sizes of their batches."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.profiles import wire
from stillwatch.profiles.accounts import profile
from stillwatch.profiles.store.merging import aligned, merged

NAMES = ["", "a", "aa", "b", "ä", "😀", "\uffff", "z"]


def streams_of(parts, batch_of, cut):
    """Each part's rows in order, in batches of a few."""
    for rows in parts:
        batches = [wire.batches(profile(batch_of([row]))) for row in sorted(rows, key=lambda row: row["account_id"])]
        table = pa.Table.from_batches([b for some in batches for b in some], schema=wire.SCHEMA)
        yield iter(table.combine_chunks().to_batches(cut))


@settings(max_examples=40)
@given(data=st.data())
def test_each_account_once_and_whole(data, batch_of, as_dicts):
    names = data.draw(st.lists(st.lists(st.sampled_from(NAMES), max_size=12), max_size=5))
    parts = [
        [{"account_id": name, "request_id": f"{p}.{i}", "hour": p + i} for i, name in enumerate(part)]
        for p, part in enumerate(names)
    ]
    found = [as_dicts(profiles) for profiles in merged(list(streams_of(parts, batch_of, data.draw(st.integers(1, 5)))))]
    ids = [account for block in found for account in block]
    assert ids == sorted({name for part in names for name in part})
    rows = [row for part in parts for row in part]
    assert {k: v for block in found for k, v in block.items()} == as_dicts(profile(batch_of(rows)))


def test_tables_of_an_account_do_not_share_it():
    schema = pa.schema([("account_id", pa.string()), ("n", pa.int64())])
    one = [("a", 1), ("a", 2), ("a", 3), ("b", 4)]
    other = [("a", 5), ("c", 6)]
    streams = [iter([pa.record_batch([[row[0]], [row[1]]], schema=schema) for row in rows]) for rows in (one, other)]
    tables = [table.to_pylist() for table in aligned(streams)]
    accounts = [{row["account_id"] for row in table} for table in tables]
    assert all(not left & right for left, right in pairwise(accounts))
    assert sorted(row["n"] for table in tables for row in table) == [1, 2, 3, 4, 5, 6]


def test_nobody(batch_of):
    assert list(merged([])) == []
    assert list(merged(list(streams_of([[]], batch_of, 3)))) == []
