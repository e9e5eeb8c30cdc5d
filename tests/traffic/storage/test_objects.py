"""Logs in an object store, against a server that speaks S3: every kind of file, memory, and what can go wrong."""

import gzip
import json
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import ConfigError, InputError
from stillwatch.traffic import Key, Rejects, open_requests
from stillwatch.traffic.paths import expand
from stillwatch.traffic.storage import objects

from .conftest import S3Server

KEY = Key.ephemeral()


def record(number: int) -> dict[str, Any]:
    return {
        "request_id": f"r{number}",
        "time": f"2026-03-01T00:00:{number % 60:02}Z",
        "account_id": f"a{number % 3}",
        "input_messages": [{"role": "user", "content": f"What is {number}? ≈"}],
    }


def lines(numbers: Iterable[int]) -> bytes:
    return b"".join(json.dumps(record(number)).encode() + b"\n" for number in numbers)


@pytest.fixture
def bucket(s3: S3Server, request: pytest.FixtureRequest) -> str:
    name = f"b{abs(hash(request.node.name))}"
    s3.client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder of logs in four shapes, and what is no log."""
    folder = tmp_path / "logs"
    (folder / "2026/_temporary").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(lines(range(100)))
    (folder / "2026/b.jsonl.gz").write_bytes(gzip.compress(lines(range(100, 200))))
    pq.write_table(pa.Table.from_pylist([record(n) for n in range(200, 300)]), folder / "2026/c.parquet")
    (folder / "d.json").write_text(json.dumps([record(n) for n in range(300, 400)]))
    (folder / "2026/_temporary/e.jsonl").write_bytes(b"{")
    (folder / "notes.txt").write_text("nothing")
    return folder


def read(*names: str) -> tuple[list[dict[str, Any]], Rejects]:
    rejects = Rejects()
    source = open_requests(names, rejects=rejects, key=KEY)
    table = pa.Table.from_batches([decode() for decode in source.batches()], schema=source.schema)
    assert source.bytes_read == source.bytes_total
    return table.to_pylist(), rejects


def test_a_folder_is_read_as_the_same_folder_here(s3: S3Server, bucket: str, logs: Path) -> None:
    s3.put(bucket, logs)
    rows, rejects = read(f"s3://{bucket}/")
    assert sorted(row["request_id"] for row in rows) == sorted(f"r{n}" for n in range(400))
    assert rows == read(str(logs))[0]
    assert rejects.count == 0


def test_a_file_and_a_folder_that_holds_it_are_one(s3: S3Server, bucket: str, logs: Path) -> None:
    s3.put(bucket, logs)
    assert len(read(f"s3://{bucket}/a.jsonl", f"s3://{bucket}")[0]) == 400
    assert expand([f"s3://{bucket}/2026"]) == (f"s3://{bucket}/2026/b.jsonl.gz", f"s3://{bucket}/2026/c.parquet")


def test_options_of_an_address_go_to_every_file(s3: S3Server, bucket: str, logs: Path, monkeypatch: Any) -> None:
    s3.put(bucket, logs)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    endpoint = s3.url.removeprefix("http://").replace(":", "%3A")
    address = f"s3://{bucket}/2026?endpoint_override={endpoint}&scheme=http&region=us-east-1"
    assert len(read(address)[0]) == 200


def test_a_broken_line_is_left_out_and_the_file_named(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines([1]) + b"{broken\n" + lines([2]))
    s3.put(bucket, tmp_path)
    rows, rejects = read(f"s3://{bucket}/x.jsonl")
    assert len(rows) == 2
    assert list(rejects) == [(f"s3://{bucket}/x.jsonl", 2, "bad JSON")]


def test_a_file_that_is_cut_off_is_told(s3: S3Server, bucket: str, logs: Path) -> None:
    content = (logs / "2026/c.parquet").read_bytes()
    s3.client.put_object(Bucket=bucket, Key="c.parquet", Body=content[:-20])
    with pytest.raises(InputError, match="corrupt or cut off"):
        read(f"s3://{bucket}/c.parquet")
    packed = gzip.compress(lines(range(5000)))
    s3.client.put_object(Bucket=bucket, Key="d.jsonl.gz", Body=packed[: len(packed) // 2])
    rows, rejects = read(f"s3://{bucket}/d.jsonl.gz")
    assert 0 < len(rows) < 5000
    assert list(rejects.counts_by_reason) == ["compressed data ends early or is damaged"]


def test_a_store_that_goes_away_is_no_damaged_file(s3: S3Server, bucket: str) -> None:
    """What was packed and is cut off by the network must not pass for a log that ends early."""
    s3.client.put_object(Bucket=bucket, Key="d.jsonl.gz", Body=gzip.compress(lines(range(5000)), 0))
    source = open_requests([f"s3://{bucket}/d.jsonl.gz"], rejects=Rejects(), key=KEY)
    s3.client.delete_object(Bucket=bucket, Key="d.jsonl.gz")
    with pytest.raises(InputError):
        list(source.batches())


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://no-such-bucket-here/logs", "There is no such bucket"),
        ("s3://{bucket}/nothing", "There is no such file"),
        ("s3://{bucket}/nothing.jsonl", "There is no such file"),
        ("s3://{bucket}", "holds no logs|There is no such file"),
    ],
)
def test_what_is_not_there(s3: S3Server, bucket: str, address: str, told: str) -> None:
    s3.client.put_object(Bucket=bucket, Key="notes.txt", Body=b"no log")
    with pytest.raises(InputError, match=told) as raised:
        read(address.format(bucket=bucket))
    assert "\n" not in str(raised.value)


def test_who_may_not_read_is_told_so(s3: S3Server, bucket: str) -> None:
    def check(count: str) -> None:  # after so many requests, moto checks who asks
        asked = urllib.request.Request(  # noqa: S310
            f"{s3.url}/moto-api/reset-auth", data=count.encode(), headers={"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(asked).read()  # noqa: S310

    objects.forget()
    check("0")
    try:
        with pytest.raises(InputError, match=r"does not accept these credentials|denies access"):
            read(f"s3://{bucket}/logs")
    finally:
        check("1000000")


@pytest.mark.slow  # the client tries for some seconds
@pytest.mark.usefixtures("s3")
def test_a_store_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    objects.forget()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(InputError, match=r"The store cannot be reached\. Check the network"):
        read("s3://elsewhere/logs")
    objects.forget()


def test_credentials_in_an_address_are_refused() -> None:
    with pytest.raises(ConfigError, match="Credentials in an address") as raised:
        read("s3://AKIA:secret@bucket/logs")
    assert "secret" not in str(raised.value)


def test_a_scheme_that_is_none() -> None:
    with pytest.raises(InputError, match="reads no logs from there"):
        read("ftp://host/logs")
