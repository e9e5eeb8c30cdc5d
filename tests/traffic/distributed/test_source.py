"""Spark reads what this process reads: the same requests, the same rows left out, whatever the format."""

import gzip
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import ConfigError, InputError
from stillwatch.traffic import Rejects
from stillwatch.traffic import open_requests as open_here
from stillwatch.traffic.schema import REQUESTS

pytestmark = pytest.mark.slow

COLUMNS = ("request_id", "time", "account_id", "input_messages", "request_temperature", "client_address")
SOME = pa.array(["a", "acct-1", "acct-4"])
CHAT = {
    "id": "r1",
    "at": 1772366400,
    "who": "acct-1",
    "prompt": "Hello",
}


def request(number, **changes):
    return {
        "request_id": f"req-{number}",
        "time": f"2026-03-01T12:{number // 60 % 60:02}:{number % 60:02}.250000Z",
        "account_id": f"acct-{number % 7}",
        "input_messages": [{"role": "user", "content": f"What is {number} in Roman numerals? ≈"}],
        "request_temperature": 0.5,
        "client_address": f"203.0.113.{number % 250}",
    } | changes


def lines(*records):
    return b"".join(r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records)


def table(records, schema=REQUESTS):
    rows = [r | {"time": datetime.fromisoformat(r["time"]) if r["time"] else None} for r in records]
    return pa.Table.from_pylist(rows, pa.schema([schema.field(name).with_nullable(True) for name in COLUMNS]))


@pytest.fixture(scope="module")
def both(spark, key):
    """Reads logs here and on Spark, and gives the rows and rejects of each."""
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415 — as in the command

    def read(*paths, **options):
        rejects = Rejects()
        here = open_here([str(p) for p in paths], rejects=rejects, key=key, columns=COLUMNS, **options)
        ours = sorted((row for decode in here.batches() for row in decode().to_pylist()), key=repr)
        there = open_requests(spark, [str(p) for p in paths], rejects=Rejects(), key=key, columns=COLUMNS, **options)
        assert there.requests().schema.equals(here.schema)
        theirs = sorted((row for batch in there.requests().batches() for row in batch.to_pylist()), key=repr)
        assert theirs == ours
        assert there.rejects.counts_by_reason == rejects.counts_by_reason
        noted = there.rejects.places()
        some = sorted((row for batch in there.requests(SOME).batches() for row in batch.to_pylist()), key=repr)
        assert some == [row for row in ours if row["account_id"] in SOME.to_pylist()]
        assert there.rejects.places() == noted
        return ours, list(rejects), list(there.rejects), there

    return read


BROKEN = (request(1), b"{broken\n", request(2, time=None), b"\n", request(3, account_id=""), b"\xff\xfe\n", request(4))


def test_lines_with_broken_ones_among_them(both, tmp_path):
    (tmp_path / "log.jsonl").write_bytes(lines(*BROKEN, *map(request, range(100, 400))))
    rows, here, there, _ = both(tmp_path / "log.jsonl")
    assert len(rows) == 302
    assert there == here
    assert [line for _, line, _ in there] == [2, 3, 5, 6]


def test_a_folder_of_several_kinds(both, tmp_path):
    (tmp_path / "a b.jsonl.gz").write_bytes(gzip.compress(lines(*BROKEN)))
    (tmp_path / "deeper").mkdir()
    pq.write_table(table(map(request, range(20, 40))), tmp_path / "deeper" / "b.parquet", row_group_size=7)
    (tmp_path / "notes.txt").write_text("no log")
    rows, here, there, source = both(tmp_path)
    assert len(rows) == 22
    assert there == here
    assert len(source.files) == 2


def test_rows_of_parquet_left_out_have_their_places(both, tmp_path):
    records = [request(n, account_id=None if n in (5, 17) else "a") for n in range(30)]
    pq.write_table(table(records), tmp_path / "log.parquet", row_group_size=8)
    _, here, there, _ = both(tmp_path / "log.parquet")
    assert there == here == [(str(tmp_path / "log.parquet"), n + 1, "missing field: account_id") for n in (5, 17)]


def test_some_accounts_alone_note_their_own_rows_where_they_stand(spark, key, tmp_path):
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415

    records = [request(n, time=None) if n in (5, 8, 22) else request(n) for n in range(30)]
    pq.write_table(table(records), tmp_path / "log.parquet", row_group_size=7)
    source = open_requests(spark, [str(tmp_path)], rejects=Rejects(), key=key, columns=COLUMNS)
    assert sum(len(batch) for batch in source.requests(SOME).batches()) == 7
    places = [(line, reason) for _, line, reason in source.rejects]
    assert places == [(9, "missing field: time"), (23, "missing field: time")]


def test_a_row_left_out_counts_once_however_often_it_is_read(both, tmp_path):
    (tmp_path / "log.jsonl").write_bytes(lines(*BROKEN))
    *_, source = both(tmp_path / "log.jsonl")
    before = source.rejects.count
    list(source.requests().batches())
    assert source.rejects.count == before == 4


def test_another_format_by_its_mapping(both, tmp_path):
    (tmp_path / "map.toml").write_text(
        '[columns]\nrequest_id = "id"\naccount_id = "who"\n'
        'time = { path = "at", unit = "s" }\ninput_messages = "prompt"\n'
    )
    (tmp_path / "log.jsonl").write_bytes(lines(CHAT, CHAT | {"id": "r2"}))
    pq.write_table(pa.Table.from_pylist([CHAT | {"id": "r3"}]), tmp_path / "log.parquet")
    for log in ("log.jsonl", "log.parquet"):
        both(tmp_path / log, mapping=tmp_path / "map.toml")


def test_identifiers_become_the_same_tokens(both, tmp_path):
    (tmp_path / "log.jsonl").write_bytes(lines(*map(request, range(9))))
    rows, *_ = both(tmp_path / "log.jsonl")
    assert all(row["client_address"].startswith("addr_") for row in rows)


def test_only_requests_before_a_moment(spark, key, tmp_path):
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415

    (tmp_path / "log.jsonl").write_bytes(lines(*map(request, range(120))))
    until = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
    source = open_requests(spark, [str(tmp_path)], rejects=Rejects(), key=key, columns=COLUMNS, until=until)
    assert sum(len(batch) for batch in source.requests().batches()) == 60
    some = [account for batch in source.requests(SOME).batches() for account in batch["account_id"].to_pylist()]
    assert sorted(some) == ["acct-1"] * 9 + ["acct-4"] * 8


def test_a_table_of_a_catalog(spark, key, tmp_path):
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415

    pq.write_table(table([request(n, account_id="" if n == 3 else "a") for n in range(8)]), tmp_path / "log.parquet")
    spark.session.read.parquet(str(tmp_path / "log.parquet")).createOrReplaceTempView("requests_log")
    source = open_requests(spark, ["table:requests_log"], rejects=Rejects(), key=key, columns=COLUMNS)
    assert sum(len(batch) for batch in source.requests().batches()) == 7
    assert list(source.rejects) == [("requests_log", 4, "missing field: account_id")]
    assert sum(len(batch) for batch in source.requests(SOME).batches()) == 7
    assert sum(len(batch) for batch in source.requests(SOME[1:]).batches()) == 0
    assert source.rejects.count == 1
    spark.session.catalog.dropTempView("requests_log")


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (("log.csv", b"request_id,time,account_id\n1,2,3\n"), "no CSV"),
        (("log.jsonl", b""), "No log there holds anything."),
        (("log.jsonl", b"\n\n"), "The log is empty."),
        (("log.jsonl", b'{"what": 1}\n'), "in no format that stillwatch knows"),
        (("log.parquet", b"PAR1 nothing more"), "corrupt"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(spark, key, tmp_path, log, says):
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415

    path = tmp_path / log[0]
    path.write_bytes(log[1])
    with pytest.raises(InputError, match=says) as caught:
        list(open_requests(spark, [str(path)], rejects=Rejects(), key=key, columns=COLUMNS).requests().batches())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("/nowhere/log.jsonl", InputError, "There is no such file."),
        ("table:nowhere.requests", InputError, "There is no such table."),
        ("s3a://bucket/log.parquet", ConfigError, "hadoop-aws"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(spark, key, path, error, says):
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415

    with pytest.raises(error, match=says) as caught:
        open_requests(spark, [path], rejects=Rejects(), key=key)
    assert "\n" not in str(caught.value)


def test_a_table_without_a_needed_column_names_it(spark, key, tmp_path):
    from stillwatch.traffic.distributed import open_requests  # noqa: PLC0415

    pq.write_table(table(map(request, range(3))).drop_columns(["account_id"]), tmp_path / "log.parquet")
    with pytest.raises(InputError, match="no column account_id"):
        open_requests(spark, [str(tmp_path / "log.parquet")], rejects=Rejects(), key=key)
