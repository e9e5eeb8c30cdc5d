"""What Envoy and NGINX add to a request when they ask stillwatch: medians over the same proxy that does not ask.

    python bench/gateways.py [--requests N] [--json] [--markdown PAGE]

The configurations of `deploy/`, with other ports, and the same with the asking taken out; a `stillwatch serve gateway`,
one model that answers at once (nginx), one client on one open connection for each. Requests go round in turn, so that a
busy machine is slow for all of them alike. What is missing on this machine is left out.
"""

import argparse
import http.client
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tables import Table, add_options, publish

DEPLOY = Path(__file__).parents[1] / "deploy"
PATH = "/v1/chat/completions"
SIZES = (1_000, 8_000)
SECONDS = 30  # for a server to be ready
_MODEL = "daemon off; error_log stderr crit; pid {folder}/pid;\nevents {{}}\nhttp {{ access_log off; {kept} {site} }}\n"
_WARM = 100  # requests that are not timed


@dataclass(frozen=True)
class Way:
    """One way to the model. Times in microseconds."""

    name: str
    size: int
    median: float
    p95: float
    p99: float
    added: float | None  # to the median of the same proxy that does not ask


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=3_000, metavar="N", help="of each size on each way")
    add_options(options)
    given = options.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = started(stack, folder)
        ways = [way for size in SIZES for way in measured(ports, size, given.requests)]
    rows = [(way.name, way.size, way.median, way.p95, way.p99, way.added) for way in ways]
    table = Table("Microseconds until the answer", ("way", "prompt (bytes)", "median", "p95", "p99", "added"), rows)
    publish(given, "gateways", [table], [asdict(way) for way in ways])
    return 0


def measured(ports: dict[str, int], size: int, requests: int) -> Iterator[Way]:
    """The times of every way for prompts of a size."""
    connections = {name: http.client.HTTPConnection("127.0.0.1", port, timeout=10) for name, port in ports.items()}
    took: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(requests + _WARM):
        body = prompt(size, number)
        for name, connection in connections.items():
            begun = time.perf_counter()
            connection.request("POST", PATH, body, {"authorization": f"Bearer sk-{number % 50}"})
            answer = connection.getresponse()
            answer.read()
            if number >= _WARM:
                took[name].append((time.perf_counter() - begun) * 1e6)
            if answer.status != 200:
                raise SystemExit(f"{name} answered {answer.status}")
    medians = {name: statistics.median(times) for name, times in took.items()}
    for name, times in took.items():
        plain = medians.get(f"{name.partition(',')[0]}, plain")
        added = medians[name] - plain if plain is not None and not name.endswith(", plain") else None
        cuts = statistics.quantiles(times, n=100)
        yield Way(name, size, medians[name], cuts[94], cuts[98], added)


def prompt(size: int, number: int) -> bytes:
    """A body whose prompt has so many bytes, each another."""
    words = f"Question {number}: what follows from this? "
    text = (words * (size // len(words) + 1))[:size]
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()


def started(stack: ExitStack, folder: Path) -> dict[str, int]:
    """Ports of the ways, by name."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    envoy = shutil.which("envoy", path=str(Path(sys.executable).parent))
    if nginx is None:
        raise SystemExit("nginx is needed, as the model at least: apt-get install nginx")
    model, asked, by_grpc = free_port(), free_port(), free_port()
    site = f"server {{ listen 127.0.0.1:{model}; location / {{ return 200 '{{}}'; }} }}"
    run_nginx(stack, folder / "model", nginx, site, model)
    stillwatch = str(Path(sys.executable).with_name("stillwatch"))
    relay = ["--relay", str(folder / "relay"), "--listen", f"127.0.0.1:{asked}", "--grpc", f"127.0.0.1:{by_grpc}"]
    stack.enter_context(process([stillwatch, "serve", "gateway", *relay], folder, by_grpc))
    others = {"8000": model, "8089": asked, "9191": by_grpc}
    ports = {"no proxy": model}
    for name, change in (("NGINX, plain", without_asking), ("NGINX, auth_request and mirror", str)):
        ports[name] = port = free_port()
        site = change(configuration("nginx-gateway/model.conf", others | {"10080": port}))
        site = site.replace("/var/log/nginx/model.log", str(folder / f"{port}.log"))
        run_nginx(stack, folder / str(port), nginx, site, port)
    if envoy:
        for name, file, change in (
            ("Envoy, plain", "envoy.yaml", without_filters),
            ("Envoy, ext_authz over gRPC", "envoy.yaml", str),
            ("Envoy, ext_authz over HTTP", "envoy-http.yaml", str),
        ):
            ports[name] = port = free_port()
            path = folder / f"{port}.yaml"
            path.write_text(change(configuration(f"envoy/{file}", others | {"10000": port, "9901": free_port()})))
            flags = ["--concurrency", "1", "--disable-hot-restart", "-l", "error"]
            stack.enter_context(process([envoy, "-c", str(path), *flags], folder, port))
    return ports


def configuration(file: str, ports: dict[str, int]) -> str:
    """A configuration of `deploy/`, with other ports."""
    text = (DEPLOY / file).read_text()
    for old, new in ports.items():
        text = re.sub(rf"\b{old}\b", str(new), text)
    return text


def without_asking(site: str) -> str:
    """A site that asks nobody."""
    site = re.sub(r"upstream stillwatch \{.*?\}\n", "", site, flags=re.DOTALL)
    site = site[: site.index("    location = /_stillwatch/check")].replace("model.log stillwatch", "model.log") + "}\n"
    return re.sub(r"^.*stillwatch.*\n", "", site, flags=re.MULTILINE)


def without_filters(text: str) -> str:
    """An Envoy that asks nobody."""
    begin = text.index("                  - name: envoy.filters.http.ext_authz")
    end = text.index("                  - name: envoy.filters.http.router")
    per_route = re.compile(r" *typed_per_filter_config:\n(?: {28,}.*\n)+")
    return per_route.sub("", text[:begin] + text[end:])


def run_nginx(stack: ExitStack, folder: Path, binary: str, site: str, port: int) -> None:
    """An nginx of one process."""
    folder.mkdir()
    kept = "".join(f"{n}_temp_path {folder}/{n}; " for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(_MODEL.format(folder=folder, kept=kept, site=site))
    stack.enter_context(process([binary, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder, port))


@contextmanager
def process(command: Sequence[str], folder: Path, port: int) -> Iterator[None]:
    """A server, from when it listens until it is not needed."""
    with (folder / f"{port}.out").open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
        try:
            wait_for(lambda: running.poll() is not None or listens(port))
            if running.poll() is not None:
                raise SystemExit((folder / f"{port}.out").read_text())
            yield
        finally:
            running.kill()
            running.wait()


def wait_for(ready: Callable[[], bool]) -> None:
    """Until it is so."""
    end = time.monotonic() + SECONDS
    while not ready():
        if time.monotonic() > end:
            raise SystemExit("A server did not come.")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether somebody does."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """One that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
