"""Real proxies between a client and a model, with the configurations of `deploy/` as they are, but for ports."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import httpx2
import pytest

from stillwatch.config import GatewayConfig
from stillwatch.gateway import nginx
from stillwatch.gateway.envoy import over_http
from stillwatch.gateway.guarding import Guarding
from stillwatch.gateway.identity import digest
from stillwatch.gateway.server import App
from stillwatch.response.model import Decision, Rung
from stillwatch.response.snapshot import Gate, Snapshot, snapshot_of
from stillwatch.serving import Server, listen

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
GATE = Gate(appeal_url="https://model.example/appeal/", terms_url="https://model.example/terms", least_shingles=2)
PATH = "/v1/chat/completions"


class Client:
    """A client of a proxy; an account is known by its key alone."""

    @staticmethod
    def ask(
        url: str, account: str = "a", sent: object = None, *, path: str = PATH, mark: str = "", **headers: str
    ) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        brought = {"authorization": f"Bearer sk-{account}"} | named
        content = sent if isinstance(sent, bytes) else json.dumps(sent or Client.body()).encode()
        return httpx2.post(f"{url}{path}?{mark}", content=content, headers=brought, timeout=60)

    @staticmethod
    def body(text: str = "Hello", **more: object) -> dict[str, object]:
        return {"model": "m", "messages": [{"role": "user", "content": text}]} | more

    @staticmethod
    def arrived(response: httpx2.Response) -> dict[str, dict[str, object]]:
        """The body and the headers that the model got."""
        assert response.status_code == 200, response.text
        return json.loads(response.json()["choices"][0]["message"]["content"])


@pytest.fixture(scope="session")
def client() -> type[Client]:
    return Client


@pytest.fixture(scope="session")
def waiting() -> Callable[..., None]:
    return wait_for


@pytest.fixture(scope="session")
def port_of() -> Callable[[], int]:
    return free_port


@pytest.fixture(scope="session")
def configuration() -> Callable[..., Path]:
    return configured


@pytest.fixture(scope="session")
def process_of() -> Callable[..., AbstractContextManager[subprocess.Popen[bytes]]]:
    return process


@pytest.fixture(scope="session")
def envoy_with() -> Callable[..., AbstractContextManager["Envoy"]]:
    """Starts Envoy with a configuration of `deploy/envoy/`."""
    return running_envoy


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int, path: str = "/healthz") -> bool:
    try:
        httpx2.get(f"http://127.0.0.1:{port}{path}", timeout=1)
    except httpx2.HTTPError:
        return False
    return True


def wait_for(
    ready: Callable[[], object], what: str, *, seconds: float = 20, of: "subprocess.Popen[bytes] | None" = None
) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if of is not None and of.poll() is not None:
            pytest.fail(f"{what} ended with {of.returncode}")
        if time.monotonic() > end:
            pytest.fail(f"{what} did not come")
        time.sleep(0.02)


@contextmanager
def process(command: list[str], folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            yield started
        finally:
            started.kill()
            started.wait()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a model that answers with what it was asked."""
    port, folder = free_port(), Path(__file__).parents[1] / "litellm"
    command = [sys.executable, "-m", "uvicorn", "model:app", "--app-dir", str(folder), "--port", str(port)]
    with process(command, tmp_path_factory.mktemp("model"), "model") as started:
        wait_for(lambda: answers(port), "the model", of=started)
        yield port


@pytest.fixture(scope="session")
def standing() -> "Standing":
    return Standing()


class Standing:
    """One process that judges, and what is in force in it."""

    def __init__(self) -> None:
        self.guarding = Guarding(GatewayConfig(), snapshot=Snapshot(gate=GATE))

    def put(
        self,
        *decisions: Decision,
        enabled: bool = True,
        exempt: tuple[str, ...] = (),
        notices: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        version = self.guarding.state.snapshot.version + 1
        self.guarding.state.snapshot = snapshot_of(
            decisions, replace(GATE, notices=dict(notices)), version=version, enabled=enabled, exempt=exempt
        )

    def remembered(self) -> int:
        """Requests that were handed to the tap."""
        return next(copy(self.guarding._numbers))  # noqa: SLF001

    def counted(self, name: str) -> int:
        return self.guarding.counts.get(name, 0)


@pytest.fixture
def in_force(standing: "Standing") -> Iterator["Standing"]:
    """What is in force; nothing at first."""
    standing.put()
    yield standing
    standing.put()


@pytest.fixture(scope="session")
def decided() -> Callable[..., Decision]:
    """A decision against an account, for an hour."""

    def make(account: str, action: Rung, **more: object) -> Decision:
        now = datetime.now(UTC)
        fields: dict[str, object] = {
            "id": "d-0123456789ab",
            "scope": "account",
            "value": digest(f"sk-{account}".encode()),
            "since": now - timedelta(minutes=1),
            "until": now + timedelta(hours=1),
            "reason": "coordinated_extraction",
            "evidence": (),
            "origin": "own",
            "simulated": False,
            "campaign": "c-1",
            "by": "alice",
        } | more
        return Decision(action=action, **fields)

    return make


@pytest.fixture(scope="session")
def http_gateway(standing: Standing) -> Iterator[int]:
    """The port of `serve gateway`'s server with the routes of Envoy and NGINX."""
    routes = over_http.routes(standing.guarding) | nginx.routes(standing.guarding)
    with serving(App(routes, token=None, most_body_bytes=16 << 20)) as port:
        yield port


@contextmanager
def serving(app: App) -> Iterator[int]:
    socket_, ready = listen("127.0.0.1", 0), threading.Event()
    server = Server(app, socket_, ready=ready.set)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(10)
        yield socket_.getsockname()[1]
    finally:
        server.stop()
        thread.join(10)


def patient(text: str) -> str:
    """A configuration that waits as long as a busy machine may take: what is slow is another test's question."""
    assert "0.1s" in text or "100ms" in text
    return text.replace("timeout: 0.1s", "timeout: 20s").replace("timeout: 1s", "timeout: 20s").replace("100ms", "20s")


def configured(file: str, ports: Mapping[int, int], folder: Path, change: Callable[[str], str] = patient) -> Path:
    """A configuration of `deploy/`, with other ports."""
    text = change((DEPLOY / file).read_text())
    for old, new in ports.items():
        assert str(old) in text
        text = text.replace(str(old), str(new))
    path = folder / Path(file).name
    path.write_text(text)
    return path


class Envoy:
    """A running Envoy."""

    def __init__(self, port: int, admin: int, log: Path) -> None:
        self.url, self._admin, self._log = f"http://127.0.0.1:{port}", admin, log

    def stat(self, name: str) -> int:
        text = httpx2.get(f"http://127.0.0.1:{self._admin}/stats?filter={name}$&format=text").text
        return sum(int(line.rpartition(": ")[2]) for line in text.splitlines())

    def logged(self, mark: str) -> str:
        """The access log's line of a request with this query."""
        wait_for(lambda: mark in self._log.read_text(), "the log line")
        return next(line for line in self._log.read_text().splitlines() if mark in line)


@contextmanager
def running_envoy(
    file: str, folder: Path, ports: Mapping[int, int], change: Callable[[str], str] = patient
) -> Iterator[Envoy]:
    """Envoy with a configuration of `deploy/envoy/`."""
    binary = shutil.which("envoy", path=str(Path(sys.executable).parent))
    if binary is None:
        pytest.skip("Envoy is not installed: it comes with the development dependencies")
    port, admin = free_port(), free_port()
    path = configured(f"envoy/{file}", {10000: port, 9901: admin} | dict(ports), folder, change)
    flags = ["--concurrency", "1", "--disable-hot-restart", "--file-flush-interval-msec", "20", "-l", "warning"]
    with process([binary, "-c", str(path), *flags], folder, "envoy") as started:
        wait_for(lambda: answers(admin, "/ready"), "Envoy", of=started)
        yield Envoy(port, admin, folder / "envoy.log")
