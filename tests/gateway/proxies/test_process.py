"""`stillwatch serve gateway` as it is run, between Envoy and a relay: it acts, stands still, dies; traffic flows."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.profiles import wire
from stillwatch.response.model import Rung
from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.snapshot import Gate, snapshot_of

pytestmark = pytest.mark.slow
STILLWATCH = str(Path(sys.executable).with_name("stillwatch"))


@pytest.fixture
def relay(tmp_path):
    return FolderRelay(tmp_path / "relay")


@pytest.fixture
def gateway(tmp_path, relay, port_of, waiting):  # noqa: ARG001 — the relay's folder is its
    grpc, http = port_of(), port_of()
    listening = ["--listen", f"127.0.0.1:{http}", "--grpc", f"127.0.0.1:{grpc}"]
    command = [STILLWATCH, "serve", "gateway", "--relay", str(tmp_path / "relay"), *listening]
    log = tmp_path / "gateway.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path) as process,
    ):
        waiting(lambda: b"Serving" in log.read_bytes(), "the gateway", seconds=60, of=process)
        process.ports = {9191: grpc, 8089: http}
        yield process
        process.kill()


@pytest.fixture
def envoy(model, gateway, envoy_with, tmp_path):
    with envoy_with("envoy.yaml", tmp_path, {8000: model, 9191: gateway.ports[9191]}, str) as running:
        yield running


@pytest.fixture
def held(envoy, relay, client, decided, waiting):
    """The URL of Envoy, where an account of this name is on hold."""
    relay.publish(snapshot_of([decided("held", Rung.HOLD)], Gate(), version=1))
    waiting(lambda: client.ask(envoy.url, "held").status_code == 403, "the measure")
    return envoy.url


def test_it_acts_and_reports(held, relay, client, decided, waiting):
    assert client.ask(held, "another").status_code == 200
    waiting(lambda: any(tap.profiles for tap in relay.take({})), "the report")
    seen = {account for tap in relay.take({}) if tap.profiles for account in wire.loads(tap.profiles).ids.to_pylist()}
    assert decided("held", Rung.HOLD).value in seen


def test_where_it_stands_still_traffic_flows_and_is_counted(held, gateway, envoy, client, waiting):
    gateway.send_signal(signal.SIGSTOP)
    before = envoy.stat("ext_authz.failure_mode_allowed")
    assert client.ask(held, "held").status_code == 200
    assert envoy.stat("ext_authz.failure_mode_allowed") > before
    gateway.send_signal(signal.SIGCONT)
    waiting(lambda: client.ask(held, "held").status_code == 403, "the measure, again")


def test_where_it_is_killed_traffic_flows(held, gateway, client):
    gateway.kill()
    gateway.wait()
    assert client.ask(held, "held").status_code == 200


def test_it_ends_in_good_order(gateway):
    gateway.terminate()
    assert gateway.wait(15) == 0
