"""Rows that could not be read: where they are and why, never what they hold.

A reader adds a broken row and goes on. A log that is read twice adds the same places again, which changes nothing.

    rejects = Rejects()
    rejects.add("log.jsonl", 17, "bad JSON")
    rejects.count, rejects.counts_by_reason   # 1, {"bad JSON": 1}
    rejects.write(Path("rejects.jsonl"))
"""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from stillwatch.errors import InputError
from stillwatch.writing import write_whole


class Rejects:
    """The rows left out of a scan. Safe to add to from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reasons: dict[tuple[str, int, int], str] = {}

    def add(self, file: str, line: int, reason: str, *, item: int = 0) -> None:
        """Note one row.

        Args:
            file: the file as the user named it.
            line: the line of a text file, or the row of a table, from 1.
            reason: a few fixed words and at most a column's name; nothing of the row's content.
            item: which request of the line, where one line holds several (OpenTelemetry), from 0.
        """
        with self._lock:
            self._reasons[file, line, item] = reason

    @property
    def count(self) -> int:
        """The number of rows left out."""
        return len(self._reasons)

    @property
    def counts_by_reason(self) -> dict[str, int]:
        """How often each reason was given, the most frequent first."""
        with self._lock:
            counts = Counter(self._reasons.values())
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))

    def places(self) -> dict[tuple[str, int, int], str]:
        """File, line and item of each row left out, with the reason: what `add` takes."""
        with self._lock:
            return dict(self._reasons)

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        """File, line and reason of each row left out, in the order of files and lines."""
        with self._lock:
            entries = sorted(self._reasons.items())
        return ((file, line, reason) for (file, line, _), reason in entries)

    def write(self, path: Path) -> None:
        """Write a JSON line a row (`file`, `line`, `reason`), in the order of files and lines.

        Raises:
            InputError: the file cannot be written; nothing is left behind.
        """
        lines = (msgspec.json.encode({"file": f, "line": n, "reason": why}) + b"\n" for f, n, why in self)
        try:
            write_whole(path, lines)
        except OSError as error:
            raise InputError(
                f"The rejects cannot be written ({error.strerror}).",
                where=str(path),
                hint="Name another place for them.",
            ) from error
