"""The second reading: what it makes of a log is what it would make of everybody's requests."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.campaigns.footage import Footage
from stillwatch.campaigns.load import HOUR
from stillwatch.campaigns.readings import Log
from stillwatch.campaigns.scan import COLUMNS
from stillwatch.engines.local import LocalEngine
from stillwatch.signatures.kernel import sign
from stillwatch.traffic import Key, Rejects, open_requests

WRAP = "Please think about this with great care, step by step: "


@pytest.fixture
def requests(batch_of):
    """Members a and b, and strangers s and t; the words are the members'."""
    rows = [
        {
            "account_id": "asbt"[i % 4],
            "hour": i / 10,
            "ask": (WRAP if i % 2 == 0 else "x ") + f"item {i}.",
            "client_address": f"203.0.113.{i % 200}",
            "request_model": f"model-{i % 3}",
        }
        for i in range(900)
    ]
    return pa.Table.from_batches([batch_of(rows)])


@pytest.fixture
def footage(requests):
    begin = requests["time"][0].value
    words = sign(pa.array([WRAP])).shingles
    return lambda: Footage({"a": 0, "b": 1}, [words, words], np.array([begin + 30 * HOUR]))


def as_lines(table, path):
    rows = (row | {"time": row["time"].isoformat()} for row in table.to_pylist())
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")


def same(one, other):
    assert one.loads == other.loads
    assert one.samples == other.samples
    assert one.takings == other.takings
    for ours, theirs in zip(one.times, other.times, strict=True):
        assert np.array_equal(np.concatenate(ours), np.concatenate(theirs))
    for ours, theirs in zip(one.slices, other.slices, strict=True):
        assert ours.ids == theirs.ids
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours.state)


@pytest.mark.parametrize("write", [pq.write_table, as_lines])
def test_the_source_is_asked_for_the_members_alone(requests, footage, tmp_path, write):
    write(requests, tmp_path / "log")
    asked = []
    with LocalEngine(threads=1) as engine:
        source = open_requests([str(tmp_path / "log")], rejects=Rejects(), key=Key(bytes(32)), columns=COLUMNS)

        def told(_stage, of):
            asked.append(of)
            return engine.lazily(lambda: source.batches(of), source.schema)

        def everybody(_stage, _of):
            return engine.lazily(source.batches, source.schema)

        seen = Log(told, engine).again(footage())
        handed = sum(len(decode()) for decode in source.batches(asked[0]))
        same(seen, Log(everybody, engine).again(footage()))
    assert asked[0].to_pylist() == ["a", "b"]
    assert handed == 450
    assert sum(map(len, seen.times[0])) == 225
    assert all(text.startswith(WRAP) for _, text in seen.samples[0])


def test_everybody_is_asked_for_first(requests, footage):
    asked = []
    with LocalEngine(threads=1) as engine:

        def told(stage, of):
            asked.append((stage, of))
            return engine.table(requests.to_batches(), requests.schema)

        log = Log(told, engine)
        people, load = log.people()
        assert sum(len(batch) for batch in people.batches()) == 4
        log.again(footage())
    assert sum(hour[0] for hour in load.hours.values()) == 900
    assert asked[0] == ("reading", None)
    assert asked[1][0] == "looking again"
