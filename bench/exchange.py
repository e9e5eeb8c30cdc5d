"""The exchange under load, beside medallion: adding, reading in pages, and a page of one as the collection grows.

    python bench/exchange.py [--full] [--json] [--markdown PAGE]

Servers run as their operators run them, on loopback; the client sends bodies that were made before the clock started.
Every object that is added is checked, its publisher's signature verified, signed by the exchange and put into its log.
`--full` grows the SQLite store to a million objects. PostgreSQL is left out, and said so, where its binaries are not.
"""

import argparse
import base64
import http.client
import json
import re
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from servers import Server, exchange, medallion, postgresql
from tables import Table, add_options, publish

from stillwatch.signing import sign

BATCH, WRITERS = 100, 2
ADDED = 10_000
MEDALLION_ADDED = 1_000  # its reads take time by the square of what it holds
SIZES, FULL = (10_000, 100_000), (10_000, 100_000, 1_000_000)
SINCE = 1_790_000_000_000_000  # microseconds: when what is loaded was added
TYPE = "application/taxii+json;version=2.1"
NEXT = re.compile(rb'"next": ?"([^"]+)"')


@dataclass(frozen=True)
class Speed:
    """What one server does."""

    server: str
    objects: int
    added: float  # objects a second
    read: float  # objects a second
    one: tuple[float, float]  # milliseconds of a page of one: median, p95


def indicator(number: int) -> dict[str, object]:
    """An indicator of a usual size, without extensions."""
    moment = "2026-11-02T09:00:00.000Z"
    tokens = json.dumps(sorted(uuid.uuid5(uuid.NAMESPACE_OID, f"{number} {i}").hex for i in range(25)))
    pattern = (
        '{"alg":"fracminhash","keep":16,"key_epoch":"2026Q4","kind":"prompt-template","min_containment":0.5,'
        f'"norm":"fold-1","shingle":"byte-24","token_prf":"voprf-ristretto255-sha512","tokens":{tokens},"v":1}}'
    )
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_URL, f'bench {number}')}",
        "created": moment,
        "modified": moment,
        "name": f"Prompt template {number}",
        "indicator_types": ["anomalous-activity"],
        "pattern": pattern.replace(", ", ","),
        "pattern_type": "model-api-sig",
        "pattern_version": "1.0",
        "valid_from": moment,
        "valid_until": "2027-01-31T00:00:00Z",
        "confidence": 75,
        "labels": ["adversarial-distillation"],
    }


def bodies(server: Server, first: int, count: int) -> list[bytes]:
    """POST bodies of `BATCH` objects; signed, where the server takes signatures."""
    made = []
    for start in range(first, first + count, BATCH):
        objects = [indicator(number) for number in range(start, min(start + BATCH, first + count))]
        envelope: dict[str, object] = {"objects": objects}
        if server.key:
            envelope["x_stillwatch_signatures"] = [
                {
                    "id": each["id"],
                    "version": each["modified"],
                    "key_id": server.key.key_id,
                    "signature": base64.b64encode(sign(server.key, each)).decode(),
                }
                for each in objects
            ]
        made.append(json.dumps(envelope).encode())
    return made


def add(server: Server, posts: Sequence[bytes]) -> float:
    """Seconds to post all of them, by several writers."""

    def write(own: Sequence[bytes]) -> None:
        connection = server.connect()
        for body in own:
            answer(connection, server, "POST", "", body)

    threads = [threading.Thread(target=write, args=(posts[i::WRITERS],)) for i in range(WRITERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def answer(
    connection: http.client.HTTPConnection, server: Server, method: str, query: str, body: bytes | None = None
) -> bytes:
    """The body of an answer.

    Raises:
        RuntimeError: it is an error.
    """
    headers = {"Authorization": server.authorization, "Accept": TYPE}
    if body is not None:
        headers["Content-Type"] = TYPE
    connection.request(method, server.objects + query, body, headers)
    response = connection.getresponse()
    text = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{server.name} answers {response.status}: {text[:200]!r}")
    return text


def pages(server: Server, limit: int, most: int) -> Iterator[int]:
    """Read pages by `next`; how many objects each holds. They are not parsed: that would be the client's time."""
    connection, query, read = server.connect(), f"?limit={limit}", 0
    while read < most:
        page = answer(connection, server, "GET", query)
        read += page.count(b'"spec_version"')
        yield page.count(b'"spec_version"')
        following = NEXT.search(page[:400] + page[-400:])
        if not following:
            return
        query = f"?limit={limit}&next={following[1].decode()}"


def one(server: Server) -> tuple[float, float]:
    """Milliseconds of a page of one object: median and the 95th of a hundred."""
    connection, took = server.connect(), []
    for _ in range(server.asked):
        started = time.perf_counter()
        answer(connection, server, "GET", "?limit=1")
        took.append((time.perf_counter() - started) * 1e3)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def measure(server: Server, count: int) -> Speed:
    """Fill an empty server, and read it."""
    posts = bodies(server, 0, count)
    added = count / add(server, posts)
    started = time.perf_counter()
    read = sum(pages(server, 1000, min(count, 20_000)))
    return Speed(server.name, count, added, read / (time.perf_counter() - started), one(server))


def table(speeds: Sequence[Speed]) -> Table:
    """Ours against the peer's."""
    peer = next(s for s in speeds if s.server.startswith("medallion"))
    rows = [(s.server, s.objects, s.added, s.added / peer.added, s.read, s.read / peer.read, *s.one) for s in speeds]
    columns = ("server", "objects", "added/s (>= 2,000)", "x peer", "read/s (>= 20,000)", "x peer",
               "limit=1 ms, median", "p95 (< 10)")  # fmt: skip
    return Table("The exchange, batches of 100 posted by two writers, pages of 1,000 read:", columns, rows)


def grown(points: Sequence[tuple[int, tuple[float, float]]]) -> Table:
    """A page of one object as the collection grows."""
    first = points[0][1][1]
    rows = [(size, median, p95, p95 / first) for size, (median, p95) in points]
    return Table(
        "A page of one as a SQLite collection grows:", ("objects", "ms, median", "p95 (< 10)", "to the first"), rows
    )


def growth(sizes: Sequence[int], folder: Path) -> list[tuple[int, tuple[float, float]]]:
    """Load more and more objects from a dump, and time pages of one."""
    points, before = [], 0
    with ExitStack() as stack:
        server = stack.enter_context(exchange(f"sqlite:///{folder / 'grown.sqlite'}", folder / "three"))
        for size in sizes:
            server.load((SINCE + number, indicator(number)) for number in range(before, size))
            before = size
            points.append((size, one(server)))
    return points


def main() -> None:
    """Start the servers one after the other, load them, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--full", action="store_true", help="grow to a million objects")
    add_options(options)
    given = options.parse_args()
    speeds: list[Speed] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with exchange(f"sqlite:///{folder / 'speed.sqlite'}", folder / "one") as server:
            speeds.append(measure(server, ADDED))
        with postgresql() as url:
            if url:
                with exchange(url, folder / "two") as server:
                    speeds.append(measure(server, ADDED))
            else:
                print("PostgreSQL is left out: its binaries are not here.", file=sys.stderr)
        with medallion(folder / "medallion") as server:
            speeds.append(measure(server, MEDALLION_ADDED))
        points = growth(FULL if given.full else SIZES, folder)
    figures = {"speeds": [vars(s) for s in speeds], "growth": points}
    publish(given, "exchange", [table(speeds), grown(points)], figures)


if __name__ == "__main__":
    main()
