"""What a day costs that is added to thirty stored ones, against that day's own scan, in processor seconds.

    python bench/incremental.py [--scale 1] [--json] [--markdown PAGE]

A month is simulated (scenario `scale`, 31 days), cut into files of a day and scanned: the last day alone, all at once,
and added to the stored thirty, as they are, compacted as by default, and compacted into months. Commands are measured
whole, start and judging included; reading is measured by itself, in one process whose kernels are warm.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scanning import run
from tables import Table, add_options, publish

from stillwatch.campaigns.readings import Log
from stillwatch.campaigns.scan import COLUMNS
from stillwatch.campaigns.stored import Past
from stillwatch.engines.local import LocalEngine
from stillwatch.profiles.store.store import opened, present
from stillwatch.traffic import Key, Rejects, RequestSource, open_requests

DAYS = 31
AT_ONCE = 1.5  # the bar: a day added to thirty, against that day alone


@dataclass(frozen=True)
class Point:
    """One way to scan."""

    what: str
    requests: int
    accounts: int
    processor: float  # seconds, the whole command
    reading: float | None  # seconds of it, by itself
    size: int | None  # bytes stored


def month(folder: Path, scale: float) -> list[Path]:
    """Simulate; the files of the days."""
    text = (files("stillwatch.simulate") / "scenarios" / "scale.toml").read_text("utf-8")
    (folder / "month.toml").write_text(text.replace("days = 10", f"days = {DAYS}"), "utf-8")
    run("simulate", str(folder / "month.toml"), "--out", str(folder), "--scale", str(scale), "--quiet")
    table = pq.read_table(folder / "alpha" / "requests.parquet")
    day = pc.floor_temporal(table["time"], unit="day")
    paths = []
    for number, each in enumerate(sorted(pc.unique(day).to_pylist())):
        paths.append(folder / f"day-{number:02}.parquet")
        pq.write_table(table.filter(pc.equal(day, each)), paths[-1])
    return paths


def counts(paths: Sequence[Path]) -> tuple[int, int]:
    """How many requests and accounts."""
    accounts = pa.chunked_array(
        [c for p in paths for c in pq.read_table(p, columns=["account_id"])["account_id"].chunks]
    )
    return len(accounts), len(pc.unique(accounts))


def source(*paths: Path) -> RequestSource:
    """These logs, opened anew."""
    key = Key.ephemeral()
    return open_requests([str(path) for path in paths], rejects=Rejects(), key=key, columns=COLUMNS)


def reading_alone(path: Path) -> float:
    """Processor seconds from a day's log to profiles."""
    with LocalEngine(threads=1) as engine:
        logs = source(path)
        log = Log(lambda _stage, of: engine.lazily(partial(logs.batches, of), logs.schema), engine)
        return _timed(log.people)


def reading_added(path: Path, store: Path) -> float:
    """Processor seconds from a day's log and stored profiles to everybody's."""
    with LocalEngine(threads=1) as engine, opened(store, present(store).belongs) as at:
        past = Past(at, source(path), engine, 168, None, lambda _stage, _share: None)
        return _timed(lambda: (past.take(), past.people()))


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measured(folder: Path, scale: float) -> list[Point]:
    """All ways."""
    days = month(folder, scale)
    past, last = days[:-1], days[-1]
    desk, key, store = folder / "alpha" / "accounts.parquet", folder / "key", folder / "profiles"
    Key.create(key)
    settings = {"STILLWATCH_KEY_FILE": str(key), "OPENBLAS_NUM_THREADS": "1"}
    options = ("--accounts", str(desk), "--threads", "1", "--quiet")

    def scanned(*arguments: Path | str) -> float:
        return run("scan", *(str(each) for each in arguments), *options, settings=settings).processor

    def added(what: str) -> Point:
        before = store.with_name("copy")
        size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
        shutil.copytree(store, before)
        processor = scanned(last, "--profiles", before)
        shutil.rmtree(before)
        shutil.copytree(store, before)
        reading = reading_added(last, before)
        shutil.rmtree(before)
        return Point(what, *counts(days), processor, reading, size)

    scanned(last)  # warms what a command reads
    reading_alone(last)
    alone = Point("the day alone", *counts([last]), scanned(last), reading_alone(last), None)
    first = Point("thirty days, stored", *counts(past), scanned(*past, "--profiles", store), None, None)
    as_stored = added("the day added, hours kept apart")
    run("profiles", "compact", str(store), "--quiet", settings=settings)
    by_default = added("the day added, compacted")
    run("profiles", "compact", str(store), "--hourly-days", "0", "--daily-days", "0", "--quiet", settings=settings)
    merged = added("the day added, merged into months")
    whole = Point("all 31 at once", *counts(days), scanned(*days), None, None)
    return [alone, first, as_stored, by_default, merged, whole]


def table(points: Sequence[Point]) -> Table:
    """Against the day alone."""
    alone = points[0]
    rows = [
        (
            p.what,
            p.requests,
            p.accounts,
            p.processor,
            p.processor / alone.processor,
            p.reading,
            None if p.reading is None or alone.reading is None else p.reading / alone.reading,
            None if p.reading is None else p.processor - p.reading,
            None if p.size is None else p.size / 1e6,
        )
        for p in points
    ]
    columns = ("", "requests", "accounts", "processor s", f"to the day alone (<= {AT_ONCE})", "of it reading s",
               "reading, to the day alone", "the rest s", "stored MB")  # fmt: skip
    return Table("A day added to thirty stored ones:", columns, rows)


def main() -> None:
    """Simulate, scan, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scale", type=float, default=1.0, metavar="X", help="1: three million requests")
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        points = measured(Path(folder), given.scale)
    publish(given, "incremental", [table(points)], [vars(p) for p in points])


if __name__ == "__main__":
    sys.exit(main())
