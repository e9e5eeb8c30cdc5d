"""What a provider needs for a day of one or ten billion requests: arithmetic over measured figures.

    python bench/sizing.py --measure LOG [--curve FILE] [--spark RATIO] [--text 4000] [--hours 4] [--markdown PAGE]

Every figure that goes in is a field of `Measured`. What one log tells (bytes of a profile, of what links accounts, of
the log itself) is taken from LOG, a provider's folder as `stillwatch simulate` makes it; what a request costs, from the
last point of a curve that `bench/growth.py --json` printed. The rest is multiplication, and holds as far as the curve
is a straight line. Simulated texts are short: a second case has --text bytes in each request, not compressed.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tables import Table, add_options, publish

from stillwatch.campaigns.census import SAMPLE
from stillwatch.campaigns.holdings import holdings
from stillwatch.campaigns.scan import COLUMNS
from stillwatch.campaigns.shards import CELL, HELD, SHARD, SPREAD
from stillwatch.campaigns.signed_up import SignedUp
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import profile, zero
from stillwatch.signatures.words import BINS
from stillwatch.traffic import Key, Rejects, open_requests

DAYS = (1_000_000_000, 10_000_000_000)  # requests
HOURS = 4.0  # in which a day's scan should be done
BUSY = 0.7  # share of its cores that a cluster can keep at work
CORES, MEMORY = 16, 64e9  # of a machine
KEPT_DAYS = 30  # of profiles
PARTITION = 200_000  # requests that one task folds before it hands profiles on
TEXTS = ("system_instructions", "input_messages")


@dataclass(frozen=True)
class Measured:
    """What was measured, and on what it was.

    Attributes:
        log: which log told the bytes.
        accounts_per_million: accounts that a million requests come from.
        log_bytes: of a request in compressed Parquet, all columns.
        read_bytes: of that, the columns that a scan reads.
        profile_bytes: of an account in memory.
        wire_bytes: of an account's profile, compressed, as it is shuffled and kept.
        partials: profiles that leave a partition of 200,000 requests, an account that is in the log.
        held: things that link accounts, an account holds.
        held_bytes: of one of them in a join.
        processor_seconds: of a million requests, whole scan, one core; None until a curve is given.
        spark: processor seconds on Spark to those in process; None until it was measured.
        text_bytes: of a request, the texts that are folded.
        text_rate: bytes of text that one core folds in a second, decoding included.
        multiplications: of matrices, that one core makes in a second (32 bits).
    """

    log: str
    accounts_per_million: float
    log_bytes: float
    read_bytes: float
    profile_bytes: float
    wire_bytes: float
    partials: float
    held: float
    held_bytes: float
    text_bytes: float
    text_rate: float
    multiplications: float
    processor_seconds: float | None = None
    spark: float | None = None


def measured(folder: Path) -> Measured:
    """What a log tells of itself."""
    file = folder / "requests.parquet"
    everybody, parts, partial = zero(), 0, zero()
    requests = waiting = text = 0
    profile(next(_requests(file, COLUMNS)))  # kernels are compiled
    started = time.process_time()
    for batch in _requests(file, COLUMNS):
        text += sum(_text(batch.column(name)) for name in TEXTS)
        some = profile(batch)
        everybody.absorb(some)
        partial.absorb(some)
        requests, waiting = requests + len(batch), waiting + len(batch)
        if waiting >= PARTITION:
            parts, partial, waiting = parts + len(partial), zero(), 0
    seconds = time.process_time() - started
    parts += len(partial)
    accounts = len(everybody)
    held = holdings(everybody, SignedUp.nobody(accounts))
    metadata = pq.read_metadata(file)
    read = sum(size for name, size in _columns(metadata) if name in COLUMNS)
    return Measured(
        log=str(Path(*folder.parts[-2:])),
        accounts_per_million=accounts / requests * 1e6,
        log_bytes=sum(size for _, size in _columns(metadata)) / requests,
        read_bytes=read / requests,
        profile_bytes=sum(column.nbytes for column in everybody.state.values()) / accounts,
        wire_bytes=len(wire.dumps(everybody)) / accounts,
        partials=parts / accounts,
        held=len(held.row) / accounts,
        held_bytes=float(sum(field.type.bit_width // 8 for field in HELD)),
        text_bytes=text / requests,
        text_rate=text / seconds,
        multiplications=_multiplications(),
    )


def _text(column: pa.Array) -> int:
    texts = column.flatten().field("content") if pa.types.is_list(column.type) else column
    return int(pc.sum(pc.binary_length(texts)).as_py() or 0)


def _multiplications() -> float:
    """As an account's contents are held against the representatives of cells."""
    ours, theirs = np.ones((4096, BINS), np.float32), np.ones((BINS, 4096), np.float32)
    started = time.process_time()
    for _ in range(8):
        ours @ theirs
    return 8 * 4096 * 4096 * BINS / (time.process_time() - started)


def _requests(file: Path, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:

    source = open_requests([str(file)], rejects=Rejects(), key=Key.ephemeral(), columns=columns)
    return (decode() for decode in source.batches())


def _columns(metadata: pq.FileMetaData) -> Iterator[tuple[str, int]]:
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            yield column.path_in_schema.partition(".")[0], column.total_compressed_size


@dataclass(frozen=True)
class Need:
    """What a day takes; None where a figure is missing.

    Attributes:
        requests: of the day.
        accounts: that it comes from.
        core_hours: of one scan of the day.
        dealing: core hours of holding every account against the representatives of the cells.
        cores: to be done in the hours.
        memory: of all executors together: profiles of everybody, twice while they are shuffled, and what they hold.
        machines: by cores or by memory, whichever is more.
        shuffled: bytes of profiles, and of what they hold in three joins.
        network: bytes a second from the store, both readings, while the scan runs.
        log: bytes of the day's log.
        kept: bytes of the profiles of the days kept, if every account were there in one hour of each day.
        shards: parts that are judged apart.
        cell: accounts of a cell, in shards: more than one are parted without regard to what they ask.
    """

    requests: int
    accounts: float
    core_hours: float | None
    dealing: float
    cores: float | None
    memory: float
    machines: float | None
    shuffled: float
    network: float
    log: float
    kept: float
    shards: float
    cell: float


def need(requests: int, of: Measured, *, hours: float = HOURS, text: float | None = None) -> Need:
    """The multiplication.

    Args:
        requests: a day's.
        of: what was measured.
        hours: in which the day should be done.
        text: bytes in each request, not compressed; None: as in the measured log, compressed as there.
    """
    accounts = requests / 1e6 * of.accounts_per_million
    more = 0.0 if text is None else max(0.0, text - of.text_bytes)
    seconds = None if of.processor_seconds is None else of.processor_seconds + 2 * 1e6 * more / of.text_rate
    core_hours = None if seconds is None else requests / 1e6 * seconds * (of.spark or 1) / 3600
    representatives = min(SAMPLE, SPREAD * accounts / CELL)
    dealing = 2 * accounts * representatives * BINS / of.multiplications / 3600  # for sizes, and for places
    cores = None if core_hours is None else (core_hours + dealing) / hours / BUSY
    held = accounts * of.held * of.held_bytes
    memory = 2 * accounts * of.profile_bytes + held
    return Need(
        requests,
        accounts,
        core_hours=core_hours,
        dealing=dealing,
        cores=cores,
        memory=memory,
        machines=None if cores is None else max(cores / CORES, memory / MEMORY),
        shuffled=accounts * of.partials * of.wire_bytes + 3 * held,
        network=2 * requests * (of.read_bytes + more) / (hours * 3600),
        log=requests * (of.log_bytes + more),
        kept=KEPT_DAYS * accounts * of.wire_bytes,
        shards=max(1.0, accounts / SHARD),
        cell=accounts / representatives / SHARD,
    )


ROWS = (
    ("accounts", "accounts", 1e6, "million"),
    ("processor, reading twice and judging", "core_hours", 1, "core hours"),
    ("processor, dealing accounts to cells", "dealing", 1, "core hours"),
    ("cores at work", "cores", 1, ""),
    (f"machines of {CORES} cores and {MEMORY / 1e9:.0f} GB", "machines", 1, ""),
    ("memory of all executors", "memory", 1e9, "GB"),
    ("shuffled", "shuffled", 1e9, "GB"),
    ("from the store, on average", "network", 1.25e8, "Gbit/s"),
    ("the day's log", "log", 1e12, "TB"),
    (f"profiles of {KEPT_DAYS} days", "kept", 1e9, "GB"),
    ("shards that are judged apart", "shards", 1, ""),
    ("shards a cell of content fills", "cell", 1, ""),
)


def tables(of: Measured, hours: float, text: float) -> list[Table]:
    """What went in, and what comes out."""
    inputs = [(name.replace("_", " "), value) for name, value in asdict(of).items()]
    cases = [(requests, texts) for texts in (None, text) for requests in DAYS]
    needs = [need(requests, of, hours=hours, text=texts) for requests, texts in cases]
    names = [
        f"{requests / 1e9:g} billion a day, {'short texts' if texts is None else f'{texts:,.0f} bytes each'}"
        for requests, texts in cases
    ]
    rows = [(name, *(_scaled(getattr(n, key), scale) for n in needs), unit) for name, key, scale, unit in ROWS]
    return [
        Table("What was measured:", ("figure", "value"), inputs),
        Table(
            f"What a day takes, done in {hours:g} hours by cores that work {BUSY:.0%} of the time:",
            ("what", *names, "unit"),
            rows,
        ),
    ]


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale


def main() -> None:
    """Measure what is asked for, multiply, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--measure", type=Path, metavar="LOG", required=True, help="a provider's folder")
    options.add_argument("--curve", type=Path, metavar="FILE", help="what bench/growth.py --json printed")
    options.add_argument("--spark", type=float, metavar="RATIO", help="processor time on Spark to that in process")
    options.add_argument("--hours", type=float, default=HOURS, help="in which a day should be done")
    options.add_argument("--text", type=float, default=4000, metavar="BYTES", help="of a request, in the second case")
    add_options(options)
    given = options.parse_args()
    of = replace(measured(given.measure), spark=given.spark)
    if given.curve:
        last = max(json.loads(given.curve.read_text("utf-8")), key=lambda point: point["requests"])
        of = replace(of, processor_seconds=last["processor"] / last["requests"] * 1e6)
    figures = {"measured": asdict(of), "needs": [asdict(need(requests, of, hours=given.hours)) for requests in DAYS]}
    publish(given, "sizing", tables(of, given.hours, given.text), figures)


if __name__ == "__main__":
    main()
