import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.traffic import Key, Rejects, read_accounts
from stillwatch.traffic.schema import ACCOUNTS

ROWS = [
    {
        "account_id": "a1",
        "created": "2026-01-02T03:04:05Z",
        "plan": "pro",
        "payment_fingerprint": "pm_9",
        "signup_address": "203.0.113.9",
    },
    {
        "account_id": "a2",
        "created": None,
        "plan": "free",
        "email_domain": "Someone@Example.org",
        "signup_address": "2001:db8::7",
    },
]


def write(path: Path, rows: list[dict]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in ACCOUNTS.names])), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as out:
            writer = csv.DictWriter(out, ACCOUNTS.names)
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", ["accounts.parquet", "accounts.csv", "accounts.jsonl"])
def test_every_shape_of_the_table_reads_the_same(tmp_path: Path, key: Key, name: str):
    table = read_accounts(write(tmp_path / name, ROWS), key=key, rejects=Rejects())
    assert table.schema.equals(ACCOUNTS)
    one, two = table.to_pylist()
    assert one["created"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert one["payment_fingerprint"] == key.token("pay", "pm_9")
    assert two["email_domain"] == key.token("mail", "example.org")
    assert two["signup_address"] == key.token("addr", "2001:db8:0::7")
    assert (one["plan"], two["created"], one["email_domain"]) == ("pro", None, None)


def test_broken_accounts_are_named(tmp_path: Path, key: Key):
    rows = [
        *ROWS,
        {"plan": "pro"},
        {"account_id": "a4", "created": "soon"},
        {"account_id": "a5", "created": "1970-01-01"},
    ]
    rejects = Rejects()
    assert read_accounts(write(tmp_path / "accounts.jsonl", rows), key=key, rejects=rejects).num_rows == 2
    assert rejects.counts_by_reason == {
        "missing field: account_id": 1,
        "time out of range": 1,
        "wrong type: created": 1,
    }


@pytest.mark.parametrize(("content", "what"), [("", "empty"), ('{"user": 1}\n', "no column account_id")])
def test_what_is_no_accounts_table(tmp_path: Path, key: Key, content: str, what: str):
    (tmp_path / "accounts.jsonl").write_text(content)
    with pytest.raises(InputError, match=what):
        read_accounts(tmp_path / "accounts.jsonl", key=key, rejects=Rejects())
    with pytest.raises(InputError, match="cannot be read"):
        read_accounts(tmp_path / "none.csv", key=key, rejects=Rejects())
