"""Logs in ClickHouse: every type, two readings that are the same, streams that break, pushdown, bad input."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.errors import ConfigError, InputError
from stillwatch.traffic import Key, Rejects, RequestSource, open_requests
from stillwatch.traffic.storage.clickhouse.address import Address
from stillwatch.traffic.storage.clickhouse.plain import plain
from stillwatch.traffic.storage.clickhouse.table import ClickHouse
from stillwatch.traffic.storage.tables import Wanted
from stillwatch.traffic.storage.tally import Tally

from .conftest import ClickHouseServer, add, started, stop

KEY = Key.ephemeral()
WANTED = Wanted(("request_id", "time", "account_id"), ("request_id", "time", "account_id"), "time", None)
Filled = Callable[..., str]


def source_of(address: str, **options: Any) -> RequestSource:
    return open_requests([address], rejects=Rejects(), key=KEY, **options)


def rows_of(source: RequestSource) -> list[dict[str, Any]]:
    table = pa.Table.from_batches([decode() for decode in source.batches()], schema=source.schema)
    assert source.bytes_read == source.bytes_total
    return sorted(table.to_pylist(), key=lambda row: row["request_id"])


def table_of(server: ClickHouseServer, name: str, **options: Any) -> ClickHouse:
    table = ClickHouse(Address.parse(server.address(f"logs/{name}")), **options)
    table.prepare(WANTED)
    return table


def ids(table: ClickHouse) -> Counter[str]:
    return Counter(value for _, batch in table.batches(WANTED) for value in batch["request_id"].to_pylist())


def test_a_table_of_the_request_schema_is_read_as_it_is(clickhouse: ClickHouseServer, filled: Filled) -> None:
    rows = rows_of(source_of(clickhouse.address(f"logs/{filled(5000)}")))
    assert len(rows) == 5000
    one = next(row for row in rows if row["request_id"] == "r42")
    assert one["time"] == datetime(2026, 3, 1, 0, 0, 42, tzinfo=UTC)
    assert (one["account_id"], one["usage_output_tokens"]) == ("acct-0", 42)
    assert one["input_messages"] == [{"role": "user", "content": "What is 42?"}]
    assert one["output_text"] is None


def test_every_type_that_a_log_may_have(clickhouse: ClickHouseServer) -> None:
    clickhouse.run(
        """CREATE OR REPLACE TABLE logs.types (
            request_id UUID, time DateTime('Europe/Berlin'), account_id UInt64,
            organization_id LowCardinality(Nullable(String)), api_key_id FixedString(4), conversation_id Int128,
            operation_name Enum8('chat, or (so)' = 1, 'it''s' = 2), request_model Nullable(Enum16('small' = 300)),
            input_messages String, request_temperature Decimal(9, 2), request_max_tokens Nullable(UInt16),
            operation_duration Float32, client_address IPv6, user_agent Nullable(String),
            extra Map(String, Array(UInt8)), body JSON
        ) ENGINE = MergeTree ORDER BY time""",
        """INSERT INTO logs.types VALUES (
            '00000000-0000-0000-0000-000000000001', '2026-03-01 01:00:00', 18446744073709551615, NULL, 'abcd', -5,
            'chat, or (so)', 'small', '[{"role": "user", "content": [{"type": "text", "text": "Grüße"}]}]', 0.25, 9,
            1.5, '2001:db8::1', NULL, {'a': [1]}, '{"a": 1}')""",
    )
    (row,) = rows_of(source_of(clickhouse.address("logs/types")))
    assert row["request_id"] == "00000000-0000-0000-0000-000000000001"
    assert row["time"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert (row["account_id"], row["organization_id"], row["api_key_id"]) == ("18446744073709551615", None, "abcd")
    assert (row["conversation_id"], row["operation_name"], row["request_model"]) == ("-5", "chat, or (so)", "small")
    assert row["input_messages"] == [{"role": "user", "content": "Grüße"}]
    assert (row["request_temperature"], row["request_max_tokens"], row["operation_duration"]) == (0.25, 9, 1.5)
    assert row["client_address"] not in (None, "2001:db8::1")  # a token


@pytest.mark.parametrize(
    ("kind", "cast"),
    [
        ("String", "String"),
        ("DateTime", "DateTime64(0, 'UTC')"),
        ("Nullable(DateTime('Asia/Tokyo'))", "Nullable(DateTime64(0, 'Asia/Tokyo'))"),
        ("DateTime64(3)", "DateTime64(3)"),
        (
            "Array(Tuple(role Enum8('user' = 1, 'a)b' = 2), content String))",
            "Array(Tuple(role String, content String))",
        ),
        ("Array(Tuple(JSON String, Date Date))", "Array(Tuple(JSON String, Date String))"),
        ("LowCardinality(Nullable(FixedString(16)))", "LowCardinality(Nullable(String))"),
        ("Nullable(JSON(max_dynamic_paths=8))", "Nullable(String)"),
        ("Map(UUID, IPv4)", "Map(String, String)"),
        ("Variant(String, UInt8)", "Nullable(String)"),
        ("Nullable(Decimal(18, 4))", "Nullable(Float64)"),
    ],
)
def test_types_that_arrow_would_lose_are_cast_by_the_server(kind: str, cast: str) -> None:
    assert plain(kind) == cast


def test_rows_that_arrive_between_the_readings_are_in_neither(clickhouse: ClickHouseServer, filled: Filled) -> None:
    name = filled(3000)
    source = source_of(clickhouse.address(f"logs/{name}"))
    add(clickhouse, name, 5, mark="newer", every=86_400)  # after it was counted; one of them is old
    first = rows_of(source)
    add(clickhouse, name, 2000, mark="late")  # in the midst of what was read
    assert rows_of(source) == first
    assert {row["request_id"] for row in first} >= {f"r{number}" for number in range(3000)}
    assert len(first) <= 3001


def test_rows_that_were_deleted_between_the_readings_are_an_error(clickhouse: ClickHouseServer, filled: Filled) -> None:
    name = filled(1000)
    table = table_of(clickhouse, name)
    assert ids(table).total() == 1000
    clickhouse.run(f"DELETE FROM logs.{name} WHERE account_id = 'acct-1'")  # noqa: S608
    with pytest.raises(InputError, match=r"^.*143 rows were deleted from the table while it was read\."):
        ids(table)


def test_a_stream_that_breaks_is_read_again_and_nothing_counts_twice(
    clickhouse: ClickHouseServer, filled: Filled
) -> None:
    name = filled(140_000)
    clickhouse.run(f"INSERT INTO logs.{name} SELECT * FROM logs.{name} WHERE account_id = 'acct-3'")  # noqa: S608 - logged twice
    table = table_of(clickhouse, name, waits=(0, 0), slice_rows=50_000)
    clickhouse.plan(None, 1_000_000, 300_000, None, 100, None)
    once = ids(table)
    assert once.total() == 160_000
    assert Counter(once.values()) == {1: 120_000, 2: 20_000}
    clickhouse.plan(500_000, None, 500_000, 100_000, None)
    assert ids(table) == once


def test_a_server_that_goes_away_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "open sesame")
    server = started(tmp_path)
    try:
        server.run(
            "CREATE DATABASE logs",
            "CREATE TABLE logs.r ENGINE = MergeTree ORDER BY time AS SELECT toString(number) AS request_id, "
            "toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + number AS time, 'a' AS account_id FROM numbers(2000000)",
        )
        table = table_of(server, "r", waits=(0,))
        reading = table.batches(WANTED)
        next(reading)
        stop(server)
        with pytest.raises(InputError, match=r"The stream broke 2 times \(The server cannot be reached.*run it again"):
            list(reading)
    finally:
        stop(server)


def test_until_is_pushed_down(clickhouse: ClickHouseServer, filled: Filled) -> None:
    name = filled(7200)
    until = datetime(2026, 3, 1, 1, tzinfo=UTC)
    rows = rows_of(source_of(clickhouse.address(f"logs/{name}"), until=until))
    assert len(rows) == 3600
    assert max(row["time"] for row in rows) < until


def test_only_the_columns_that_are_wanted_are_asked_for(clickhouse: ClickHouseServer, filled: Filled) -> None:
    name = filled(10)
    rows_of(source_of(clickhouse.address(f"logs/{name}"), columns=("request_id", "usage_output_tokens")))
    asked = [line for line in clickhouse.asked if name in line and "identity" in line]
    assert len(asked) == 1
    assert "usage_output_tokens" in asked[0]
    assert "input_messages" not in asked[0]


def test_rows_without_a_time_and_from_impossible_times_are_left_out_by_name(clickhouse: ClickHouseServer) -> None:
    clickhouse.run(
        "CREATE OR REPLACE TABLE logs.times (request_id String, time Nullable(DateTime64(3, 'UTC')), account_id String)"
        " ENGINE = MergeTree ORDER BY request_id",
        "INSERT INTO logs.times VALUES ('a', '2026-03-01 00:00:00', 'x'), ('b', NULL, 'x'), "
        "('c', '1903-05-06 07:08:09', 'x'), ('d', '2290-01-01 00:00:00', 'x'), ('e', '2026-03-01 00:00:00', '')",
    )
    rejects = Rejects()
    source = open_requests([clickhouse.address("logs/times")], rejects=rejects, key=KEY)
    for _ in range(2):
        assert [row["request_id"] for row in rows_of(source)] == ["a"]
    assert rejects.counts_by_reason == {
        "time out of range": 2,
        "missing field: account_id": 1,
        "missing field: time": 1,
    }


def test_a_query_from_a_file_and_a_mapping(clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    clickhouse.run(
        "CREATE OR REPLACE TABLE logs.own (id UInt64, at DateTime, who String, body JSON, noise String) "
        "ENGINE = MergeTree ORDER BY id",
        """INSERT INTO logs.own SELECT number, toDateTime('2026-03-01 00:00:00', 'UTC') + number, 'acct',
            '{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}', 'n'
            FROM numbers(100)""",
    )
    query, mapping = tmp_path / "requests.sql", tmp_path / "own.toml"
    query.write_text("SELECT * FROM own WHERE id % 2 = 0 -- half of them\n;\n")
    mapping.write_text(
        '[columns]\nrequest_id = "id"\ntime = "at"\naccount_id = "who"\ninput_messages = "body.messages"\n'
    )
    until = datetime(2026, 3, 1, 0, 0, 50, tzinfo=UTC)
    rows = rows_of(source_of(clickhouse.address(f"logs?query={query}"), mapping=mapping, until=until))
    assert sorted(int(row["request_id"]) for row in rows) == list(range(0, 50, 2))
    assert rows[0]["system_instructions"] == "Be brief."
    assert rows[0]["input_messages"] == [{"role": "user", "content": "Hi"}]
    assert "noise" not in clickhouse.asked[-1]


def test_a_table_whose_time_is_a_text_is_one_slice(clickhouse: ClickHouseServer) -> None:
    clickhouse.run(
        "CREATE OR REPLACE TABLE logs.texts ENGINE = MergeTree ORDER BY request_id AS SELECT toString(number) AS "
        "request_id, '2026-03-01T00:00:00Z' AS time, 'a' AS account_id, 'm' AS request_model FROM numbers(1000)"
    )
    source = source_of(clickhouse.address("logs/texts"))
    first = rows_of(source)
    assert len(first) == 1000
    assert rows_of(source) == first


def test_an_empty_table_is_an_empty_log(clickhouse: ClickHouseServer, filled: Filled) -> None:
    with pytest.raises(InputError, match="The log is empty"):
        source_of(clickhouse.address(f"logs/{filled(0)}"))


@pytest.mark.parametrize(
    ("rest", "user", "told"),
    [
        ("logs/nowhere", "scanner", "There is no such table"),
        ("nowhere/requests", "scanner", "There is no such database"),
        ("logs/lacking", "scanner", r"The table has no column account_id\. .*--mapping"),
        ("logs/strange", "scanner", "in no format that stillwatch knows"),
        ("logs/nowhere", "nobody", r"does not accept this user and password\. .*CLICKHOUSE_PASSWORD"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(clickhouse: ClickHouseServer, rest: str, user: str, told: str) -> None:
    clickhouse.run(
        "CREATE OR REPLACE TABLE logs.lacking ENGINE = MergeTree ORDER BY request_id AS "
        "SELECT 'a' AS request_id, now() AS time, 'm' AS request_model",
        "CREATE OR REPLACE TABLE logs.strange ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a",
    )
    with pytest.raises(InputError, match=told) as raised:
        source_of(clickhouse.address(rest, user))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_wrong_query_says_what_is_wrong(clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    query = tmp_path / "q.sql"
    for text, told in (("SELECT nothing FROM own_", "no such table"), ("SELEKT 1", "no valid SELECT")):
        query.write_text(text)
        with pytest.raises(InputError, match=told):
            source_of(clickhouse.address(f"logs?query={query}"))


def test_a_wrong_password_from_a_file(clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    with pytest.raises(InputError, match="does not accept this user and password"):
        source_of(clickhouse.address("logs/x"), password_file=secret)
    secret.write_text("open sesame\n")
    with pytest.raises(InputError, match="no such table"):
        source_of(clickhouse.address("logs/x"), password_file=secret)
    with pytest.raises(ConfigError, match="The password cannot be read"):
        source_of(clickhouse.address("logs/x"), password_file=tmp_path / "none")


def test_a_server_that_is_not_there() -> None:
    pytest.importorskip("clickhouse_connect")
    with pytest.raises(InputError, match="The server cannot be reached"):
        source_of("clickhouse://scanner@127.0.0.1:1/logs/requests")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("clickhouse://a:secret@host/logs/t", "A password in an address"),
        ("clickhouse://a@host/", "names no table"),
        ("clickhouse://a@host/a/b/c", "names no table"),
        ("clickhouse:///logs/t", "names no host"),
        ("clickhouse://a@host:port/logs/t", "no valid port"),
        ("clickhouse://a@host/logs/t?secur=1", "no option 'secur'"),
    ],
)
def test_an_address_that_is_none(address: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as raised:
        Address.parse(address)
    assert "secret" not in str(raised.value)


def test_an_address_says_all_but_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "hidden")
    address = Address.parse("clickhouse://scanner@ch.example/my%20logs/re`quests?secure=1&verify=0")
    assert (address.host, address.port, address.user) == ("ch.example", 8443, "scanner")
    assert (address.database, address.rows) == ("my logs", "`my logs`.`re\\`quests`")
    assert (address.secure, address.verify, address.password) == (True, False, "hidden")
    assert "hidden" not in repr(address)


def test_a_tally_is_a_multiset() -> None:
    def of(*values: int) -> "np.typing.NDArray[np.uint64]":
        return np.array(values, np.uint64)

    tally = Tally(of(7, 7, 3, 2**64 - 1))
    assert tally.take(of(7, 5, 7, 7, 2**64 - 1)).tolist() == [True, False, True, False, True]
    assert tally.left == 1
    assert tally.take(of(9, 3, 3)).tolist() == [False, True, False]
    assert tally.left == 0
    assert Tally(of()).take(of(1)).tolist() == [False]


@pytest.mark.slow
def test_memory_stays_flat(clickhouse: ClickHouseServer, peak: Callable[[str], tuple[int, int]]) -> None:
    clickhouse.run(
        "CREATE OR REPLACE TABLE logs.wide ENGINE = MergeTree ORDER BY time AS SELECT toString(number) AS request_id, "
        "toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + number AS time, 'a' AS account_id, "
        "repeat(concat(toString(cityHash64(number)), ' '), 50) AS output_text FROM numbers(300000)"
    )
    rows, grown = peak(clickhouse.address("logs/wide"))
    assert rows == 600_000
    assert grown < 150_000  # KiB, of 300 MB
