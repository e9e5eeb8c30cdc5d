"""Tables of Delta and Iceberg, written by their own libraries, here and in a store."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.errors import ConfigError, InputError
from stillwatch.traffic import Key, Rejects, RequestSource, open_requests

from .conftest import S3Server

KEY = Key.ephemeral()
START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("request_id", pa.string()),
        ("time", pa.timestamp("us", "UTC")),
        ("account_id", pa.string()),
        ("input_messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("usage_output_tokens", pa.int32()),
        ("noise", pa.string()),
    ]
)


def requests(numbers: range) -> pa.Table:
    rows = [
        {
            "request_id": f"r{number}",
            "time": START + timedelta(seconds=number),
            "account_id": f"a{number % 3}",
            "input_messages": [{"role": "user", "content": f"What is {number}? ≈"}],
            "usage_output_tokens": number,
            "noise": "n" * 50,
        }
        for number in numbers
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def source_of(name: str, **options: Any) -> RequestSource:
    return open_requests([name], rejects=Rejects(), key=KEY, **options)


def ids(source: RequestSource) -> list[str]:
    table = pa.Table.from_batches([decode() for decode in source.batches()], schema=source.schema)
    assert source.bytes_read == source.bytes_total
    assert source.bytes_total
    return sorted(table["request_id"].to_pylist(), key=lambda name: int(name[1:]))


def named(numbers: range) -> list[str]:
    return [f"r{number}" for number in numbers]


class DeltaWriter:
    """Writes by deltalake."""

    def __init__(self, folder: str) -> None:
        self.deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed (extra delta)")
        self.name = f"{folder}/delta"

    def write(self, table: pa.Table) -> None:
        self.deltalake.write_deltalake(self.name, table, mode="append")

    def delete(self, account: str) -> None:
        self.deltalake.DeltaTable(self.name).delete(f"account_id = '{account}'")


class IcebergWriter:
    """Writes by pyiceberg, with a catalog in a SQLite file."""

    def __init__(self, folder: str, catalog: Path) -> None:
        pytest.importorskip("pyiceberg", reason="pyiceberg is not installed (extra iceberg)")
        from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415 - may be absent

        self.options = {"uri": f"sqlite:///{catalog}/catalog.sqlite", "warehouse": folder}
        if folder.startswith("s3://"):
            self.options["s3.endpoint"] = os.environ["AWS_ENDPOINT_URL"]
        self.catalog = SqlCatalog("logs", **self.options)
        self.catalog.create_namespace("prod")
        self.name = f"{folder}/prod/requests"

    def write(self, table: pa.Table) -> None:
        self.catalog.create_table_if_not_exists("prod.requests", table.schema, location=self.name).append(table)

    def delete(self, account: str) -> None:
        self.catalog.load_table("prod.requests").delete(f"account_id = '{account}'")


Writer = DeltaWriter | IcebergWriter


@pytest.fixture(params=["delta", "iceberg"])
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Writer:
    lake = tmp_path / "lake"
    lake.mkdir()
    return DeltaWriter(str(lake)) if request.param == "delta" else IcebergWriter(str(lake), tmp_path)


def test_a_table_is_read_and_not_the_files_in_its_folder(writer: Writer) -> None:
    writer.write(requests(range(300)))
    writer.write(requests(range(300, 600)))
    writer.delete("a1")  # rewrites files; the old ones stay in the folder
    source = source_of(writer.name)
    kept = [name for name in named(range(600)) if int(name[1:]) % 3 != 1]
    assert ids(source) == kept
    (row,) = [row for decode in source.batches() for row in decode().to_pylist() if row["request_id"] == "r42"]
    assert (row["time"], row["usage_output_tokens"]) == (START + timedelta(seconds=42), 42)
    assert row["input_messages"] == [{"role": "user", "content": "What is 42? ≈"}]


def test_both_readings_are_of_one_snapshot(writer: Writer) -> None:
    writer.write(requests(range(300)))
    source = source_of(writer.name)
    assert ids(source) == named(range(300))
    writer.write(requests(range(300, 400)))
    writer.delete("a1")
    assert ids(source) == named(range(300))
    assert len(ids(source_of(writer.name))) == 267


def test_some_accounts_alone_and_rejects_of_everybody(writer: Writer) -> None:
    rows = [
        row | ({"time": None} if row["request_id"] in ("r6", "r7") else {}) for row in requests(range(90)).to_pylist()
    ]
    writer.write(pa.Table.from_pylist(rows, SCHEMA))
    source = source_of(writer.name)
    some = [row["request_id"] for decode in source.batches(pa.array(["a1"])) for row in decode().to_pylist()]
    assert sorted(some) == sorted(name for name in named(range(90)) if int(name[1:]) % 3 == 1 and name != "r7")
    assert source.rejects.count == 0, "places are those of a reading of everybody"
    assert ids(source) == [name for name in named(range(90)) if name not in ("r6", "r7")]
    list(source.batches(pa.array(["a1"])))
    assert source.rejects.counts_by_reason == {"missing field: time": 2}


def test_until_is_pushed_down(writer: Writer) -> None:
    writer.write(requests(range(100)))
    writer.write(requests(range(100, 200)))
    source = source_of(writer.name, until=START + timedelta(seconds=30))
    assert ids(source) == named(range(30))


def test_a_mapping(writer: Writer, tmp_path: Path) -> None:
    columns = ["id", "at", "who", "prompt", "tokens", "noise"]
    writer.write(requests(range(50)).rename_columns(columns))
    mapping = tmp_path / "own.toml"
    mapping.write_text('[columns]\nrequest_id = "id"\ntime = "at"\naccount_id = "who"\ninput_messages = "prompt"\n')
    source = source_of(writer.name, mapping=mapping, until=START + timedelta(seconds=10))
    assert ids(source) == named(range(10))


def test_a_table_without_the_columns(writer: Writer) -> None:
    writer.write(requests(range(5)).drop_columns(["account_id"]))
    with pytest.raises(InputError, match=r"The table has no column account_id\. .*--mapping"):
        source_of(writer.name)


def test_an_empty_table(writer: Writer) -> None:
    writer.write(requests(range(0)))
    with pytest.raises(InputError, match="The log is empty"):
        source_of(writer.name)


def test_files_that_are_gone_are_told_in_one_line(writer: Writer) -> None:
    writer.write(requests(range(50)))
    source = source_of(writer.name)
    for file in Path(writer.name).rglob("*.parquet"):
        file.unlink()
    with pytest.raises(InputError, match=r"table cannot be read \(") as raised:
        ids(source)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 600


def test_a_damaged_log_of_the_table(writer: Writer) -> None:
    writer.write(requests(range(5)))
    for file in Path(writer.name).rglob("*.json"):
        file.write_text("{")
    with pytest.raises(InputError, match=r"table cannot be read \("):
        source_of(writer.name)


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_table_in_a_store(s3: S3Server, kind: str, tmp_path: Path) -> None:
    s3.client.create_bucket(Bucket=f"lake-{kind}")
    folder = f"s3://lake-{kind}/wh"
    writer = DeltaWriter(folder) if kind == "delta" else IcebergWriter(folder, tmp_path)
    writer.write(requests(range(200)))
    writer.delete("a1")
    source = source_of(writer.name)
    first = ids(source)
    assert first == [name for name in named(range(200)) if int(name[1:]) % 3 != 1]
    writer.write(requests(range(200, 210)))
    assert ids(source) == first


def test_a_table_by_its_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peak: Callable[[str], tuple[int, int]]
) -> None:
    writer = IcebergWriter(str(tmp_path), tmp_path)
    writer.write(requests(range(20)))
    for name, value in writer.options.items():  # pyiceberg reads the environment once, when it is imported
        monkeypatch.setenv(f"PYICEBERG_CATALOG__LOGS__{name.upper()}", value)
    rows, _ = peak("iceberg://logs/prod.requests")
    assert rows == 40


@pytest.mark.parametrize("name", ["iceberg://prod", "iceberg:///a.b", "iceberg://prod/table"])
def test_an_address_that_names_no_table(name: str) -> None:
    with pytest.raises(ConfigError, match="names no table in a catalog"):
        source_of(name)


def test_a_catalog_that_is_none() -> None:
    pytest.importorskip("pyiceberg", reason="pyiceberg is not installed (extra iceberg)")
    with pytest.raises(InputError, match=r"The Iceberg table cannot be read \(.*\)\. Check the catalog"):
        source_of("iceberg://nowhere/logs.requests")


@pytest.mark.slow
def test_memory_of_many_files(writer: Writer, peak: Callable[[str], tuple[int, int]]) -> None:
    """Rows come in batches, not as a table."""
    table = requests(range(20_000))
    texts = pa.array(["".join(f"{n * k:x}" for k in range(250)) for n in range(len(table))])
    wide = table.drop_columns(["noise"]).append_column("output_text", texts)
    for _ in range(10):
        writer.write(wide)
    rows, grown = peak(writer.name)
    assert rows == 400_000
    assert grown < wide.nbytes * 10 / 2 / 1024  # of 10 files
