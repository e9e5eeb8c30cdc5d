"""The console as people meet it: a server in a process of its own, whole pages, and many analysts at once.

with serving(folder, database) as served:
    page_times(served, people["ana"], {"queue": "/cases"}, repeats=20)
    crowd(served.url, people, Work(paths, cases, seconds=20, pause=1.0))
"""

import asyncio
import io
import random
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from scanning import COMMAND

from stillwatch.web.access import tables
from stillwatch.web.access.people import People
from stillwatch.web.access.sessions import Sessions
from stillwatch.web.model import Person, Role
from stillwatch.web.store import Store

DAY = timedelta(days=1)
_SETTINGS = """\
[console]
db = "{db}"
findings = "{folder}/none.json"
[reviews]
path = "{folder}/reviews.sqlite"
[response]
ledger = "{folder}/ledger.sqlite"
relay = "{folder}/relay"
[exchange]
state = "{folder}/exchange.sqlite"
[watch]
folder = "{folder}/watch"
"""


@dataclass(frozen=True)
class Served:
    """A console that answers."""

    url: str
    process: int

    def processor(self) -> float:
        """Seconds that its threads have computed so far, whatever else the machine does meanwhile."""
        threads = Path(f"/proc/{self.process}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


@contextmanager
def serving(folder: Path, db: str) -> Iterator[Served]:
    """A running console over a filled store, with the ledger and the exchange's state of a folder."""
    settings = folder / "stillwatch.toml"
    settings.write_text(_SETTINGS.format(folder=folder, db=db), "utf-8")
    command = [COMMAND, "serve", "console", "--config", str(settings), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, text=True) as server:
        try:
            yield Served((server.stdout or io.StringIO()).readline().split()[-1], server.pid)
        finally:
            server.terminate()


def signed_in(store: Store, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Options of clients as which these people, who are made, are signed in; by name."""
    tables.make(store.database)
    people, sessions = People(store.database), Sessions(store.database, DAY, DAY)
    now, options = datetime.now(UTC), {}
    for name in names:
        person = Person(name, Role.ANALYST)
        if people.named(name) is None:
            people.add(name, person.role)
        token = sessions.begun(person, "password", now)
        if signed := sessions.found(token, now):
            options[name] = {"cookies": {"stillwatch-session": token}, "headers": {"x-csrf-token": signed.csrf}}
    return options


def exports(url: str, options: dict[str, Any], pages: dict[str, str]) -> dict[str, dict[str, float]]:
    """Milliseconds from a request to the first byte of its rows, and to the last; and their size."""
    found = {}
    with httpx2.Client(base_url=url, timeout=60, trust_env=False, **options) as client:
        for name, path in pages.items():
            began, size, first = time.perf_counter(), 0, 0.0
            with client.stream("GET", path) as answer:
                answer.raise_for_status()
                for piece in answer.iter_bytes():
                    first = first or time.perf_counter() - began
                    size += len(piece)
            whole = 1000 * (time.perf_counter() - began)
            found[name] = {"first byte, ms": 1000 * first, "last byte, ms": whole, "kB": size / 1000}
    return found


def page_times(
    served: Served, options: dict[str, Any], pages: dict[str, str], repeats: int
) -> dict[str, dict[str, float]]:
    """Milliseconds from a request to the last byte of its page, one at a time; what was computed; the page's size."""
    found = {}
    with httpx2.Client(base_url=served.url, timeout=60, trust_env=False, **options) as client:
        for name, path in pages.items():
            times = []
            work = []
            for _ in range(repeats + 1):
                began, computed = time.perf_counter(), served.processor()
                answer = client.get(path)
                times.append(1000 * (time.perf_counter() - began))
                work.append(1000 * (served.processor() - computed))
                answer.raise_for_status()
            first, *others = times
            found[name] = {
                "first, ms": first,
                "median, ms": statistics.median(others),
                "longest, ms": max(others),
                "computed first, ms": work[0],
                "computed, ms": statistics.median(work[1:]),
                "kB": len(answer.content) / 1000,
            }
    return found


@dataclass
class Crowd:
    """What many analysts met with."""

    times: list[float] = field(default_factory=list)  # seconds a request
    notes: int = 0
    problems: list[str] = field(default_factory=list)

    def figures(self, seconds: float) -> dict[str, float]:
        """As a table has them."""
        cuts = statistics.quantiles(self.times, n=100)
        return {
            "requests": len(self.times),
            "a second": len(self.times) / seconds,
            "median, ms": 1000 * cuts[49],
            "95 %, ms": 1000 * cuts[94],
            "99 %, ms": 1000 * cuts[98],
            "longest, ms": 1000 * max(self.times),
            "notes written": self.notes,
            "errors": len(self.problems),
        }


@dataclass(frozen=True)
class Work:
    """What analysts do: look at pages, and write a note with one request in ten.

    Attributes:
        paths: what they look at.
        cases: what they write notes on.
        seconds: for how long.
        pause: seconds between an answer and the next request, on average.
    """

    paths: Sequence[str]
    cases: Sequence[str]
    seconds: float
    pause: float


def crowd(url: str, people: dict[str, dict[str, Any]], work: Work) -> Crowd:
    """All of them at work at once.

    Args:
        url: of the console.
        people: options of their clients, by name.
        work: what they do.
    """
    return asyncio.run(_crowd(url, people, work))


async def _crowd(url: str, people: dict[str, dict[str, Any]], work: Work) -> Crowd:
    together, end = Crowd(), time.perf_counter() + work.seconds

    async def analyst(name: str) -> None:
        draw = random.Random(name)  # noqa: S311 — no secret
        async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False, **people[name]) as client:
            await asyncio.sleep(draw.random() * work.pause)
            while time.perf_counter() < end:
                await _act(client, draw, together, work)
                await asyncio.sleep(draw.random() * 2 * work.pause)

    await asyncio.gather(*map(analyst, people))
    return together


async def _act(client: httpx2.AsyncClient, draw: random.Random, together: Crowd, work: Work) -> None:
    began = time.perf_counter()
    try:
        if draw.random() < 0.1:
            case = draw.choice(work.cases)
            answer = await client.post(f"/cases/{case}/notes", data={"text": "seen"})
            together.notes += answer.status_code < 400
        else:
            answer = await client.get(draw.choice(work.paths))
    except httpx2.HTTPError as error:
        together.problems.append(repr(error))
        return
    together.times.append(time.perf_counter() - began)
    if answer.status_code >= 400:
        together.problems.append(f"{answer.status_code} {answer.url}")
