import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, StillwatchError
from stillwatch.traffic import Key, Rejects, open_requests
from stillwatch.traffic.schema import REQUESTS, TIME

from .conftest import Read, request


def table(count: int = 10, **changes: Any) -> pa.Table:
    rows = [request(n, **changes) for n in range(count)]
    for row in rows:
        row["time"] = datetime.fromisoformat(row["time"]) if isinstance(row["time"], str) else row["time"]
    schema = pa.schema([(field.name, field.type) for field in REQUESTS])
    return pa.Table.from_pylist(rows, schema)


def replaced(whole: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return whole.set_column(whole.schema.names.index(name), name, column)


def in_parts(message: dict[str, str]) -> dict[str, Any]:
    return message | {"content": [{"type": "text", "text": message["content"]}]}


LARGE_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.large_string())])


@pytest.fixture
def written(tmp_path: Path):
    def write(whole: pa.Table, **options: Any) -> Path:
        pq.write_table(whole, tmp_path / "log.parquet", **options)
        return tmp_path / "log.parquet"

    return write


def test_what_goes_in_comes_out_but_for_the_address(written, read: Read):
    reading = read(written(table()))
    assert reading.table.drop(["client_address"]).equals(
        table().drop(["client_address"]).cast(reading.table.drop(["client_address"]).schema)
    )
    assert all(address.startswith("addr_") for address in reading.table["client_address"].to_pylist())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("account_id", lambda c: c.cast(pa.large_string())),
        ("account_id", lambda c: c.cast(pa.string_view())),
        ("account_id", lambda c: c.cast(pa.binary())),
        ("request_model", lambda c: c.dictionary_encode()),
        ("client_address", lambda c: c.dictionary_encode()),
        ("time", lambda c: c.cast(pa.timestamp("ns", "UTC"))),
        ("time", lambda c: c.cast(pa.timestamp("us", "Asia/Tokyo"))),
        ("time", lambda c: c.cast(pa.timestamp("us"))),
        ("time", lambda c: c.cast(pa.int64())),
        ("time", lambda c: c.cast(pa.string())),
        ("time", lambda c: pc.strftime(c, "%Y-%m-%dT%H:%M:%S").cast(pa.large_string())),
        ("usage_input_tokens", lambda c: c.cast(pa.int32())),
        ("usage_input_tokens", lambda c: c.cast(pa.float64())),
        ("request_temperature", lambda c: c.cast(pa.float32())),
        ("input_messages", lambda c: pa.array([[m | {"name": "x"} for m in ms] for ms in c.to_pylist()])),
        ("input_messages", lambda c: pa.array([[dict(reversed(m.items())) for m in ms] for ms in c.to_pylist()])),
        ("input_messages", lambda c: c.cast(pa.large_list(LARGE_MESSAGE))),
        ("input_messages", lambda c: pa.array([str(ms).replace("'", '"') for ms in c.to_pylist()])),
        (
            "input_messages",
            lambda c: pa.array(
                [[m | {"content": [{"type": "text", "text": m["content"]}]} for m in ms] for ms in c.to_pylist()]
            ),
        ),
    ],
)
def test_columns_as_others_write_them(written, read: Read, name: str, change):
    expected = read(written(table())).table
    found = read(written(replaced(table(), name, change(table()[name]))))
    assert found.rejects.counts_by_reason == {}
    if name == "time" and pa.types.is_large_string(change(table()[name]).type):
        assert [t.replace(microsecond=250000) for t in found.table["time"].to_pylist()] == expected["time"].to_pylist()
    else:
        assert found.table.equals(expected)


def test_missing_columns_are_null_and_others_ignored(written, read: Read):
    reading = read(
        written(table(3).select(["request_id", "time", "account_id"]).append_column("kind", pa.array([1, 2, 3])))
    )
    assert reading.table.schema.equals(REQUESTS)
    assert reading.table["input_messages"].null_count == 3


def test_only_wanted_columns_are_handed_on(written, read: Read):
    reading = read(written(table(3)), columns=["input_messages", "account_id"])
    assert reading.table.schema.names == ["account_id", "input_messages"]


def test_broken_rows_are_named_and_the_rest_is_read(written, read: Read):
    whole = table(8)
    times = [datetime(2026, 3, 1, tzinfo=UTC)] * 8
    times[1] = datetime(1970, 1, 1, tzinfo=UTC)
    whole = replaced(whole, "time", pa.array(times, TIME))
    ids = pa.array([f"r{n}".encode() for n in range(8)]).to_pylist()
    ids[2], ids[3], ids[4] = None, b"\xff", b""
    whole = replaced(
        whole,
        "request_id",
        pa.array(ids, pa.binary()).cast(options=pc.CastOptions(pa.string(), allow_invalid_utf8=True)),
    )
    texts = [[{"role": "user", "content": "x"}]] * 8
    texts[5] = [{"role": "user", "content": "x" * (17 << 20)}]
    whole = replaced(whole, "input_messages", pa.array(texts, REQUESTS.field("input_messages").type))
    reading = read(written(whole))
    assert reading.table["request_id"].to_pylist() == ["r0", "r6", "r7"]
    assert {line: reason for _, line, reason in reading.rejects} == {
        2: "time out of range",
        3: "missing field: request_id",
        4: "invalid UTF-8",
        5: "missing field: request_id",
        6: "text over the limit",
    }


def test_times_that_no_clock_has(written, read: Read):
    far = pa.array([2**62, 1772366400000, None], pa.int64()).cast(pa.timestamp("ms"))
    reading = read(written(replaced(table(3), "time", far)))
    assert reading.only["time"].timestamp() == 1772366400
    assert reading.rejects.counts_by_reason == {"missing field: time": 1, "time out of range": 1}


def test_numbers_that_are_none_become_null(written, read: Read):
    whole = replaced(table(2), "request_temperature", pa.array([float("nan"), 1.0]))
    assert read(written(whole)).table["request_temperature"].to_pylist() == [None, 1.0]


def test_null_messages_leave_no_hole(written, read: Read):
    kind = REQUESTS.field("input_messages").type
    lists = pa.array([[None, {"role": "user", "content": "x"}], None, []], kind)
    column = read(written(replaced(table(3), "input_messages", lists))).table["input_messages"].combine_chunks()
    assert column.to_pylist() == [[{"role": None, "content": None}, {"role": "user", "content": "x"}], None, []]
    assert column.values.null_count == 0


def test_batches_are_small_and_the_same_each_time(written, key: Key):
    path = written(table(40_000), row_group_size=25_000)
    source = open_requests([str(path)], rejects=Rejects(), key=key, columns=["request_id"])
    sizes = [[len(decode()) for decode in source.batches()] for _ in range(2)]
    assert sizes[0] == sizes[1]
    assert sum(sizes[0]) == 40_000
    assert max(sizes[0]) <= 16_384


def test_a_damaged_file_is_one_error_whatever_the_damage(written, tmp_path: Path, key: Key):
    whole = bytearray(written(table(200)).read_bytes())
    rng = random.Random(7)  # noqa: S311
    for number in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(4, len(damaged))] = rng.randrange(256)
        if rng.random() < 0.3:
            del damaged[rng.randrange(len(damaged)) :]
        path = tmp_path / f"{number}.parquet"
        path.write_bytes(damaged)
        rejects = Rejects()
        try:
            source = open_requests([str(path)], rejects=rejects, key=key)
            assert sum(len(decode()) for decode in source.batches()) + rejects.count <= 200
        except StillwatchError:
            continue


def test_a_cut_off_file_says_so(written, read: Read):
    path = written(table())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="corrupt or cut off"):
        read(path)
