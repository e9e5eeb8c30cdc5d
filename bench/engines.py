"""The same scan in process and on Spark: time against time, finding against finding.

    python bench/engines.py [--log FOLDER] [--scale 5] [--master local[2]] [--json] [--markdown PAGE]

Without `--log` a log is made (scenario `scale`). What Spark takes to start is measured by a scan of a small log, and
left out of the ratio, as is what the scan in process takes for it.
"""

import argparse
import base64
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from scanning import run, scan
from tables import Table, add_options, publish

EVERYDAY = 5
SMALL = "0.05"


@dataclass(frozen=True)
class Compared:
    """One log on two engines; seconds of wall time, of which `_start` of a small log."""

    requests: int
    here: float
    here_start: float
    spark: float
    spark_start: float
    here_peak: int
    same: bool

    @property
    def ratio(self) -> float:
        """Spark's time to that in process, start-up aside."""
        return (self.spark - self.spark_start) / (self.here - self.here_start)


def compare(log: Path, small: Path, master: str) -> Compared:
    """Scan both logs on both engines, under one key, so that tokens are the same."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "stillwatch.key"
        key.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
        key.chmod(0o600)
        settings = {"STILLWATCH_KEY_FILE": str(key)}
        on_spark = ("--engine", "spark", "--master", master)
        little = [scan(small / "alpha", *options, settings=settings).ran.seconds for options in ((), on_spark)]
        here, spark = (scan(log / "alpha", *options, settings=settings) for options in ((), on_spark))
    requests = pq.read_metadata(log / "alpha" / "requests.parquet").num_rows
    same = (
        here.findings["campaigns"] == spark.findings["campaigns"]
        and here.findings["traffic"] == spark.findings["traffic"]
    )
    return Compared(requests, here.ran.seconds, little[0], spark.ran.seconds, little[1], here.ran.peak, same)


def table(compared: Compared, master: str) -> Table:
    """Side by side."""
    c = compared
    row = (c.requests, c.here, c.here_start, c.spark, c.spark_start, c.ratio, c.same)
    columns = ("requests", "in process s", "of it a small log", f"Spark {master} s", "of it a small log",
               "ratio, start-up aside (<= 3)", "same findings")  # fmt: skip
    return Table("One scan on two engines:", columns, [row])


def main() -> None:
    """Simulate, scan on both, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--log", type=Path, metavar="FOLDER", help="made before, by `stillwatch simulate scale`")
    options.add_argument("--scale", type=float, default=EVERYDAY, metavar="S", help="of the log that is made")
    options.add_argument("--master", default="local[2]", metavar="URL")
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        small, log = Path(made) / "small", given.log or Path(made) / "log"
        run("simulate", "scale", "--out", str(small), "--scale", SMALL, "--quiet")
        if given.log is None:
            run("simulate", "scale", "--out", str(log), "--scale", str(given.scale), "--quiet")
        compared = compare(log, small, given.master)
    publish(given, "engines", [table(compared, given.master)], vars(compared))


if __name__ == "__main__":
    main()
