"""Time and memory of a scan as logs grow, from one million simulated requests to a hundred.

    python bench/growth.py [--most 5] [--full] [--log FOLDER ...] [--json] [--markdown PAGE]

Each log is made (scenario `scale`), scanned by the command and deleted again; a hundred millions take 16 GB of disk.
With `--log` those that `stillwatch simulate scale --scale S --out FOLDER` made before are scanned. What is found
is held against what was planted: a scan that is cheap and accuses the innocent is worth nothing.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from scanning import run, scan
from scorer import Truth, clusters_of, judge
from tables import Bars, Table, add_options, publish

SIZES = (1, 5, 17, 54)  # scales of the scenario: about 1, 5, 20 and 100 million requests
EVERYDAY = 5
AGAINST = 5_000_000  # requests: from there on the cost of one shall stay as it is


@dataclass(frozen=True)
class Point:
    """A scan of a log of one size."""

    requests: int
    accounts: int
    seconds: float
    processor: float
    peak: int  # bytes
    caught: float  # of the planted requests, the share from accounts that were named
    innocent: int  # accounts that were named


def simulated(scale: float, folder: Path) -> Point:
    """Simulate and scan."""
    run("simulate", "scale", "--out", str(folder), "--scale", str(scale), "--quiet")
    return measure(folder)


def measure(folder: Path) -> Point:
    """Scan, and hold what is found against what was planted."""
    scanned = scan(folder / "alpha")
    requests, accounts = (
        pq.read_metadata(folder / "alpha" / f"{name}.parquet").num_rows for name in ("requests", "accounts")
    )
    score = judge(Truth.read(folder / "truth", "alpha"), clusters_of(scanned.findings))
    caught, innocent = score.caught / max(1, score.planted_requests), score.false_accounts.total()
    return Point(requests, accounts, scanned.ran.seconds, scanned.ran.processor, scanned.ran.peak, caught, innocent)


def table(points: Sequence[Point]) -> Table:
    """What each takes a request, against that of about five million, and how much memory."""
    near = min(points, key=lambda p: abs(p.requests - AGAINST))
    rows = []
    for p in points:
        a_million = p.processor / p.requests * 1e6
        relative = a_million / (near.processor / near.requests * 1e6)
        cost = (p.seconds, p.processor, a_million, relative, p.peak / 1e6)
        rows.append((p.requests, p.accounts, *cost, p.caught, p.innocent))
    columns = ("requests", "accounts", "wall s", "processor s", "a million", "to five million (<= 1.3)",
               "peak MB (<= 6,000)", "caught", "innocent accounts")  # fmt: skip
    return Table("The scan as the log grows:", columns, rows)


def pictures(points: Sequence[Point]) -> list[Bars]:
    """Cost and memory."""
    sizes = [f"{p.requests / 1e6:.0f} million" for p in points]
    cost = [p.processor / p.requests * 1e6 for p in points]
    return [
        Bars("Processor time a million requests", "seconds", sizes, cost),
        Bars("Peak memory", "GB", sizes, [p.peak / 1e9 for p in points]),
    ]


def main() -> None:
    """Simulate, scan, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--most", type=float, default=EVERYDAY, metavar="S", help="no larger scale")
    options.add_argument("--full", action="store_true", help="up to 100 million")
    options.add_argument("--log", type=Path, action="append", metavar="FOLDER", help="made before; may be repeated")
    add_options(options)
    given = options.parse_args()
    points = []
    for log in given.log or ():
        points.append(measure(log))
        print(points[-1], file=sys.stderr)
    for scale in () if given.log else (size for size in SIZES if given.full or size <= given.most):
        with tempfile.TemporaryDirectory() as folder:
            points.append(simulated(scale, Path(folder)))
        print(points[-1], file=sys.stderr)
    publish(given, "growth", [table(points), *pictures(points)], [vars(p) for p in points])


if __name__ == "__main__":
    main()
