"""Which names mean a table rather than files: told by the scheme, or by what lies in the folder."""

from pathlib import Path, PurePosixPath

from stillwatch.traffic.storage import objects

_OF_FILES = (".parquet", ".pq", ".jsonl", ".ndjson", ".json", ".csv", ".gz", ".zst")  # no folder, not worth a listing


def is_table(name: str) -> bool:
    """Whether a name means a table: by its scheme, or by what lies in the folder.

    Raises:
        InputError: the store cannot be read.
    """
    return name.startswith(("clickhouse://", "iceberg://")) or is_delta(name) or iceberg_metadata(name) is not None


def is_delta(name: str) -> bool:
    """Whether a folder is a Delta table."""
    return _within(name, "_delta_log", ".json") != []


def iceberg_metadata(name: str) -> str | None:
    """The newest metadata file of an Iceberg table's folder; or the file itself, where it is named."""
    if name.endswith(".metadata.json"):
        return name
    found = _within(name, "metadata", ".metadata.json")
    if not found:
        return None
    newest = max(found, key=_version)
    path, mark, query = name.partition("?")
    return f"{path.rstrip('/')}/metadata/{newest}{mark}{query}"


def _version(metadata: str) -> tuple[int, str]:
    """By what writers call them: v3.metadata.json (Hadoop), 00003-UUID.metadata.json (catalogs)."""
    number = metadata.removeprefix("v").partition("-")[0].partition(".")[0]
    return (int(number) if number.isdecimal() else -1, metadata)


def _within(name: str, folder: str, ending: str) -> list[str]:
    if objects.is_object(name):
        is_file = PurePosixPath(name.partition("?")[0]).suffix in _OF_FILES
        return [] if is_file else [entry for entry in objects.holds(name, folder) if entry.endswith(ending)]
    there = Path(name) / folder
    return sorted(entry.name for entry in there.glob(f"*{ending}")) if there.is_dir() else []
