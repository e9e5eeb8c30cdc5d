"""What the tests of several layers need: request batches from plain rows."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.traffic.schema import ACCOUNTS, REQUESTS

START = datetime(2026, 3, 2, tzinfo=UTC)

Rows = Iterable[dict[str, Any]]


@pytest.fixture(scope="session")
def batch_of() -> Callable[[Rows], pa.RecordBatch]:
    """Request batches in the schema; what a row leaves out gets a plain value.

    `hour` is the time in hours since START, `ask` the only message, by the user.
    """

    def complete(number: int, row: dict[str, Any]) -> dict[str, Any]:
        full = {
            "request_id": f"r{number}",
            "account_id": "a",
            "hour": number,
            "ask": "Hello",
            "response_status": 200,
        } | row
        full.setdefault("time", START + timedelta(hours=full.pop("hour")))
        ask = full.pop("ask")
        full.setdefault("input_messages", [{"role": "user", "content": ask}])
        full.pop("hour", None)
        return full

    def make(rows: Rows) -> pa.RecordBatch:
        return pa.RecordBatch.from_pylist([complete(n, row) for n, row in enumerate(rows)], schema=REQUESTS)

    return make


@pytest.fixture(scope="session")
def accounts_of() -> Callable[[Rows], pa.Table]:
    """The sign-up desk's table; what a row leaves out is null."""
    return lambda rows: pa.Table.from_pylist(list(rows), schema=ACCOUNTS)
