"""Which logs a user means: files, folders (with all below them), globs, `-` for standard input.

The same in object stores, save globs. A table (of ClickHouse, Delta, Iceberg) is one log, by its address or folder.
"""

import glob
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath

from stillwatch.errors import InputError
from stillwatch.traffic.storage import objects
from stillwatch.traffic.storage.detection import is_table

STDIN = "-"
_KINDS = (".parquet", ".pq", ".jsonl", ".ndjson", ".json", ".csv")
_COMPRESSED = (".gz", ".zst")


def expand(paths: Sequence[str]) -> tuple[str, ...]:
    """The files and tables behind the arguments, each once; those of a folder or glob sorted by name.

    In a folder only files whose names say that they may be logs count; a file that is named itself is always taken.

    Raises:
        InputError: something named is not there, or holds no log.
    """
    found = [name for path in paths for name in _expand_one(path)]
    unique = {
        name if name == STDIN or is_address(name) else str(Path(name).resolve()): name for name in reversed(found)
    }
    kept = set(unique.values())
    return tuple(dict.fromkeys(name for name in found if name in kept))


def is_address(name: str) -> bool:
    """Whether this is no name in the file system here."""
    return "://" in name and not Path(name).exists()


def _expand_one(path: str) -> list[str]:
    if path == STDIN:
        return [STDIN]
    if is_table(path):
        return [path]
    if is_address(path):
        return _in_store(path)
    if Path(path).is_dir():
        return _in_folder(path)
    if Path(path).exists():
        return [path]
    if not glob.has_magic(path):
        raise InputError(
            "There is no such file.", where=path, hint="Name log files, folders or globs, or - for standard input."
        )
    matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [name for match in matches for name in (_in_folder(match) if Path(match).is_dir() else [match])]
    if not files:
        raise InputError("No file matches.", where=path, hint="Quote the glob, or name a folder.")
    return files


def _in_folder(path: str) -> list[str]:
    files = [
        str(file) for file in sorted(Path(path).rglob("*")) if _may_be_log(file.relative_to(path)) and file.is_file()
    ]
    if not files:
        raise _no_logs(path)
    return files


def _in_store(address: str) -> list[str]:
    if not objects.is_object(address):
        hint = f"There are clickhouse://, iceberg:// and {', '.join(f'{scheme}://' for scheme in objects.SCHEMES)}."
        raise InputError("stillwatch reads no logs from there.", where=address, hint=hint)
    files = objects.listed(address)
    if files == [address]:
        return files
    top = len(address.partition("?")[0].rstrip("/")) + 1
    logs = [file for file in files if _may_be_log(PurePosixPath(file.partition("?")[0][top:]))]
    if not logs:
        raise _no_logs(address)
    return logs


def _no_logs(folder: str) -> InputError:
    return InputError(
        "The folder holds no logs.", where=folder, hint=f"Logs end in {', '.join(_KINDS)}, also .gz and .zst."
    )


def _may_be_log(relative: PurePath) -> bool:
    name = relative.name.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(_KINDS) and not any(part.startswith((".", "_")) for part in relative.parts)
