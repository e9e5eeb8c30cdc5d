"""Writing: a world as the files that a provider would have, and the truth beside them.

out/<provider>/requests.parquet, out/<provider>/accounts.parquet
out/truth/requests.parquet, out/truth/accounts.parquet, out/truth/scenario.json
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.simulate.rendering import TRUTH_REQUESTS
from stillwatch.simulate.scenario import Scenario
from stillwatch.simulate.sign_ups import TRUTH_ACCOUNTS
from stillwatch.simulate.world import World, generate
from stillwatch.traffic.schema import ACCOUNTS, REQUESTS

Progress = Callable[[str, float], None]


def write(
    scenario: Scenario,
    out: str | Path,
    *,
    seed: int | None = None,
    scale: float = 1.0,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Writes a scenario's traffic and its truth; nothing is left behind if it fails.

    Args:
        scenario: see `scenario.load`.
        out: the folder to write; made if it is not there.
        seed: other than the scenario's own.
        scale: times the accounts and requests of the scenario.
        progress: is told the provider and the share that is written.

    Returns:
        How many requests each provider has.

    Raises:
        ConfigError: the scale or the scenario makes no sense.
        InputError: the folder cannot be written.
    """
    world, folder = generate(scenario, seed=seed, scale=scale), Path(out)
    try:
        with ExitStack() as files:
            return _write(world, folder, files, progress or (lambda _stage, _share: None))
    except OSError as error:
        hint = "Is there room, and may you write there?"
        raise InputError(
            f"the traffic cannot be written ({error.strerror or error}).", where=str(folder), hint=hint
        ) from error


def _write(world: World, folder: Path, files: ExitStack, progress: Progress) -> dict[str, int]:
    truth = files.enter_context(_parquet(folder / "truth" / "requests.parquet", TRUTH_REQUESTS))
    account_truth = files.enter_context(_parquet(folder / "truth" / "accounts.parquet", TRUTH_ACCOUNTS))
    counted = {}
    for provider in world.providers:
        requests = files.enter_context(_parquet(folder / provider / "requests.parquet", REQUESTS))
        files.enter_context(_parquet(folder / provider / "accounts.parquet", ACCOUNTS)).write_table(
            world.accounts(provider)
        )
        account_truth.write_table(world.account_truth(provider))
        counted[provider] = _copy(world, provider, (requests, truth), progress)
    said = {**asdict(world.scenario), "seed": world.seed, "scale": world.scale}
    with _beside(folder / "truth" / "scenario.json") as path:
        path.write_text(json.dumps(said, indent=1, default=str, ensure_ascii=False), encoding="utf-8")
    return counted


def _copy(world: World, provider: str, to: tuple[pq.ParquetWriter, pq.ParquetWriter], progress: Progress) -> int:
    expected, done = max(1, world.expected_requests(provider)), 0
    for requests, truth in _grouped(world.labelled(provider)):
        to[0].write_table(requests)
        to[1].write_table(truth)
        done += len(requests)
        progress(provider, min(1.0, done / expected))
    return done


_ROW_GROUP = 65_536


def _grouped(labelled: Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Batches put together to row groups of a useful size."""
    held: list[tuple[pa.RecordBatch, pa.RecordBatch]] = []
    for pair in labelled:
        held.append(pair)
        if sum(len(requests) for requests, _ in held) >= _ROW_GROUP:
            yield _tables(held)
            held = []
    if held:
        yield _tables(held)


def _tables(held: list[tuple[pa.RecordBatch, pa.RecordBatch]]) -> tuple[pa.Table, pa.Table]:
    return pa.Table.from_batches([r for r, _ in held]), pa.Table.from_batches([t for _, t in held])


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    with _beside(path) as part, pq.ParquetWriter(part, schema, compression="zstd", compression_level=1) as writer:
        yield writer


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A file under another name, which takes its own once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
