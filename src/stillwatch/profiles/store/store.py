"""The store itself: whose it is, who is at work in it, what is in it.

See the package. What is written lies under names that no manifest knows; `commit` names them, in one step, and only
then are the files deleted that count no longer. So whatever is interrupted leaves the store as it was before.
"""

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import ConfigError, InputError, StillwatchError
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles
from stillwatch.profiles.store import parts
from stillwatch.profiles.store.hourly import HOUR
from stillwatch.profiles.store.manifest import Belongs, Grain, Hashes, Manifest, Part, check, load, save
from stillwatch.profiles.store.merging import merged
from stillwatch.profiles.store.parts import EVERYBODY, PROFILES, SUMMED, SUMS

I64 = npt.NDArray[np.int64]

LOCK = "lock"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StoreError(StillwatchError):
    """Profiles cannot be written; what was stored before stands, and trying again may help."""


def hour_of(moment: datetime) -> int:
    """The hour of a moment, since 1970."""
    return (moment - _EPOCH) // timedelta(hours=1)


def moment_of(hour: int) -> datetime:
    """When an hour begins."""
    return _EPOCH + timedelta(hours=hour)


@contextmanager
def opened(folder: Path, belongs: Belongs | None = None) -> Iterator["Store"]:
    """A store, for this process alone.

    Args:
        folder: made if it is not there and `belongs` is given.
        belongs: what is to be added; None where nothing is.

    Raises:
        ConfigError: somebody else is at work in it, it is another key's or other settings', or it cannot be written.
        InputError: it is no store, or damaged, or of another version.
    """
    if belongs is None:
        present(folder)
    with _locked(folder):
        manifest = load(folder)
        if manifest is None:
            if belongs is None:
                raise _nothing(folder)
            manifest = Manifest(belongs)
        if belongs is not None:
            check(manifest, belongs, folder)
        store = Store(folder, manifest)
        store.tidy()
        yield store


def present(folder: Path) -> Manifest:
    """What a store holds, without opening it.

    Raises:
        InputError: there is none here, or it is damaged, or of another version.
    """
    manifest = load(folder)
    if manifest is None:
        raise _nothing(folder)
    return manifest


def _nothing(folder: Path) -> InputError:
    hint = f"`stillwatch scan --profiles {folder} LOGS` makes them."
    return InputError("There are no stored profiles here.", where=str(folder), hint=hint)


class Store:
    """Profiles in a folder.

    Attributes:
        folder: where.
        manifest: what is in it.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest

    def people(self, before: int | None = None) -> Iterator[Profiles]:
        """Everybody, an account once, in the order of account ids, in blocks.

        Args:
            before: an hour; rows that reach beyond its beginning are left out (of merged days, whole days).
        """
        return merged([_before(self.profiles_of(part), before) for part in self.manifest.parts])

    def of(self, accounts: pa.StringArray, before: int | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of some accounts (ascending), unmerged: a row is of an hour, a day or a month."""
        for part in self.manifest.parts:
            yield from _before(self.profiles_of(part, accounts), before)

    def sums(self, accounts: Sequence[str] = (EVERYBODY,), before: int | None = None) -> pa.Table:
        """Sums (`SUMMED`) of some accounts, or of everybody together, by hour."""
        only = pa.array(sorted(accounts), pa.string())
        batches = [batch for part in self.manifest.parts for batch in self.sums_of(part, only)]
        table = pa.Table.from_batches(batches, schema=SUMMED)
        table = table if before is None else table.filter(pc.less(table["hour"], before))
        return together(table)

    def profiles_of(self, part: Part, only: pa.StringArray | None = None) -> Iterator[pa.RecordBatch]:
        """The profiles of one part, as they lie there."""
        return parts.read(self.path(PROFILES, part.name), wire.SCHEMA, only)

    def sums_of(self, part: Part, only: pa.StringArray | None = None) -> Iterator[pa.RecordBatch]:
        """The sums of one part."""
        return parts.read(self.path(SUMS, part.name), SUMMED, only)

    def path(self, kind: str, name: str) -> Path:
        """Where a file lies."""
        return parts.path_of(self.folder, kind, name)

    def new_name(self, start: int, grain: Grain) -> str:
        """A name that no file has."""
        return f"{moment_of(start):%Y-%m-%dT%H}.{grain}.{secrets.token_hex(4)}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """In which files are written; what the manifest does not name afterwards is deleted if it fails.

        Raises:
            StoreError: the disk is full, or may not be written.
        """
        try:
            for kind in parts.FOLDERS:
                (self.folder / kind).mkdir(mode=0o700, exist_ok=True)
            yield
        except OSError as error:
            says = f"Profiles cannot be stored ({error.strerror or error}): what was stored before stands."
            raise StoreError(says, where=str(self.folder)) from error

    def commit(self, manifest: Manifest) -> None:
        """Make this what the store holds, and delete what then counts no longer.

        Raises:
            OSError: it cannot be written; nothing has changed.
        """
        save(self.folder, manifest)
        self.manifest = manifest
        self.tidy()

    def tidy(self) -> None:
        """Delete files that the manifest does not name: an interrupted scan left them, or they were merged."""
        names = self.manifest.names
        for kind in parts.FOLDERS:
            for path in (self.folder / kind).glob("*.parquet"):
                if path.stem not in names:
                    path.unlink(missing_ok=True)

    def write_part(self, grain: Grain, start: int, profiles: Iterable[Profiles], sums: Iterable[pa.Table]) -> Part:
        """Write a part, which counts once it is committed.

        Args:
            grain: of its rows.
            start: the hour with which its stretch begins, for its name.
            profiles: in the order of account ids.
            sums: in the order of account ids, everybody first.
        """
        name, rows, everybody = self.new_name(start, grain), 0, []

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal rows
            for block in profiles:
                rows += len(block)
                yield from wire.batches(block)

        def seen() -> Iterator[pa.Table]:
            for table in sums:
                everybody.append(table.filter(pc.equal(table["account_id"], EVERYBODY)))
                yield table

        size = parts.write_profiles(self.path(PROFILES, name), batches())
        size += parts.write_sums(self.path(SUMS, name), seen())
        whole = pa.concat_tables(everybody)
        first, last = (int(each(whole["hour"]).as_py()) for each in (pc.min, pc.max))
        return Part(name, grain, first, last + 1, rows, int(pc.sum(whole["requests"]).as_py()), size)

    def write_hashes(self, day: int, hashes: I64) -> Hashes:
        """Write hashes of a day's requests, ascending."""
        name = self.new_name(24 * day, "day")
        size = parts.write_hashes(self.path(parts.HASHES, name), hashes)
        return Hashes(name, day, len(hashes), size)

    def read_hashes(self, hashes: Hashes) -> I64:
        """What such a file holds."""
        return parts.read_hashes(self.path(parts.HASHES, hashes.name))


def together(sums: pa.Table) -> pa.Table:
    """Sums with one row an account and hour, in their order."""
    added = sums.group_by(["account_id", "hour"]).aggregate([(name, "sum") for name in parts.ADDED])
    columns = [added["account_id"], added["hour"], *(added[f"{name}_sum"] for name in parts.ADDED)]
    return pa.Table.from_arrays(columns, schema=SUMMED).sort_by([("account_id", "ascending"), ("hour", "ascending")])


def _before(batches: Iterator[pa.RecordBatch], hour: int | None) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if hour is None:
            yield batch
        else:
            last = wire.profiles_of(batch)["last"]
            yield batch.filter(pa.array(last < hour * HOUR))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _held(folder / LOCK)
    except OSError as error:
        says = f"Profiles cannot be stored here ({error.strerror})."
        raise ConfigError(says, where=str(folder), hint="Name a folder that may be written to.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            says = "Another scan, or `stillwatch profiles`, is at work on these profiles."
            raise ConfigError(says, where=str(folder), hint="Wait for its end.") from None
        yield


def _held(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def replaced(manifest: Manifest, **fields: object) -> Manifest:
    """The same with other fields."""
    return msgspec.structs.replace(manifest, **fields)
