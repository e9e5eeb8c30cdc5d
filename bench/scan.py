"""Time the scan and its parts, each against what it is to be held to, side by side in one run, as ratios of medians.

    python bench/scan.py [--scenario mixed] [--json] [--markdown PAGE]

- signatures against a bare rolling hash over the same buffer, and against rensa's and datasketch's bulk calls;
- the fold into profiles against the signatures of the same texts alone;
- JSON lines, read and folded, against how fast the newlines of the same file are found;
- the whole command `stillwatch scan` on a log of 200,000 requests, warm, and `stillwatch --help`.
"""

import argparse
import mmap
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from labelled import KEPT, Log, own, scenarios
from scanning import run, scan
from tables import Table, add_options, publish

ROUNDS = 5
LINES = 120_000
BLOCK = 1 << 20

Row = tuple[str, float, str, str]  # what, figure, unit, what it is held to


def whole(log: Log) -> Iterator[Row]:
    """The command, from its start to the findings on disk."""
    scan(log.folder)
    scans = [scan(log.folder) for _ in range(3)]
    requests = pq.read_metadata(log.folder / "requests.parquet").num_rows
    of = f"scan of {log.name}, {requests:,} requests"
    yield f"{of}, wall", statistics.median(s.ran.seconds for s in scans), "s", "<= 8"
    yield f"{of}, processor", statistics.median(s.ran.processor for s in scans), "s", ""
    yield f"{of}, peak memory", max(s.ran.peak for s in scans) / 1e9, "GB", "<= 1.5"
    run("--help")
    yield "stillwatch --help", statistics.median(run("--help").seconds for _ in range(2 * ROUNDS)), "s", "<= 0.3"


def medians(
    contenders: dict[str, Callable[[], object]], clock: Callable[[], float], rounds: int = ROUNDS
) -> dict[str, float]:
    """Median seconds of each; rounds of all follow each other, and the first does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, contender in contenders.items():
            started = clock()
            contender()
            seconds[name].append(clock() - started)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def kernels() -> Iterator[Row]:
    """Signatures against the least a rolling hash takes, and against others."""
    import signatures  # noqa: PLC0415 - holds the other libraries, which the runs above need not carry

    rng = np.random.default_rng(1)
    latin = signatures.prose(30_000, rng)
    han = signatures.signs(3_000, rng)
    mixed = [*latin[:-3_000], *han]
    for name, texts in {"prose": latin, "a tenth of it in signs": mixed, "signs alone": han}.items():
        yield f"signatures / bare rolling hash, {name}", signatures.against_bare(texts)["ratio"], "", "<= 1.6"
    for name, ratio in signatures.against_others(latin).items():
        yield f"{name} / signatures", ratio, "", ">= 35" if "rensa" in name else ">= 70"


def fold(log: Log) -> Iterator[Row]:
    """Profiles of the requests of a log in memory, against the signatures of the texts that were asked in them."""
    from stillwatch.profiles.accounts import profile, zero  # noqa: PLC0415
    from stillwatch.signatures.kernel import sign  # noqa: PLC0415

    batches = [decode() for decode in _source(log.folder / "requests.parquet").batches()]
    texts = [_asked(batch) for batch in batches]
    contenders: dict[str, Callable[[], object]] = {
        "sign": lambda: [sign(text) for text in texts],
        "profile": lambda: [profile(batch) for batch in batches],
    }
    made = [profile(batch) for batch in batches]
    contenders["absorb"] = lambda: [everybody.absorb(one) for everybody in (zero(),) for one in made]
    took = medians(contenders, time.thread_time)
    requests = sum(map(len, batches))
    yield f"fold into profiles / signatures alone, {log.name}", took["profile"] / took["sign"], "", "<= 1.3"
    yield f"the same, with batches merged, {log.name}", (took["profile"] + took["absorb"]) / took["sign"], "", ""
    yield f"signatures, a core, {log.name}", requests / took["sign"], "requests/s", ""
    yield f"fold into profiles, a core, {log.name}", requests / took["profile"], "requests/s", ""


def _asked(batch: pa.RecordBatch) -> pa.StringArray:
    """The last message of each request, and each system text once: what a fold takes signatures of."""
    messages = batch.column("input_messages")
    last = messages.offsets.to_numpy()[1:] - 1
    contents = messages.values.field("content").take(pa.array(last))
    return pa.concat_arrays([contents, pc.unique(batch.column("system_instructions")).drop_null()])


def _source(file: Path):  # noqa: ANN202
    from stillwatch.profiles.accounts import COLUMNS  # noqa: PLC0415
    from stillwatch.traffic import Key, Rejects, open_requests  # noqa: PLC0415

    return open_requests([str(file)], rejects=Rejects(), key=Key.ephemeral(), columns=COLUMNS)


def lines(log: Log) -> Iterator[Row]:
    """JSON lines from the file to profiles, against finding the newlines."""
    from stillwatch.engines import local  # noqa: PLC0415
    from stillwatch.profiles.accounts import profile, zero  # noqa: PLC0415

    file = _as_lines(log)

    def read(threads: int) -> None:
        local.fold(_source(file).batches(), profile, zero().absorb, threads=threads)

    contenders: dict[str, Callable[[], object]] = {name: lambda f=find: f(file) for name, find in FINDERS.items()}
    contenders |= {"one": lambda: read(1), "two": lambda: read(2)}
    processor, wall = medians(contenders, time.process_time, 3), medians(contenders, time.perf_counter, 3)
    size = file.stat().st_size / 1e6
    newlines = min(FINDERS, key=lambda name: processor[name])
    for name in FINDERS:
        yield f"newlines found, {name}, a core", size / processor[name], "MB/s", ""
    yield "JSON lines to profiles, a core", size / processor["one"], "MB/s", ""
    yield "JSON lines / newlines, a core", processor[newlines] / processor["one"], "", ">= 0.125"
    yield "JSON lines / newlines, wall, two threads", wall[newlines] / wall["two"], "", ""


def _by_comparing(file: Path) -> int:
    """Positions by comparing, a megabyte at a time, so that it stays in the cache."""
    found = 0
    with file.open("rb", buffering=0) as opened:
        block = bytearray(BLOCK)
        octets = np.frombuffer(block, np.uint8)
        while size := opened.readinto(block):
            found += len(np.flatnonzero(octets[:size] == 10))
    return found


def _by_searching(file: Path) -> int:
    """Positions by the C library's search, over a memory map."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return len([found.start() for found in re.finditer(rb"\n", mapped)])


def _by_counting(file: Path) -> int:
    """Their number alone."""
    with file.open("rb", buffering=0) as opened:
        return sum(block.count(b"\n") for block in iter(lambda: opened.read(BLOCK), b""))


FINDERS = {"numpy": _by_comparing, "re": _by_searching, "bytes.count": _by_counting}


def _as_lines(log: Log) -> Path:
    """The first requests of a log as JSON lines, kept."""
    file = KEPT / f"{log.made.name}.jsonl"
    if not file.exists():
        encoder, part = msgspec.json.Encoder(), file.with_suffix(".part")
        rows = pq.ParquetFile(log.folder / "requests.parquet").iter_batches(8192)
        with part.open("wb") as out:
            for batch, _ in zip(rows, range(LINES // 8192), strict=False):
                out.write(encoder.encode_lines(batch.to_pylist()))
        part.rename(file)
    return file


def held(figure: float, to: str) -> bool | None:
    """Whether a figure holds what it is held to."""
    if not to:
        return None
    sign, bound = to.split()
    return figure <= float(bound) if sign == "<=" else figure >= float(bound)


def main() -> None:
    """Time, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", metavar="NAME", help="what the whole scan is timed on; mixed, if it is there")
    add_options(options)
    given = options.parse_args()
    there = {s.name: s for s in scenarios()}
    timed = there[given.scenario or ("mixed" if "mixed" in there else "evasive")].logs(None)[0]
    simulated = own("scale", 0.15).logs(None)[0]
    rows = [*whole(timed), *kernels(), *fold(simulated), *fold(timed), *lines(simulated)]
    table = Table(
        "Times and ratios, medians:",
        ("what", "figure", "unit", "held to", "holds"),
        [(*r, held(r[1], r[3])) for r in rows],
    )
    publish(given, "scan", [table], [dict(zip(table.columns, r, strict=True)) for r in table.rows])


if __name__ == "__main__":
    main()
