import contextlib
import gzip
import io
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, InputError, StillwatchError
from stillwatch.traffic import Key, Rejects, open_requests, read_accounts
from stillwatch.traffic.schema import REQUESTS

from .conftest import Read, request

LINES = "".join(json.dumps(request(n)) + "\n" for n in range(500)).encode()


def ids(reading) -> list[str]:
    return [row["request_id"] for row in reading.rows]


def test_one_log_in_every_shape(tmp_path: Path, read: Read):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(LINES))
    (tmp_path / "c.jsonl.zst").write_bytes(pa.Codec("zstd").compress(LINES, asbytes=True))
    (tmp_path / "d.json").write_text(json.dumps([json.loads(line) for line in LINES.splitlines()]))
    plain = read(tmp_path / "a.jsonl")
    pq.write_table(plain.table.drop(["client_address"]), tmp_path / "e.parquet")
    (tmp_path / "f.gz").write_bytes(gzip.compress((tmp_path / "e.parquet").read_bytes()))
    for name in ("b.jsonl.gz", "c.jsonl.zst", "d.json"):
        assert read(tmp_path / name).table.equals(plain.table), name
    for name in ("e.parquet", "f.gz"):
        assert read(tmp_path / name).table.drop(["client_address"]).equals(plain.table.drop(["client_address"])), name
    assert read(tmp_path).table.num_rows == 2500


def test_reading_twice_and_on_threads_is_the_same(tmp_path: Path, key: Key):
    (tmp_path / "a.jsonl").write_bytes(LINES + b"{broken\n" + LINES)
    rejects = Rejects()
    source = open_requests([str(tmp_path)], rejects=rejects, key=key)
    serial = pa.Table.from_batches([decode() for decode in source.batches()])
    with ThreadPoolExecutor(4) as pool:
        parallel = pa.Table.from_batches(list(pool.map(lambda decode: decode(), source.batches())))
    assert serial.equals(parallel)
    assert (serial.schema, rejects.count) == (REQUESTS, 1)


def test_the_rest_of_a_cut_off_file_is_one_reject(tmp_path: Path, read: Read):
    whole = gzip.compress(LINES)
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) * 3 // 4])
    reading = read(tmp_path / "a.jsonl.gz")
    assert ids(reading) == [f"req-{n}" for n in range(len(reading.rows))]
    assert 200 < len(reading.rows) < 500
    assert reading.rejects.counts_by_reason == {"compressed data ends early or is damaged": 1}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_kept_without_raw_identifiers(tmp_path: Path, monkeypatch, key: Key, pack):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(pack(LINES)))))
    source = open_requests(["-"], rejects=Rejects(), key=key)
    assert source.bytes_total is None
    assert list(tmp_path.iterdir()) == []  # no name
    first, second = (pa.Table.from_batches([decode() for decode in source.batches()]) for _ in range(2))
    assert first.equals(second)
    assert first["request_id"].to_pylist() == [f"req-{n}" for n in range(500)]
    (spool,) = source._logs  # noqa: SLF001
    spool.kept.seek(0)
    assert b"203.0.113" not in spool.kept.read()


def test_a_table_by_standard_input(tmp_path: Path, monkeypatch, read: Read):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    expected = read(tmp_path / "a.jsonl").table.drop(["client_address"])
    pq.write_table(expected, tmp_path / "a.parquet")
    with io.TextIOWrapper((tmp_path / "a.parquet").open("rb")) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert read("-").table.drop(["client_address"]).equals(expected)


def test_raw_identifiers_are_nowhere(tmp_path: Path, key: Key, capfd):
    secrets = ["198.51.100.77", "2001:db8::abcd", "pm_secret", "hidden.example"]
    records = [
        request(0, client_address=secrets[0]),
        request(1, client_address=f"[{secrets[1]}]:1"),
        request(2, client_address=[secrets[0]]),
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, records)) + f"\n{secrets[0]} oops")
    account = {
        "account_id": "a",
        "signup_address": secrets[0],
        "payment_fingerprint": secrets[2],
        "email_domain": secrets[3],
    }
    (tmp_path / "accounts.jsonl").write_text(
        json.dumps(account) + "\n" + json.dumps(account | {"account_id": [secrets[0]]})
    )
    rejects = Rejects()
    source = open_requests([str(tmp_path / "log.jsonl")], rejects=rejects, key=key)
    requests = pa.Table.from_batches([decode() for decode in source.batches()])
    accounts = read_accounts(str(tmp_path / "accounts.jsonl"), key=key, rejects=rejects)
    rejects.write(tmp_path / "out")
    seen = (
        str(requests.to_pylist())
        + str(accounts.to_pylist())
        + (tmp_path / "out").read_text()
        + "".join(capfd.readouterr())
    )
    assert rejects.count == 3
    assert not [secret for secret in secrets if secret in seen]
    assert accounts["signup_address"][0] == requests["client_address"][0]


def test_an_accounts_table_in_the_folder_is_no_log(tmp_path: Path, read: Read):
    (tmp_path / "log.jsonl").write_bytes(LINES)
    (tmp_path / "accounts.jsonl").write_text(json.dumps({"account_id": "a", "created": "2026-01-01", "plan": "pro"}))
    assert len(read(tmp_path).rows) == 500
    with pytest.raises(InputError, match="--accounts"):
        read(tmp_path / "accounts.jsonl")


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"[]", b"a,b\n"])
def test_an_empty_log_is_an_error(tmp_path: Path, read: Read, content: bytes):
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(InputError, match="empty"):
        read(tmp_path / "log")


def test_an_empty_file_among_others_is_nothing(tmp_path: Path, read: Read):
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.jsonl").write_bytes(LINES)
    assert len(read(tmp_path).rows) == 500


@pytest.mark.parametrize(
    "content", [b"\x00\x01garbage\xff" * 99, b"hello\nworld\n", b"[1, 2", b'{"a": 1}\n', b"PAR1 no", b"\x1f\x8bno"]
)
def test_what_is_no_log_is_one_line(tmp_path: Path, read: Read, content: bytes):
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(InputError) as error:
        read(tmp_path / "log")
    assert str(error.value).startswith(str(tmp_path / "log"))
    assert "\n" not in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path, read: Read):
    (tmp_path / "log.jsonl").write_bytes(LINES)
    (tmp_path / "log.jsonl").chmod(0)
    with pytest.raises(InputError, match="Permission"):
        read(tmp_path / "log.jsonl")


def test_a_format_can_be_forced(tmp_path: Path, read: Read):
    (tmp_path / "log.jsonl").write_bytes(b"{broken\n" * 300)
    assert read(tmp_path / "log.jsonl", format="native").rejects.counts_by_reason == {"bad JSON": 300}
    with pytest.raises(ConfigError, match="no format 'nativ'"):
        read(tmp_path / "log.jsonl", format="nativ")


def test_a_log_whose_first_rows_are_broken_is_recognised(tmp_path: Path, read: Read):
    (tmp_path / "log.jsonl").write_bytes(b"{broken\n[]\n" * 50 + LINES)
    assert len(read(tmp_path / "log.jsonl").rows) == 500


def test_a_log_that_starts_with_an_endless_line_is_recognised(tmp_path: Path, read: Read, monkeypatch):
    monkeypatch.setattr("stillwatch.traffic.jsonl.LINE_LIMIT", 1 << 20)
    (tmp_path / "log.jsonl").write_bytes(b'{"x": "' + b"x" * (20 << 20) + b'"}\n' + LINES)
    reading = read(tmp_path / "log.jsonl")
    assert len(reading.rows) == 500
    assert reading.rejects.counts_by_reason == {"text over the limit": 1}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400) | st.text().map(str.encode) | st.just(LINES[:1000]),
    magic=st.sampled_from([b"", b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"[", b"{", b"a,b\n"]),
    name=st.sampled_from(["log", "log.csv", "log.parquet", "log.jsonl.gz"]),
    form=st.sampled_from([None, "native", "otel", "gateway", "litellm", "spendlogs", "langfuse"]),
)
def test_any_bytes_are_read_rejected_or_refused(tmp_path: Path, key: Key, *, content, magic, name, form):
    (tmp_path / name).write_bytes(magic + content)
    rejects = Rejects()
    with contextlib.suppress(StillwatchError):
        for decode in open_requests([str(tmp_path / name)], rejects=rejects, key=key, format=form).batches():
            decode().validate(full=True)
