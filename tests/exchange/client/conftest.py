"""Real servers for the client: medallion, a foreign TAXII 2.1 server, and a small server that misbehaves as told."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

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
