"""Small logs in every shape, and one way to read them."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.traffic import Key, Rejects, open_requests


def request(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A row of the native schema, as JSON has it."""
    return {
        "request_id": f"req-{number}",
        "time": f"2026-03-01T12:{number // 60 % 60:02}:{number % 60:02}.250000Z",
        "account_id": f"acct-{number % 7}",
        "organization_id": None,
        "request_model": "small",
        "system_instructions": "Be brief.",
        "input_messages": [{"role": "user", "content": f"What is {number} in Roman numerals? ≈"}],
        "request_temperature": 0.5,
        "usage_input_tokens": number,
        "response_status": 200,
        "client_address": f"203.0.113.{number % 250}",
    } | changes


@dataclass
class Reading:
    """What came of a log."""

    table: pa.Table
    rejects: Rejects

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.table.to_pylist()

    @property
    def only(self) -> dict[str, Any]:
        assert self.table.num_rows == 1, self.rejects.counts_by_reason
        return self.rows[0]


Read = Callable[..., Reading]


@pytest.fixture(scope="session")
def key() -> Key:
    return Key.ephemeral()


@pytest.fixture
def read(key: Key) -> Read:
    def read(*paths: str | Path, **options: Any) -> Reading:
        rejects = Rejects()
        source = open_requests([str(path) for path in paths], rejects=rejects, key=key, **options)
        table = pa.Table.from_batches([decode() for decode in source.batches()], schema=source.schema)
        assert source.bytes_total is None or source.bytes_read == source.bytes_total
        return Reading(table, rejects)

    return read


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Path]:
    """Write records as JSON lines; a record may be raw bytes."""

    def write(records: Iterable[object], name: str = "log.jsonl") -> Path:
        lines = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
        path = tmp_path / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return write


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]
