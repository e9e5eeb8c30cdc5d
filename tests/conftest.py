"""What the tests of several layers need: request batches from plain rows, and empty databases.

`spark` is an engine on Spark, started once for each worker of the tests, where there is Java.

`database_url` is the address of an empty database, once in SQLite and once in PostgreSQL. PostgreSQL is started once
for each worker, on a socket in a folder of its own, where initdb and postgres are in PATH or /usr/lib/postgresql; where
they are not, those tests are skipped and say so.

`demonstration` puts what `stillwatch demo` writes into a folder.
"""

import ctypes
import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import settings

from stillwatch.traffic.schema import ACCOUNTS, REQUESTS

settings.register_profile("stillwatch", deadline=None)  # a law holds on a busy machine too
settings.load_profile("stillwatch")

START = datetime(2026, 3, 2, tzinfo=UTC)

DATABASES = ("sqlite", "postgresql")

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


def programs():
    """The folder of PostgreSQL's programs, the newest first; None where there are none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    named = shutil.which("initdb")
    folders = ([Path(named).resolve().parent] if named else []) + installed
    return next((each for each in folders if (each / "postgres").exists() and (each / "initdb").exists()), None)


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG: fast shutdown, even if the tests are killed


@contextmanager
def postgresql(folder):
    """A server on a socket in a new folder; gives the address of its cluster, without a database's name."""
    home = Path(tempfile.mkdtemp(prefix="stillwatch-postgresql-"))
    as_user = {}
    if os.geteuid() == 0:  # postgres refuses to run as root
        names = {each.pw_name for each in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    make = [
        folder / "initdb",
        "-D",
        home / "data",
        "-U",
        "stillwatch",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
    ]
    subprocess.run(make, check=True, capture_output=True, cwd=home, **as_user)
    settings = {"listen_addresses": "", "unix_socket_directories": home, "fsync": "off", "max_connections": 200}
    options = itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in settings.items())
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [folder / "postgres", "-D", home / "data", *options],
            cwd=home,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 — no threads yet
            **as_user,
        )
    try:
        _wait_for(home, server)
        yield f"host={home} user=stillwatch"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(home)


def _wait_for(home, server):
    for _ in range(300):
        try:
            psycopg.connect(f"host={home} user=stillwatch dbname=postgres").close()
        except psycopg.OperationalError:
            assert server.poll() is None, (home / "log").read_text()
            time.sleep(0.05)
        else:
            return
    pytest.fail((home / "log").read_text())


@pytest.fixture(scope="session")
def postgresql_cluster():
    """What psycopg needs to reach the throw-away PostgreSQL, without a database's name."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: initdb and postgres are neither in PATH nor in /usr/lib/postgresql")
    with postgresql(folder) as cluster:
        yield cluster


@pytest.fixture(params=DATABASES)
def database_url(request, tmp_path):
    """The address of an empty database of the test's own, one of each kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "exchange.sqlite")
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{cluster} dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        socket = dict(pair.split("=", 1) for pair in cluster.split())["host"]
        yield f"postgresql://stillwatch@/{name}?host={socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def spark():
    """Spark in this process, with two threads."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: apt-get install openjdk-17-jre-headless")
    from stillwatch.engines.spark import start  # noqa: PLC0415 — few tests need it, and it takes a while

    engine = start("local[2]", {"spark.driver.memory": "1g"})
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory) -> Callable[[Path], None]:
    """Copies what `stillwatch demo` writes, as the command at the beginning of many pages would; made once for all."""
    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = shared / "demonstration"
        if not made.exists():
            command = [sys.executable, "-m", "stillwatch.cli", "demo", "--quiet", "--out", shared / "demonstration.new"]
            subprocess.run(command, check=True, capture_output=True, cwd=shared)
            (shared / "demonstration.new").rename(made)
    return lambda folder: shutil.copytree(made, folder)
