"""A real LiteLLM proxy in front of a model of ours, guarded by one of the files in deploy/litellm."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from stillwatch.profiles import wire
from stillwatch.response.model import NO_LIMITS, Decision, Rung
from stillwatch.response.relay.places import open_relay
from stillwatch.response.snapshot import Gate, snapshot_of

ROOT = Path(__file__).parents[3]
LITELLM = ROOT / ".venv-litellm" / "bin" / "litellm"
HERE = Path(__file__).parent
MODEL = "frontier-1"
MARK = "marker"  # an account that is held by every snapshot, anew named: whoever is refused it has the snapshot
GATE = Gate(
    appeal_url="https://provider.example/appeal/",
    terms_url="https://provider.example/terms",
    notices={"verify": "Please verify who you are (decision {decision})."},
)


@dataclass
class Proxy:
    """A guarded proxy, and what is in force there."""

    url: str
    relay: str
    log: Path
    process: subprocess.Popen
    version: int = 0
    standing: dict = field(default_factory=dict)

    def ask(self, who, text="What is a still?", *, path="/v1/chat/completions", timeout=30, **more):
        """One request by the key `sk-WHO`."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}]} | more
        head = {"authorization": f"Bearer sk-{who}", "x-kept": "yes"}
        return httpx2.post(f"{self.url}{path}", json=body, headers=head, timeout=timeout)

    def impose(self, account, action, *, seconds=3600, simulated=False, limits=NO_LIMITS):
        """Publishes a measure with all others, and waits until the proxy has it."""
        now = datetime.now(UTC)
        self.standing[account] = Decision(
            id=f"d-{len(self.standing):012x}",
            scope="account",
            value=account,
            action=action,
            since=now - timedelta(seconds=5),
            until=now + timedelta(seconds=seconds),
            reason="coordinated_extraction",
            evidence=("C-1:content:shared wrapper",),
            origin="own",
            simulated=simulated,
            campaign="C-1",
            by="alice",
            limits=limits,
        )
        self.publish()
        return self.standing[account].id

    def publish(self, *, enabled=True):
        """Publishes what stands, and waits until the proxy has it."""
        self.version += 1
        now = datetime.now(UTC)
        marker = Decision(
            f"d-{self.version:012d}", "account", f"{MARK}-{self.version}", Rung.HOLD, now - timedelta(seconds=5),
            now + timedelta(hours=1), "unspecified", (), "person", simulated=False, by="alice",
        )  # fmt: skip
        decisions = [*self.standing.values(), marker]
        open_relay(self.relay).publish(snapshot_of(decisions, GATE, version=self.version, enabled=enabled))
        if enabled:
            assert wait(lambda: self.ask(marker.value).status_code in (400, 403)), self.log.read_text()[-2000:]

    def taps(self):
        """What gateways reported, and nobody took."""
        return list(open_relay(self.relay).take({}))

    def seen(self, account):
        """What they say of an account, summed."""
        sums = {"requests": 0, "failed": 0, "input_tokens": 0, "output_tokens": 0}
        for tap in self.taps():
            profiles = wire.loads(tap.profiles)
            ids = profiles.ids.to_pylist()
            if account in ids:
                for name in sums:
                    sums[name] += int(profiles[name][ids.index(account)])
        return sums

    @staticmethod
    def wait(true, seconds=20.0):
        """Whether it becomes true in time."""
        return wait(true, seconds)

    def counted(self):
        """Sums of the gateways' counts."""
        sums = {}
        for tap in self.taps():
            for name, n in tap.counts.items():
                sums[name] = sums.get(name, 0) + n
        return sums


def wait(true, seconds=20.0):
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def running(program, log, **options):
    """A process that is killed in the end; its output goes to a file."""
    with log.open("ab") as file:
        process = subprocess.Popen(program, stdout=file, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def answers(process, url, log):
    """Waits until it answers there; what it said, if it does not."""

    def there():
        try:
            return process.poll() is not None or httpx2.get(url, timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    if not wait(there, 90) or process.poll() is not None:
        pytest.fail(log.read_text()[-3000:])


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The address of the model."""
    port, log = free_port(), tmp_path_factory.mktemp("model") / "log"
    program = [sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "model:app", "--port", str(port)]
    with running(program, log) as process:
        answers(process, f"http://127.0.0.1:{port}/healthz", log)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _litellm(folder, config, model, **environment):
    """The proxy with one of the files of deploy/litellm, as they are but for the keys: they come from `keys.py`.

    What stands in the folder's `more.yaml` goes before.
    """
    if not LITELLM.exists():
        pytest.skip("LiteLLM is not installed: `make .venv-litellm/.run` makes its environment")
    shutil.copy(HERE / "keys.py", folder)
    (folder / "auth.yaml").write_text("general_settings: {custom_auth: keys.authenticate}\n")
    more = ", more.yaml" if (folder / "more.yaml").exists() else ""
    (folder / "config.yaml").write_text(f"include: [{ROOT / 'deploy' / 'litellm' / config}, auth.yaml{more}]\n")
    port, log = free_port(), folder / "litellm.log"
    environment = os.environ | {
        "MODEL_API_BASE": f"{model}/v1",
        "MODEL_API_KEY": "the-model-s-own",
        "LITELLM_MASTER_KEY": "sk-0123456789abcdef",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a list of prices
        "LITELLM_TELEMETRY": "False",
        "STILLWATCH_RESPONSE__RELAY": str(folder / "relay"),
        "STILLWATCH_GATEWAY__REPORT_SECONDS": "0.2",
        "XDG_CONFIG_HOME": str(folder),
    } | environment  # fmt: skip
    program = [str(LITELLM), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with running(program, log, cwd=folder, env=environment) as process:
        answers(process, f"http://127.0.0.1:{port}/health/liveliness", log)
        yield Proxy(f"http://127.0.0.1:{port}", str(folder / "relay"), log, process)


@contextmanager
def _gateway(folder, *options):
    """`stillwatch serve gateway`, and where it serves."""
    log = folder / "gateway.log"
    environment = os.environ | {"STILLWATCH_GATEWAY__REPORT_SECONDS": "0.2", "XDG_CONFIG_HOME": str(folder)}
    program = [sys.executable, "-m", "stillwatch.cli", "serve", "gateway", "--relay", str(folder / "relay")]
    with running([*program, "--listen", "127.0.0.1:0", *options], log, cwd=folder, env=environment) as process:
        assert wait(lambda: "Serving" in log.read_text(), 60), log.read_text()
        yield process, re.search(r"http\S+", log.read_text())[0]


@pytest.fixture(scope="session")
def litellm():
    """Starts a proxy: `with litellm(folder, "hook.yaml", model) as proxy`."""
    return _litellm


@pytest.fixture(scope="session")
def gateway():
    """Starts the server: `with gateway(folder) as (process, url)`."""
    return _gateway
