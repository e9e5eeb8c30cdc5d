"""Which files of a store count, whose it is, and how far it has come: `store.json`, replaced as a whole.

A file that the manifest does not name does not exist: it is what an interrupted scan left, and goes with the next one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from stillwatch.errors import ConfigError, InputError
from stillwatch.profiles import wire
from stillwatch.writing import write_whole

FILE = "store.json"
FORMAT = 1

Grain = Literal["hour", "day", "month"]
GRAINS: tuple[Grain, ...] = ("hour", "day", "month")


class Part(msgspec.Struct, frozen=True):
    """Profiles and sums of one stretch of time.

    Attributes:
        name: of its files, without the ending.
        grain: how much time one row is of.
        start: the first hour that it holds, hours since 1970.
        end: the hour after the last.
        rows: profiles in it.
        requests: how many requests they are made of.
        size: bytes on disk.
    """

    name: str
    grain: Grain
    start: int
    end: int
    rows: int
    requests: int
    size: int


class Hashes(msgspec.Struct, frozen=True):
    """Hashes of the requests of one day (days since 1970)."""

    name: str
    day: int
    count: int
    size: int


class Belongs(msgspec.Struct, frozen=True):
    """Whose a store is: what of another cannot be added to it.

    Attributes:
        key: the fingerprint of the key for pseudonyms.
        grain: whom a log calls an account (`input.grain`).
        mapping: a digest of the mapping that logs were read by (`input.mapping`), if there was one.
    """

    key: str
    grain: str
    mapping: str | None = None


class Manifest(msgspec.Struct, frozen=True):
    """All of a store.

    Attributes:
        files: fingerprints of the logs that were read to their end, and the last hour in each.
        newest: the last hour that a scan which came to its end has seen; None before the first.
        floor: the hour before which nothing is added any more.
    """

    belongs: Belongs
    format: int = FORMAT
    profiles: str = wire.VERSION.decode()
    parts: tuple[Part, ...] = ()
    hashes: tuple[Hashes, ...] = ()
    files: Mapping[str, int] = {}
    newest: int | None = None
    floor: int | None = None

    @property
    def names(self) -> set[str]:
        """Of all files that count."""
        return {part.name for part in self.parts} | {hashes.name for hashes in self.hashes}


def load(folder: Path) -> Manifest | None:
    """What a store holds; None where there is nothing yet.

    Raises:
        InputError: something else is here, it is damaged, or of another version.
    """
    try:
        content = (folder / FILE).read_bytes()
    except FileNotFoundError:
        if folder.is_dir() and any(entry.name != "lock" for entry in folder.iterdir()):
            hint = "Name an empty folder, or a new one."
            raise InputError("The folder holds other things, and no profiles.", where=str(folder), hint=hint) from None
        return None
    return _decoded(content, folder)


def _decoded(content: bytes, folder: Path) -> Manifest:
    try:
        versions = msgspec.json.decode(content, type=_Versions)
        if (versions.format, versions.profiles) != (FORMAT, wire.VERSION.decode()):
            hint = "Make a store anew from the logs, or use the version that made this one."
            raise InputError("The profiles are of another version of stillwatch.", where=str(folder), hint=hint)
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise damaged(folder / FILE) from error


class _Versions(msgspec.Struct):
    format: int
    profiles: str


def save(folder: Path, manifest: Manifest) -> None:
    """Make this what the store holds; from then on, or not at all.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(folder / FILE, msgspec.json.encode(manifest))


def damaged(path: Path) -> InputError:
    """The error for a file of a store that cannot be read."""
    hint = "Restore the folder from a copy, or make it anew from the logs."
    return InputError("A file of the stored profiles is damaged or missing.", where=str(path), hint=hint)


def check(manifest: Manifest, belongs: Belongs, folder: Path) -> None:
    """That a scan of this kind may add to the store.

    Raises:
        ConfigError: the store is another's.
    """
    have, want = manifest.belongs, belongs
    hint = "Name the setting that it was made with, or another folder."
    if have.key != want.key:
        says = "These profiles were made with another key: what was read with this one cannot be joined with them."
        raise ConfigError(says, where=str(folder), hint="Name its key as pseudonyms.key_file, or another folder.")
    if have.grain != want.grain:
        says = f"These profiles were made with input.grain = {have.grain}, not {want.grain}."
        raise ConfigError(says, where=str(folder), hint=hint)
    if have.mapping != want.mapping:
        raise ConfigError("These profiles were made with another mapping.", where=str(folder), hint=hint)
