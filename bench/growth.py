"""Time and memory of a scan as logs grow, from one million simulated requests on.

    python bench/growth.py [--most 5] [--full] [--json] [--markdown PAGE]

Each log is made (scenario `scale`), scanned by the command and deleted again; twenty millions take 3 GB of disk.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from scanning import run, scan
from tables import Table, add_options, publish

SIZES = (1, 2, 5, 10, 20)  # million requests
EVERYDAY = 5


@dataclass(frozen=True)
class Point:
    """A scan of a log of one size."""

    requests: int
    accounts: int
    seconds: float
    processor: float
    peak: int  # bytes


def measure(millions: float, folder: Path) -> Point:
    """Simulate and scan."""
    run("simulate", "scale", "--out", str(folder), "--scale", str(millions), "--quiet")
    scanned = scan(folder / "alpha")
    requests, accounts = (
        pq.read_metadata(folder / "alpha" / f"{name}.parquet").num_rows for name in ("requests", "accounts")
    )
    return Point(requests, accounts, scanned.ran.seconds, scanned.ran.processor, scanned.ran.peak)


def table(points: Sequence[Point]) -> Table:
    """Against the first point, what each takes a request, and how much memory an account more takes."""
    first = points[0]
    rows = []
    for p in points:
        a_million = p.processor / p.requests * 1e6
        grown = (p.peak - first.peak) / (p.accounts - first.accounts) if p.accounts > first.accounts else None
        relative = a_million / (first.processor / first.requests * 1e6)
        rows.append((p.requests, p.accounts, p.seconds, p.processor, a_million, relative, p.peak / 1e6, grown))
    columns = ("requests", "accounts", "wall s", "processor s", "a million", "to the first (0.9 to 1.1)", "peak MB",
               "bytes an account more (<= 1,024)")  # fmt: skip
    return Table("The scan as the log grows:", columns, rows)


def main() -> None:
    """Simulate, scan, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--most", type=float, default=EVERYDAY, metavar="M", help="no log of more than M million requests"
    )
    options.add_argument("--full", action="store_true", help="up to 20 million")
    add_options(options)
    given = options.parse_args()
    points = []
    for millions in (size for size in SIZES if given.full or size <= given.most):
        with tempfile.TemporaryDirectory() as folder:
            points.append(measure(millions, Path(folder)))
        print(points[-1], file=sys.stderr)
    publish(given, "growth", [table(points)], [vars(p) for p in points])


if __name__ == "__main__":
    main()
