"""An intake for some accounts: the rows that one for everybody gives of them, and nothing done for the others."""

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.traffic import Key, Rejects, RequestSource, open_requests
from stillwatch.traffic.schema import REQUESTS

from .conftest import request

MEMBERS = pa.array(["12", "acct-1", "acct-4", "not in the log"])
COLUMNS = ("request_id", "time", "account_id", "input_messages", "request_temperature", "client_address")
MAPPING = (
    '[columns]\nrequest_id = "id"\ntime = "at"\naccount_id = "who"\ninput_messages = "ask"\nclient_address = "from"\n'
)
THEIRS = {"id": "request_id", "at": "time", "who": "account_id", "from": "client_address"}

RECORDS = [{name: request(n)[name] for name in COLUMNS} for n in range(300)]
#: Of members (rows 1, 4, 8 of the seven accounts in turn), of strangers, and of nobody.
BROKEN: dict[int, dict[str, Any]] = {
    1: {"time": None},
    2: {"time": "1999-01-01T00:00:00Z"},
    8: {"request_temperature": "warm"},
    9: {"request_id": ["x"], "account_id": ["y"]},
    10: {"account_id": None},
    12: {"account_id": 12},
}
WITH_BROKEN = [record | BROKEN.get(n, {}) for n, record in enumerate(RECORDS)]

Shape = Callable[[Path], tuple[Path, dict[str, Any]]]


def table(records: list[dict[str, Any]]) -> pa.Table:
    rows = [r | {"time": datetime.fromisoformat(r["time"]) if r["time"] else None} for r in records]
    return pa.Table.from_pylist(rows, pa.schema([REQUESTS.field(name).with_nullable(True) for name in COLUMNS]))


def lines(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def fast(folder: Path) -> tuple[Path, dict[str, Any]]:
    (folder / "log.jsonl").write_bytes(
        lines([r | ({"time": ""} if n in (1, 2) else {}) for n, r in enumerate(RECORDS)])
    )
    return folder / "log.jsonl", {}


def one_by_one(folder: Path) -> tuple[Path, dict[str, Any]]:
    (folder / "log.jsonl.gz").write_bytes(gzip.compress(lines(WITH_BROKEN) + b"{broken\n"))
    return folder / "log.jsonl.gz", {}


def document(folder: Path) -> tuple[Path, dict[str, Any]]:
    (folder / "log.json").write_text(json.dumps(WITH_BROKEN))
    return folder / "log.json", {}


def mapped(folder: Path) -> tuple[Path, dict[str, Any]]:
    (folder / "map.toml").write_text(MAPPING)
    own = [{name: r[column] for name, column in THEIRS.items()} | {"ask": "Hello"} for r in WITH_BROKEN]
    (folder / "log.jsonl").write_bytes(lines(own))
    return folder / "log.jsonl", {"mapping": folder / "map.toml"}


def cells(folder: Path) -> tuple[Path, dict[str, Any]]:
    with (folder / "log.csv").open("w") as out:
        writer = csv.DictWriter(out, [name for name in COLUMNS if name != "input_messages"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(WITH_BROKEN)
    return folder / "log.csv", {}


def columns(folder: Path) -> tuple[Path, dict[str, Any]]:
    records = [r | ({"time": None} if n in (1, 2) else {}) for n, r in enumerate(RECORDS)]
    pq.write_table(table(records), folder / "log.parquet", row_group_size=90)
    return folder / "log.parquet", {}


def cast(folder: Path) -> tuple[Path, dict[str, Any]]:
    whole = table(RECORDS)
    for name, kind in (("account_id", pa.dictionary(pa.int32(), pa.string())), ("client_address", pa.large_string())):
        whole = whole.set_column(whole.schema.names.index(name), name, whole[name].cast(kind))
    pq.write_table(whole, folder / "log.parquet")
    return folder / "log.parquet", {}


def in_rows(folder: Path) -> tuple[Path, dict[str, Any]]:
    """A stranger's value keeps the batch from being cast; read one by one, no bytes are taken for a text."""
    whole = table(RECORDS)
    warm = pa.array(["warm" if n == 2 else "0.5" for n in range(len(whole))])
    whole = whole.set_column(4, "request_temperature", warm)
    whole = whole.set_column(5, "client_address", pc.if_else(pc.equal(warm, "0.5"), whole[5], None).cast(pa.binary()))
    pq.write_table(whole, folder / "log.parquet")
    return folder / "log.parquet", {}


SHAPES = (fast, one_by_one, document, mapped, cells, columns, cast, in_rows)


def opened(shape: Shape, folder: Path, key: Key) -> RequestSource:
    path, options = shape(folder)
    return open_requests([str(path)], rejects=Rejects(), key=key, columns=COLUMNS, **options)


def read(source: RequestSource, of: pa.StringArray | None = None) -> pa.Table:
    return pa.Table.from_batches([decode() for decode in source.batches(of)], source.schema)


@pytest.mark.parametrize("shape", SHAPES)
def test_some_accounts_have_the_rows_that_they_have_among_everybody(shape: Shape, tmp_path: Path, key: Key):
    source = opened(shape, tmp_path, key)
    everybody = read(source)
    noted = source.rejects.places()
    some = read(source, MEMBERS)
    assert some.equals(everybody.filter(pc.is_in(everybody["account_id"], MEMBERS)))
    assert len(some) > 70 or shape is in_rows
    assert source.rejects.places() == noted, "a row left out counts once, for the reason that it was given"
    assert read(source).equals(everybody)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_noted_of_some_accounts_stands_where_it_did(shape: Shape, tmp_path: Path, key: Key):
    source, alone = (opened(shape, tmp_path, key) for _ in range(2))
    read(source)
    read(alone, MEMBERS)
    everything, own = source.rejects.places(), alone.rejects.places()
    assert own.items() <= everything.items()
    assert (len(own) < len(everything)) is (shape is not cast)


def test_of_a_line_that_is_none_nobody_knows_whose_it_is(tmp_path: Path, key: Key):
    source = opened(one_by_one, tmp_path, key)
    read(source, MEMBERS)
    assert list(source.rejects) == [
        (str(tmp_path / "log.jsonl.gz"), 2, "missing field: time"),
        (str(tmp_path / "log.jsonl.gz"), 9, "wrong type: request_temperature"),
        (str(tmp_path / "log.jsonl.gz"), 301, "bad JSON"),
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_token_is_made_of_a_stranger(shape: Shape, tmp_path: Path):
    key = Key.ephemeral()
    some = read(opened(shape, tmp_path, key), MEMBERS)
    assert set(key._tokens.values()) == set(some["client_address"].drop_null().to_pylist())  # noqa: SLF001


def test_nobody_has_no_rows(tmp_path: Path, key: Key):
    assert read(opened(columns, tmp_path, key), pa.array([], pa.string())).num_rows == 0


def test_standard_input_is_kept_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: Key):
    path, _ = one_by_one(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(path.read_bytes()))))
    source = open_requests(["-"], rejects=Rejects(), key=key, columns=COLUMNS)
    assert source.rejects.count == 6
    some, everybody = read(source, MEMBERS), read(source)
    assert some.equals(everybody.filter(pc.is_in(everybody["account_id"], MEMBERS)))
    assert len(some) > 70
    assert source.rejects.count == 6
