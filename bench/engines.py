"""The same scan in process and on Spark: time against time, finding against finding.

    python bench/engines.py [--log FOLDER] [--scale 5] [--master local[2]] [--lose] [--json] [--markdown PAGE]

Without `--log` a log is made (scenario `scale`). What Spark takes to start is measured by a scan of a small log, and
left out of the ratio, as is what the scan in process takes for it. With `--lose` the log is scanned once more on
executors of their own (`--master local-cluster[…]`), one of which is killed in the middle of it.
"""

import argparse
import base64
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from scanning import Scanned, run, scan
from tables import Table, add_options, publish

EVERYDAY = 5
SMALL = "0.05"


@dataclass(frozen=True)
class Compared:
    """One log on two engines; seconds of wall time, of which `_start` of a small log.

    Attributes:
        lost: the scan in which an executor was killed half-way; None where none was.
        same: of the scans of the log, whether their campaigns and traffic are the same documents.
    """

    requests: int
    here: float
    here_start: float
    spark: float
    spark_start: float
    lost: float | None
    here_peak: int
    same: bool

    @property
    def ratio(self) -> float:
        """Spark's time to that in process, start-up aside."""
        return (self.spark - self.spark_start) / (self.here - self.here_start)


def compare(log: Path, small: Path, master: str, *, lose: bool) -> Compared:
    """Scan both logs on both engines, under one key, so that tokens are the same."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "stillwatch.key"
        key.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
        key.chmod(0o600)
        settings = {"STILLWATCH_KEY_FILE": str(key)}
        on_spark = ("--engine", "spark", "--master", master)
        little = [scan(small / "alpha", *options, settings=settings).ran.seconds for options in ((), on_spark)]
        here, spark = (scan(log / "alpha", *options, settings=settings) for options in ((), on_spark))
        lost = _robbed(log, on_spark, settings, after=spark.ran.seconds / 2) if lose else None
    requests = pq.read_metadata(log / "alpha" / "requests.parquet").num_rows
    others = [_found(each) == _found(here) for each in (spark, lost) if each]
    lasted = lost.ran.seconds if lost else None
    return Compared(
        requests, here.ran.seconds, little[0], spark.ran.seconds, little[1], lasted, here.ran.peak, all(others)
    )


def _robbed(log: Path, on_spark: tuple[str, ...], settings: Mapping[str, str], *, after: float) -> Scanned:
    """The same scan, of which an executor is killed after so many seconds."""
    killed: list[int] = []
    with _later(after, lambda: killed.extend(_kill_executor())):
        scanned = scan(log / "alpha", *on_spark, settings=settings)
    if not killed:
        raise SystemExit("There was no executor to kill: --lose needs --master local-cluster[…].")
    return scanned


@contextmanager
def _later(seconds: float, work: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(seconds, work)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _kill_executor() -> Iterator[int]:
    """The first executor below this process; waits for one for a minute."""
    for _ in range(60):
        for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
            if "CoarseGrainedExecutorBackend" in _command(pid) and os.getpid() in _above(pid):
                os.kill(pid, signal.SIGKILL)
                yield pid
                return
        time.sleep(1)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _above(pid: int) -> Iterator[int]:
    """Parents, grandparents and so on."""
    while pid > 1:
        yield pid
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return


def _found(scanned: Scanned) -> tuple[object, object]:
    return scanned.findings["campaigns"], scanned.findings["traffic"]


def table(compared: Compared, master: str) -> Table:
    """Side by side."""
    c = compared
    row = (c.requests, c.here, c.here_start, c.spark, c.spark_start, c.ratio, c.lost, c.same)
    columns = ("requests", "in process s", "of it a small log", f"Spark {master} s", "of it a small log",
               "ratio, start-up aside (<= 3)", "an executor killed half-way, s", "same findings")  # fmt: skip
    return Table("One scan on two engines:", columns, [row])


def main() -> None:
    """Simulate, scan on both, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--log", type=Path, metavar="FOLDER", help="made before, by `stillwatch simulate scale`")
    options.add_argument("--scale", type=float, default=EVERYDAY, metavar="S", help="of the log that is made")
    options.add_argument("--master", default="local[2]", metavar="URL")
    options.add_argument("--lose", action="store_true", help="scan once more, and kill an executor half-way")
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        small, log = Path(made) / "small", given.log or Path(made) / "log"
        run("simulate", "scale", "--out", str(small), "--scale", SMALL, "--quiet")
        if given.log is None:
            run("simulate", "scale", "--out", str(log), "--scale", str(given.scale), "--quiet")
        compared = compare(log, small, given.master, lose=given.lose)
    publish(given, "engines-lose" if given.lose else "engines", [table(compared, given.master)], vars(compared))


if __name__ == "__main__":
    main()
