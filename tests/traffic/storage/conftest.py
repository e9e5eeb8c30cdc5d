"""A ClickHouse engine behind HTTP and a server that speaks S3, started here; skipped where they are not installed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
USER, PASSWORD = "scanner", "open sesame"


@dataclass
class ClickHouseServer:
    """One that runs."""

    port: int
    folder: Path
    process: subprocess.Popen[str]

    def address(self, rest: str, user: str = USER) -> str:
        return f"clickhouse://{user}@127.0.0.1:{self.port}/{rest}"

    def run(self, *statements: str) -> None:
        import clickhouse_connect  # noqa: PLC0415 - may be absent

        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=USER, password=PASSWORD, compress=False
        )
        for statement in statements:
            client.command(statement)
        client.close()

    def plan(self, *breaks: int | None) -> None:
        """After how many bytes each of the next streams breaks; None: not."""
        (self.folder / "breaks").write_text("\n".join("-" if at is None else str(at) for at in breaks))

    @property
    def asked(self) -> list[str]:
        return (self.folder / "queries.sql").read_text().splitlines()


def started(folder: Path) -> ClickHouseServer:
    pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed (extra clickhouse)")
    pytest.importorskip("chdb", reason="chdb, the engine of ClickHouse, is not installed: pip install chdb")
    command = [sys.executable, str(HERE / "clickhouse_server.py"), str(folder), USER, PASSWORD]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    port = int(process.stdout.readline())
    return ClickHouseServer(port, folder, process)


def stop(server: ClickHouseServer) -> None:
    server.process.kill()
    server.process.wait()
    if server.process.stdout:
        server.process.stdout.close()


@pytest.fixture(scope="session")
def _clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    server = started(tmp_path_factory.mktemp("clickhouse"))
    server.run("CREATE DATABASE logs")
    yield server
    stop(server)


@pytest.fixture
def clickhouse(_clickhouse: ClickHouseServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClickHouseServer]:
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", PASSWORD)
    yield _clickhouse
    _clickhouse.plan()


REQUESTS = """CREATE OR REPLACE TABLE logs.{name} (
    request_id String, time DateTime64(6, 'UTC'), account_id LowCardinality(String),
    input_messages Array(Tuple(role LowCardinality(String), content String)), usage_output_tokens Nullable(UInt32)
) ENGINE = MergeTree ORDER BY {order}"""

ROWS = """INSERT INTO logs.{name} SELECT concat('{mark}', toString(number)),
    toDateTime64('2026-03-01 00:00:00', 6, 'UTC') + {every} * number, concat('acct-', toString(number % 7)),
    [('user', concat('What is ', toString(number), '?'))], number
FROM numbers({count})"""


@pytest.fixture
def filled(clickhouse: ClickHouseServer, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Make a table of so many requests, one every so many seconds; gives its name."""

    def fill(count: int, *, every: float = 1, order: str = "time") -> str:
        name = f"t{abs(hash((request.node.name, time.time_ns())))}"
        clickhouse.run(REQUESTS.format(name=name, order=order))
        add(clickhouse, name, count, every=every)
        return name

    return fill


def add(clickhouse: ClickHouseServer, name: str, count: int, *, mark: str = "r", every: float = 1) -> None:
    clickhouse.run(ROWS.format(name=name, count=count, mark=mark, every=every))


@dataclass
class S3Server:
    """One that runs."""

    url: str
    client: Any

    def put(self, bucket: str, folder: Path) -> None:
        """Every file of a folder, under its relative name."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.client.upload_file(str(file), bucket, str(file.relative_to(folder)))


@pytest.fixture(scope="session")
def _s3() -> Iterator[str]:
    moto = pytest.importorskip("moto.server", reason="moto's S3 server is not installed: pip install 'moto[server]'")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(_s3: str, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    import boto3  # noqa: PLC0415 - may be absent

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", _s3)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return S3Server(_s3, boto3.client("s3", endpoint_url=_s3))


READ_TWICE = """
import resource, sys
from stillwatch.traffic import Key, Rejects, open_requests
source = open_requests([sys.argv[1]], rejects=Rejects(), key=Key.ephemeral())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(len(decode()) for _ in range(2) for decode in source.batches())
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture
def peak() -> Callable[[str], tuple[int, int]]:
    """Read a log twice in a process of its own: rows, and KiB by which its memory grew over opening the log."""

    def measure(name: str) -> tuple[int, int]:
        done = subprocess.run([sys.executable, "-c", READ_TWICE, name], capture_output=True, text=True, check=True)
        rows, grown = map(int, done.stdout.split())
        return rows, grown

    return measure
