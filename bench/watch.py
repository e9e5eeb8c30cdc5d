"""Measure what a watch holds, writes and reads: memory an account, journal a request, requests a second, a restart.

    python bench/watch.py [--accounts N] [--json] [--markdown PAGE]

Accounts are tracked as they come in live traffic: in small pieces, each written to the journal before it counts. Memory
is the resident set's growth, so that nothing is left out.
"""

import argparse
import gc
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
from labelled import own
from scan import Row, _as_lines, held
from tables import Table, add_options, publish

from stillwatch.config import InputConfig, WatchConfig
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.state import FIELDS
from stillwatch.traffic import Key
from stillwatch.watch.journal import Journal
from stillwatch.watch.loop import Watch
from stillwatch.watch.sources.files import Files
from stillwatch.watch.sources.folding import Folding
from stillwatch.watch.window import Window

PIECE = 2000  # new accounts of a flush
DAYS = 28
ROUNDS = 3


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def newcomers(first: int, number: int, rng: np.random.Generator) -> Profiles:
    """Accounts as after a few requests each, with ids as long as a UUID; no two alike, so that nothing packs well."""
    state = {name: np.full((number, n), empty, dtype) for name, (dtype, n, empty) in FIELDS.items()}
    state["requests"][:, 0] = rng.integers(1, 9, number)
    state["first"][:, 0] = state["last"][:, 0] = 1_772_452_800_000_000 + np.arange(first, first + number) * 1000
    state["hours"][np.arange(number), rng.integers(0, state["hours"].shape[1], number)] = 1
    state["words"][np.arange(number)[:, None], rng.integers(0, state["words"].shape[1], (number, 12))] = 1
    for name, kept in (("shared", 24), ("asked", 3), ("told", 2), ("addresses", 1), ("organization", 1)):
        drawn = rng.integers(0, np.iinfo(state[name].dtype).max, (number, kept), dtype=state[name].dtype)
        state[name][:, :kept] = np.sort(drawn, axis=1)
    return Profiles.of(pa.array([f"user-{first + i:031x}" for i in range(number)]), state)


def tracked(accounts: int, folder: Path) -> Iterator[Row]:
    """So many accounts, come in pieces; then the same after a restart, with the journal as it is and merged."""
    _come(folder / "first", 10 * PIECE)  # the code itself takes memory, when it is first used
    gc.collect()
    before = resident()
    journal, window = _come(folder, accounts)
    gc.collect()
    of = f"{accounts:,} accounts"
    yield f"memory an account, {of}", (resident() - before) / accounts, "bytes", "<= 1024"
    started = time.perf_counter()
    window.ordered()
    yield f"a copy to judge, {of}", time.perf_counter() - started, "s", ""
    del window
    journal.close()
    yield f"journal an account, {of}", sum(p.stat().st_size for p in folder.glob("*.journal")) / accounts, "bytes", ""
    yield f"restart, {of}", _restart(folder, accounts), "s", "<= 60"


def _come(folder: Path, accounts: int) -> tuple[Journal, Window]:
    rng, journal = np.random.default_rng(1), Journal(folder)
    window = Window(journal, days=DAYS, most=2 * accounts)
    for number, first in enumerate(range(0, accounts, PIECE)):
        some = newcomers(first, min(PIECE, accounts - first), rng)
        window.absorb(some, journal.append(some, {"bench": {"at": number}}))
    journal.compact(journal.today)
    return journal, window


def _restart(folder: Path, accounts: int) -> float:
    gc.collect()
    started = time.perf_counter()
    with closing(Journal(folder)) as journal:
        window = Window(journal, days=DAYS, most=2 * accounts)
        took = time.perf_counter() - started
        assert len(window) == accounts  # noqa: S101
    return took


def files(folder: Path) -> Iterator[Row]:
    """A log of JSON lines, from the file to the window, as `watch --once` reads it; nobody is judged."""
    log = own("scale", 0.15).logs(None)[0]
    file, rates = _as_lines(log), []
    for _ in range(ROUNDS + 1):
        shutil.rmtree(folder, ignore_errors=True)
        with closing(Journal(folder)) as journal:
            source = Files([str(file)], Folding.of(InputConfig(), Key.ephemeral()), once=True)
            window = Window(journal, days=DAYS, most=1_000_000)
            watch = Watch([source], journal, window, lambda _: True, WatchConfig())
            started = time.perf_counter()
            watch.run(once=True)
            requests = watch.metrics.value("requests")
            rates.append(requests / (time.perf_counter() - started))
            written = sum(path.stat().st_size for path in folder.iterdir()) / requests
            journal.compact(journal.days[0])
            merged = sum(path.stat().st_size for path in folder.iterdir()) / requests
            accounts = len(window)
    of = f"{requests:,.0f} requests of {accounts:,} accounts as JSON lines"
    yield f"from file to window, {of}", statistics.median(rates[1:]), "requests/s", ""
    yield f"journal a request, {of}", written, "bytes", ""
    yield f"the same, merged, {of}", merged, "bytes", ""
    yield f"log a request, {of}", file.stat().st_size / requests, "bytes", ""


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--accounts", type=int, default=1_000_000, metavar="N", help="how many are tracked")
    add_options(options)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        rows = [*tracked(given.accounts, Path(place) / "tracked"), *files(Path(place) / "files")]
    columns = ("what", "figure", "unit", "held to", "holds")
    table = Table("A watch, medians:", columns, [(*r, held(r[1], r[3])) for r in rows])
    publish(given, "watch", [table], [dict(zip(columns, r, strict=True)) for r in table.rows])


if __name__ == "__main__":
    main()
