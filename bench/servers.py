"""TAXII servers, started as their operators start them, each on a free port of this machine.

with exchange("sqlite:////data/forum.sqlite", folder) as server:
    server.connect()                       # http.client
with postgresql() as url: ...        # a throw-away PostgreSQL; None where it is not installed
with medallion(folder) as server: ...      # the peer
"""

import base64
import contextlib
import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import psycopg
from scanning import COMMAND

from stillwatch.cli.demo_exchange import run
from stillwatch.signing import SigningKey

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
SECONDS = 60  # for a server to be ready

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Server:
    """A running server with one collection that its one member reads and writes."""

    name: str
    port: int
    objects: str  # the path of the collection's objects
    authorization: str
    asked: int  # pages of one that are timed
    key: SigningKey | None = None  # the member's; None: the server takes no signatures
    db: str = ""

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def load(self, objects: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Put objects into the collection as a dump, which is quicker than posting them.

        Args:
            objects: with the times at which they are said to have been added, in microseconds, ascending.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for moment, each in objects:
                added = datetime.fromtimestamp(moment / 1e6, UTC).isoformat(timespec="microseconds")[:26] + "Z"
                line = {"kind": "object", "collection": COLLECTION, "date_added": added, "object": each}
                file.write(json.dumps(line) + "\n")
            file.flush()
            run("exchange", "load", file.name, "--db", self.db)


@contextmanager
def exchange(db: str, folder: Path) -> Iterator[Server]:
    """Our server, with one member that signs what it publishes."""
    folder.mkdir(parents=True)
    own, key = folder / "exchange.key", SigningKey.generate()
    key.save(folder / "member.key")
    (folder / "member.pub").write_text(base64.b64encode(key.public).decode() + "\n")
    run("exchange", "init", "--db", db, "--key", str(own))
    run("exchange", "root", "add", "forum", "--title", "forum", "--db", db)
    run("exchange", "collection", "add", "forum", "bench", "--id", COLLECTION, "--db", db)
    rights = ("--read", COLLECTION, "--write", COLLECTION, "--auth", "basic", "--admitted")
    made = json.loads(
        run(
            *("exchange", "member", "add", "ana", *rights),
            *("--public-key", str(folder / "member.pub"), "--db", db, "--json"),
        )
    )
    with serving(db, own, folder) as port:
        name = f"stillwatch, {'PostgreSQL' if db.startswith('postgresql') else 'SQLite'}"
        yield Server(
            name, port, f"/forum/collections/{COLLECTION}/objects/", basic("ana", made["secret"]), 200, key, db
        )


@contextmanager
def serving(db: str, key: Path, folder: Path) -> Iterator[int]:
    """`stillwatch serve exchange`; gives its port."""
    port = free_port()
    command = [COMMAND, "serve", "exchange", "--db", db, "--key", str(key), "--listen", f"127.0.0.1:{port}", "--basic"]
    with (folder / "log").open("wb") as log, running([*command, "--quiet"], log) as process:
        ready(port, process, folder / "log")
        yield port


@contextmanager
def medallion(folder: Path) -> Iterator[Server]:
    """The peer, with its store in memory."""
    folder.mkdir()
    port = free_port()
    collection = {"id": COLLECTION, "title": "bench", "can_read": True, "can_write": True}
    collection |= {"media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": []}
    store = {
        "/discovery": {"title": "peer", "default": f"http://127.0.0.1:{port}/forum/", "api_roots": []},
        "forum": {
            "information": {"title": "forum", "versions": ["application/taxii+json;version=2.1"],
                            "max_content_length": 104857600},
            "status": [],
            "collections": [collection],
        },
    }  # fmt: skip
    (folder / "store.json").write_text(json.dumps(store))
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(folder / "store.json"),
    }
    users = {"users": {"ana": "secret"}, "backend": backend, "taxii": {"max_page_size": 1000}}
    (folder / "config.json").write_text(json.dumps(users))
    program = str(Path(sys.executable).with_name("medallion"))
    command = [program, "--port", str(port), str(folder / "config.json")]
    with (folder / "log").open("wb") as log, running(command, log) as process:
        ready(port, process, folder / "log")
        path = f"/forum/collections/{COLLECTION}/objects/"
        yield Server("medallion 3.0.0, memory", port, path, basic("ana", "secret"), 3)


@contextmanager
def postgresql() -> Iterator[str | None]:
    """A PostgreSQL of its own, as it comes but for the socket; gives the URL of an empty database."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if not installed:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="stillwatch-bench-") as name:
        home, user = Path(name), {}
        if os.geteuid() == 0:  # it refuses to run as root
            account = pwd.getpwnam("nobody")
            os.chown(home, account.pw_uid, account.pw_gid)
            user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        made = [installed[0] / "initdb", "-D", home / "data", "-U", "stillwatch", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*made, "--no-locale"], check=True, capture_output=True, cwd=home, **user)
        settings = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={home}")
        command = [str(installed[0] / "postgres"), "-D", str(home / "data"), *settings]
        with (home / "log").open("wb") as log, running(command, log, signal.SIGINT, cwd=home, **user):
            address = f"host={home} user=stillwatch"
            _created(address)
            yield f"postgresql://stillwatch@/bench?host={home}"


def _created(address: str) -> None:
    end = time.monotonic() + SECONDS
    while True:
        try:
            with psycopg.connect(f"{address} dbname=postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE bench")
                return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def running(
    command: list[str],
    log: IO[bytes],
    end: signal.Signals = signal.SIGTERM,
    **how: Any,  # noqa: ANN401 — of Popen
) -> Iterator[Process]:
    """A process that ends with the block."""
    process = subprocess.Popen(command, stdout=log, stderr=log, **how)
    try:
        yield process
    finally:
        process.send_signal(end)
        try:
            process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def ready(port: int, process: Process, log: Path) -> None:
    """Wait until it listens.

    Raises:
        RuntimeError: it ended, or takes too long.
    """
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"A server did not start: {log.read_text(errors='replace')[-500:]}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def basic(name: str, secret: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
