"""Which files a user means: files, folders (with all below them), globs, and `-` for standard input."""

import glob
from collections.abc import Sequence
from pathlib import Path

from stillwatch.errors import InputError

STDIN = "-"
_KINDS = (".parquet", ".pq", ".jsonl", ".ndjson", ".json", ".csv")
_COMPRESSED = (".gz", ".zst")


def expand(paths: Sequence[str]) -> tuple[str, ...]:
    """The files behind the arguments, each once; those of a folder or glob sorted by name.

    In a folder only files whose names say that they may be logs count; a file that is named itself is always taken.

    Raises:
        InputError: something named is not there, or holds no log.
    """
    found = [name for path in paths for name in _expand_one(path)]
    unique = {str(Path(name).resolve()) if name != STDIN else STDIN: name for name in reversed(found)}
    kept = set(unique.values())
    return tuple(dict.fromkeys(name for name in found if name in kept))


def _expand_one(path: str) -> list[str]:
    if path == STDIN:
        return [STDIN]
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
        raise InputError(
            "The folder holds no logs.", where=path, hint=f"Logs end in {', '.join(_KINDS)}, also .gz and .zst."
        )
    return files


def _may_be_log(relative: Path) -> bool:
    name = relative.name.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(_KINDS) and not any(part.startswith((".", "_")) for part in relative.parts)
