"""Real servers for the client: medallion, a foreign TAXII 2.1 server, and a small server that misbehaves as told."""

import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from argon2 import PasswordHasher

from stillwatch.config import ExchangeConfig
from stillwatch.exchange.model import Collection as TrustedCollection
from stillwatch.exchange.model import Member as TrustedMember
from stillwatch.exchange.model import Right, Root
from stillwatch.exchange.store.store import Store
from stillwatch.signing import SigningKey

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(300):
        assert process.poll() is None, process.stderr.read() if process.stderr else "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.fixture
def medallion(tmp_path):
    """Starts medallion with one root, two collections and a page size; gives its address."""
    running = []

    def start(*, page_size=100, objects=(), date=None):
        port = free_port()
        base = {"title": "shared", "can_read": True, "can_write": True, "media_types": []}
        shared = {**base, "id": COLLECTION, "objects": list(objects), "manifest": [_row(o, date) for o in objects]}
        other = {**base, "id": "52892447-4d7e-4f70-b94d-d7f22742ff63", "can_read": False, "title": "inbox"}
        information = {
            "title": "A forum",
            "versions": ["application/taxii+json;version=2.1"],
            "max_content_length": 1000000,
        }
        root = f"http://127.0.0.1:{port}/forum/"
        content = {
            "/discovery": {"title": "Elsewhere", "default": root, "api_roots": [root]},
            "forum": {
                "information": information,
                "status": [],
                "collections": [shared, other | {"objects": [], "manifest": []}],
            },
        }
        (tmp_path / f"{port}.json").write_text(json.dumps(content))
        configuration = {
            "backend": {
                "module": "medallion.backends.memory_backend",
                "module_class": "MemoryBackend",
                "filename": str(tmp_path / f"{port}.json"),
            },
            "users": {"acme": "pass"},
            "taxii": {"max_page_size": page_size},
        }
        (tmp_path / f"{port}.conf").write_text(json.dumps(configuration))
        script = "from medallion.scripts.run import main; main()"
        command = [sys.executable, "-W", "ignore", "-c", script, "--port", str(port), str(tmp_path / f"{port}.conf")]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        running.append(process)
        wait_for(port, process)
        return f"http://127.0.0.1:{port}/taxii2/"

    yield start
    for process in running:
        process.terminate()
        process.wait()


def _row(obj: dict[str, Any], date: str | None) -> dict[str, str]:
    return {
        "id": obj["id"],
        "date_added": date or obj["modified"],
        "version": obj["modified"],
        "media_type": "application/stix+json;version=2.1",
    }


@dataclass
class Scripted:
    """A server that answers as a function says, and remembers what it was asked."""

    url: str
    asked: list[tuple[str, str, dict[str, str], bytes]]


@pytest.fixture
def scripted():
    """Starts a server that answers `answer(method, path, query)`: status (0 breaks off), body, headers."""
    servers = []

    def start(answer: Callable[[str, str, dict[str, str]], tuple[int, Any, dict[str, str]]]) -> Scripted:
        asked: list[tuple[str, str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                asked.append((self.command, self.path, dict(self.headers), sent))
                parts = urlsplit(self.path)
                status, body, headers = answer(self.command, parts.path, dict(parse_qsl(parts.query)))
                if status == 0:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                length = {"Content-Length": str(len(content))} | headers
                for name, value in length.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _any  # noqa: N815 — http.server's names

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return Scripted(f"http://127.0.0.1:{server.server_port}/forum/", asked)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@dataclass
class Exchange:
    """A stillwatch exchange in a process of its own, and its members' ways in."""

    url: str
    port: int
    database: str
    key_file: Path
    members: dict[str, "Member"]
    collection: str
    process: subprocess.Popen | None = None

    def start(self):
        command = [
            sys.executable,
            "-m",
            "stillwatch.cli",
            "serve",
            "exchange",
            "--basic",
            "--quiet",
            "--page-size",
            "50",
        ]
        command += ["--db", self.database, "--key", str(self.key_file), "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().startswith("Serving")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@dataclass(frozen=True)
class Member:
    """One member: who it is there, and its settings as flags."""

    identity: str
    config: ExchangeConfig


def enlisted(folder: Path, name: str, port: int, way: str = "basic") -> tuple[Member, SigningKey]:
    """A member with its files: a key, a secret, a state."""
    folder.mkdir()
    own = SigningKey.generate()
    own.save(folder / "key.pem")
    (folder / "secret").write_text(f"secret of {name}\n")
    (folder / "secret").chmod(0o600)
    config = ExchangeConfig(
        url=f"http://127.0.0.1:{port}/taxii2/",
        auth=way,
        member=name,
        secret_file=folder / "secret",
        key_file=folder / "key.pem",
        state=folder / "state.sqlite",
        publishers=("alice",),
        approvers=("bob",),
        page_size=50,
    )
    return Member(f"identity--{uuid.uuid4()}", config), own


@pytest.fixture
def stranger(tmp_path):
    """A member of an exchange that is not there: its address is to be replaced."""
    return enlisted(tmp_path / "delta", "delta", 9)[0]


@pytest.fixture
def exchange(tmp_path):
    """A running exchange with the root `forum`, a collection, and the members alpha, beta and gamma, all admitted."""
    key, secret_hash = SigningKey.generate(), PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    key.save(tmp_path / "exchange.pem")
    store = Store.open(str(tmp_path / "exchange.sqlite"), create=True)
    store.add_root(Root("forum", "The forum"))
    store.add_collection(TrustedCollection(COLLECTION, "forum", "Findings", "findings"))
    port, members = free_port(), {}
    for name, way in (("alpha", "oauth"), ("beta", "basic"), ("gamma", "basic")):
        members[name], own = enlisted(tmp_path / name, name, port, way)
        member = TrustedMember(name, members[name].identity, way, quarantined=False, public_key=own.public)
        store.add_member(member, secret_hash.hash(f"secret of {name}"), {COLLECTION: Right(read=True, write=True)})
    store.close()
    database, key_file = str(tmp_path / "exchange.sqlite"), tmp_path / "exchange.pem"
    made = Exchange(f"http://127.0.0.1:{port}/", port, database, key_file, members, COLLECTION)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()
