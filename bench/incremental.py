"""What a day costs that is added to thirty stored ones, against that day's own scan, in processor seconds.

    python bench/incremental.py [--scale 1] [--json] [--markdown PAGE]

Five weeks are simulated (scenario `scale`), a file a day. Thirty days are stored; the next seven are added
one by one, and profiles are compacted every night, as by default. Each day is scanned alone as well. Commands are
measured whole, start and judging included; all is scanned at once in the end, to compare what was found.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pyarrow.compute as pc
import pyarrow.parquet as pq
from scanning import run, scan_files
from tables import Table, add_options, publish

from stillwatch.traffic import Key

STORED, ADDED = 30, 7
AT_ONCE = 1.5  # the bar: a day added to thirty, against that day alone


@dataclass(frozen=True)
class Day:
    """A day that was added; processor seconds of whole commands.

    Attributes:
        looked_at: accounts that were looked at anew; None: everybody.
    """

    number: int
    requests: int
    accounts: int
    stored: int
    looked_at: int | None
    alone: float
    added: float


@dataclass(frozen=True)
class Week:
    """All of it."""

    days: list[Day]
    at_once: float
    same: bool


def weeks(folder: Path, scale: float) -> list[Path]:
    """Simulate; the files of the days."""
    text = (files("stillwatch.simulate") / "scenarios" / "scale.toml").read_text("utf-8")
    (folder / "weeks.toml").write_text(text.replace("days = 10", f"days = {STORED + ADDED}"), "utf-8")
    run("simulate", str(folder / "weeks.toml"), "--out", str(folder), "--scale", str(scale), "--quiet")
    table = pq.read_table(folder / "alpha" / "requests.parquet")
    day = pc.floor_temporal(table["time"], unit="day")
    paths = []
    for number, each in enumerate(sorted(pc.unique(day).to_pylist())):
        paths.append(folder / f"day-{number:02}.parquet")
        pq.write_table(table.filter(pc.equal(day, each)), paths[-1])
    return paths


def measured(folder: Path, scale: float) -> Week:
    """Thirty days, and a week."""
    days = weeks(folder, scale)
    key, store = folder / "key", folder / "profiles"
    Key.create(key)
    settings = {"STILLWATCH_KEY_FILE": str(key), "OPENBLAS_NUM_THREADS": "1"}
    options = ("--accounts", str(folder / "alpha" / "accounts.parquet"), "--threads", "1")
    past, following = days[:STORED], days[STORED : STORED + ADDED]
    scan_files(past, *options, "--profiles", str(store), settings=settings)
    made = [_added(number, day, store, options, settings) for number, day in enumerate(following, STORED + 1)]
    whole = scan_files(past + following, *options, settings=settings)
    last = scan_files([following[-1]], *options, "--profiles", str(store), settings=settings)
    return Week(made, whole.ran.processor, _members(whole.findings) == _members(last.findings))


def _added(number: int, day: Path, store: Path, options: Sequence[str], settings: Mapping[str, str]) -> Day:
    run("profiles", "compact", str(store), "--quiet", settings=settings)
    accounts = len(pc.unique(pq.read_table(day, columns=["account_id"])["account_id"]))
    alone = scan_files([day], *options, settings=settings)
    added = scan_files([day], *options, "--profiles", str(store), settings=settings)
    inputs = added.findings["inputs"]
    return Day(
        number,
        alone.findings["inputs"]["requests"],
        accounts,
        inputs["accounts"],
        _looked_at(inputs["notes"]),
        alone.ran.processor,
        added.ran.processor,
    )


def _looked_at(notes: Sequence[str]) -> int | None:
    found = re.search(r"Looked at were .* and ([0-9,]+) accounts", " ".join(notes))
    return int(found[1].replace(",", "")) if found else None


def _members(findings: Mapping[str, Any]) -> set[frozenset[str]]:
    return {frozenset(each["account_id"] for each in campaign["accounts"]) for campaign in findings["campaigns"]}


def table(week: Week) -> Table:
    """Day by day, and all seven."""
    rows = [
        (d.number, d.requests, d.accounts, d.stored, d.looked_at or d.stored, d.alone, d.added, d.added / d.alone)
        for d in week.days
    ]
    alone, added = sum(d.alone for d in week.days), sum(d.added for d in week.days)
    rows.append(("all", sum(d.requests for d in week.days), None, None, None, alone, added, added / alone))
    columns = ("day", "requests", "accounts", "stored accounts", "looked at", "alone s", "added s",
               f"to the day alone (<= {AT_ONCE})")  # fmt: skip
    same = "the same campaigns and members" if week.same else "OTHER campaigns or members"
    return Table(
        f"A week of days added to thirty stored ones (all at once: {week.at_once:.1f} s, {same}):", columns, rows
    )


def main() -> None:
    """Simulate, scan, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scale", type=float, default=1.0, metavar="X", help="1: three million requests")
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        week = measured(Path(folder), given.scale)
    figures = {"days": [vars(d) for d in week.days], "at_once": week.at_once, "same": week.same}
    publish(given, "incremental", [table(week)], figures)


if __name__ == "__main__":
    sys.exit(main())
