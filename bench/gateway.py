"""What a gateway adds to a request, how many it decides a second, and how much memory an account takes.

    python bench/gateway.py [--seconds 10] [--tracked 1000000] [--json] [--markdown PAGE]

In one process, warm, in rounds of a second: the same requests, in turn, through a middleware that does nothing and
through the gateway's, in front of an application that reads the body and answers. Every request is another's text; the
gateway has measures and templates in force and reports to a relay each second, as it does in production. Beside the
time on the clock stands the processor's, of which a busy machine takes nothing away.
"""

import argparse
import asyncio
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tables import Table, add_options, publish

from stillwatch.config import GatewayConfig
from stillwatch.gateway.asgi import Guard
from stillwatch.gateway.guarding import Guarding, Outcome
from stillwatch.gateway.identity import Identity, digest
from stillwatch.response.model import Rung
from stillwatch.response.relay.places import open_relay
from stillwatch.response.snapshot import Measure, Snapshot, dumps, loads

_PARTS = ("con", "re", "pro", "sub", "de"), ("duc", "ver", "struc", "ten", "mi"), ("t", "ting", "ted", "", "s")
WORDS = ["the", "of", "and", "to", "in", "is", "that", "for", "it", "as", *map("".join, itertools.product(*_PARTS))]
SIZES = (1, 8)  # KB of prompt
BODIES = 4000  # distinct requests of one size
CALLERS = 2000
CAMPAIGNS, SHINGLES = 200, 64
DAY = 86400.0
FIGURES = ("p50", "p99", "processor_p50", "processor_p99")
Spans = list[tuple[int, int]]
PATH = "/v1/chat/completions"
ANSWER = json.dumps(
    {"choices": [{"message": {"role": "assistant", "content": "word " * 200}}], "usage": {"prompt_tokens": 250,
     "completion_tokens": 200, "total_tokens": 450}}
).encode()  # fmt: skip


def text(random_: random.Random, size: int) -> str:
    """Words, `size` bytes of them."""
    return " ".join(random_.choices(WORDS, k=size // 4))[:size]


def bodies(kilobytes: int, n: int) -> list[bytes]:
    """Requests whose prompt has so many KB, a system text of 200 bytes included."""
    random_ = random.Random(kilobytes)  # noqa: S311 — no secret
    system = text(random_, 200)
    rest = {"model": "m", "temperature": 0.7, "max_tokens": 512, "stream": False}
    return [
        json.dumps({"messages": [{"role": "system", "content": system},
         {"role": "user", "content": text(random_, kilobytes * 1024 - 200)}]} | rest).encode()
        for _ in range(n)
    ]  # fmt: skip


def in_force(accounts: int) -> Snapshot:
    """Measures against so many accounts, and the templates of their campaigns."""
    now = time.time()
    values = np.sort(np.random.default_rng(1).choice(1 << 32, CAMPAIGNS * SHINGLES, replace=False).astype(np.uint32))
    names = tuple(f"campaign--{n:08x}-0000-4000-8000-000000000000" for n in range(CAMPAIGNS))
    measures = {
        digest(b"measured-%d" % n): Measure(
            f"d-{n:012x}", Rung.VERIFY, now, now + 30 * DAY, "coordinated_extraction", names[n % CAMPAIGNS]
        )
        for n in range(accounts)
    }
    owners = np.tile(np.arange(CAMPAIGNS, dtype=np.int32), SHINGLES)
    return Snapshot(1, accounts=measures, shingles=values.tobytes(), owners=owners.tobytes(), names=names)


async def application(_: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 — ASGI
    """Reads the body and answers."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": ANSWER})


class Nothing:
    """Middleware that does nothing."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Passes on."""
        await self.app(scope, receive, send)


def scope_of(caller: int, size: int) -> dict[str, Any]:
    """As uvicorn gives it, for a client that sends what OpenAI's library does."""
    headers = [
        (b"host", b"127.0.0.1:8000"), (b"accept", b"application/json"), (b"content-type", b"application/json"),
        (b"accept-encoding", b"gzip, deflate"), (b"connection", b"keep-alive"), (b"user-agent", b"OpenAI/Python 3.5"),
        (b"x-stainless-lang", b"python"), (b"x-stainless-runtime", b"CPython"), (b"x-stainless-retry-count", b"0"),
        (b"authorization", b"Bearer sk-%032d" % caller), (b"content-length", b"%d" % size),
    ]  # fmt: skip
    return {"type": "http", "method": "POST", "path": PATH, "headers": headers, "client": ("203.0.113.7", 50000)}


async def timed(app: Any, body: bytes, caller: int) -> tuple[int, int]:  # noqa: ANN401
    """Nanoseconds of one request, on the clock and of the processor."""
    scope, message = scope_of(caller, len(body)), {"type": "http.request", "body": body, "more_body": False}

    async def receive() -> dict[str, Any]:
        return message

    async def send(_: Any) -> None:  # noqa: ANN401
        return None

    processor = time.thread_time_ns()
    start = time.perf_counter_ns()
    await app(scope, receive, send)
    end = time.perf_counter_ns()
    return end - start, time.thread_time_ns() - processor


async def latencies(guard: Guard, some: Sequence[bytes], seconds: float) -> tuple[Spans, Spans]:
    """Of both middlewares, in turn."""
    plain, guarded, n = [], [], 0
    nothing, end = Nothing(application), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(100):
            body, caller = some[n % BODIES], n * 7919 % CALLERS
            plain.append(await timed(nothing, body, caller))
            guarded.append(await timed(guard, body, caller))
            n += 1
        await asyncio.sleep(0)
    return plain, guarded


def added(guarding: Guarding, seconds: float) -> tuple[list[tuple[Any, ...]], dict[str, float]]:
    """The rows of the table of latencies, and the figures: medians over rounds of a second, the first left out."""
    rows, figures, guard = [], {}, Guard(application, guarding=guarding)
    for kilobytes in SIZES:
        some, rounds, requests = bodies(kilobytes, BODIES), [], 0
        for _ in range(max(2, round(seconds)) + 1):
            both = asyncio.run(latencies(guard, some, 1.0))
            requests += len(both[1])
            rounds.append([np.percentile(spans, (50, 99), axis=0) / 1000 for spans in both])
        (plain, guarded) = np.median(rounds[1:], axis=0)  # each: p50 and p99, on the clock and of the processor
        (p50, c50), (p99, c99) = guarded - plain
        rows.append((kilobytes, requests, plain[0, 0], guarded[0, 0], p50, p99, c50, c99))
        figures |= {
            f"added_{name}_{kilobytes}kb": float(f) for name, f in zip(FIGURES, (p50, p99, c50, c99), strict=True)
        }
    return rows, figures


def decided(guarding: Guarding, kilobytes: int, seconds: float) -> float:
    """Decisions a second of one core's time: reading, judging, remembering and the fold in the background."""
    identity, some, n = Identity(), bodies(kilobytes, BODIES), 0
    headers = [dict(scope_of(caller, 0)["headers"]) for caller in range(CALLERS)]
    start, end = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(1000):
            heard = guarding.hear(identity.read(headers[n % CALLERS], PATH, "203.0.113.7"), some[n % BODIES])
            guarding.heard(heard, guarding.judge(heard), Outcome(200, answer=ANSWER))
            n += 1
    guarding.report()  # what still waits to be folded is part of the work
    return n / (time.process_time() - start)


def tracked(accounts: int) -> dict[str, float]:
    """Bytes an account with a measure, and the time that a new snapshot takes, in this (new) process."""
    content = dumps(in_force(accounts))
    nobody = resident()
    start = time.perf_counter()
    snapshot = loads(content)
    seconds, size = time.perf_counter() - start, resident() - nobody
    guarding = Guarding(snapshot=snapshot)
    identity, some = Identity(), bodies(1, 1)[0]
    spans = []
    for n in range(20_000):
        heard = guarding.hear(
            identity.read({b"authorization": b"Bearer measured-%d" % (n * 49 % accounts)}, PATH, ""), some
        )
        start = time.perf_counter()
        verdict = guarding.judge(heard)
        spans.append(time.perf_counter() - start)
        if verdict.status != 403:
            raise SystemExit("a measured account passed")
    return {"accounts": accounts, "bytes": size / accounts, "load": seconds, "judge": float(np.median(spans) * 1e6)}


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def in_a_process_of_its_own(accounts: int) -> dict[str, float]:
    """`tracked`, where nothing else was allocated before."""
    command = [sys.executable, __file__, "--only-tracked", "--tracked", str(accounts)]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return figures


def tables(rows: Sequence[Sequence[Any]], rates: dict[int, float], held: dict[str, float]) -> list[Table]:
    """For people."""
    columns = (
        "KB", "requests", "nothing p50 µs", "gateway p50 µs", "added p50", "p99", "of the processor p50", "p99"
    )  # fmt: skip
    return [
        Table("Added to a request (<= 25 µs p50 and 100 µs p99 at 1 KB, <= 60 µs p50 at 8 KB):", columns, rows),
        Table("Decisions (>= 15,000 a second and core at 1 KB), all work included:",
              ("KB", "a second and core"), list(rates.items())),
        Table("Measures in force (<= 1,024 bytes each):", ("accounts", "bytes each", "new snapshot s", "judged in µs"),
              [(int(held["accounts"]), held["bytes"], held["load"], held["judge"])]),
    ]  # fmt: skip


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=10, metavar="S", help="for each figure")
    options.add_argument("--tracked", type=int, default=1_000_000, metavar="N", help="accounts with a measure")
    options.add_argument("--only-tracked", action="store_true", help=argparse.SUPPRESS)
    add_options(options)
    given = options.parse_args()
    if given.only_tracked:
        print(json.dumps(tracked(given.tracked)))
        return
    with tempfile.TemporaryDirectory() as folder:
        relay = open_relay(folder)
        relay.publish(in_force(10_000))
        guarding = Guarding(GatewayConfig(), relay=relay)
        guarding.start()
        time.sleep(1.5)
        rows, figures = added(guarding, given.seconds)
        rates = {kilobytes: decided(guarding, kilobytes, given.seconds) for kilobytes in SIZES}
        guarding.close()
    held = in_a_process_of_its_own(given.tracked)
    figures |= {f"decisions_{kilobytes}kb": rate for kilobytes, rate in rates.items()} | held
    publish(given, "gateway", tables(rows, rates, held), figures | {"counts": guarding.counts})


if __name__ == "__main__":
    main()
