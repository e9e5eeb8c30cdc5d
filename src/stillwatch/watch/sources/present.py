"""Which files a watch reads at this moment: those that were named, and those that were before they were renamed."""

import os
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.traffic.paths import expand

SEARCH_SECONDS = 2.0  # until folders are looked into again


@dataclass(frozen=True)
class File:
    """A file as it is now.

    Attributes:
        key: device and inode: what stays when it is renamed.
        name: where it is.
        size: in bytes, as stored.
        changed: nanoseconds since 1970.
    """

    key: str
    name: str
    size: int
    changed: int


class Present:
    """The files behind some paths.

    Attributes:
        fault: why a path leads nowhere; None if all lead somewhere.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(paths)
        self._names: list[str] = []
        self._keys: set[str] = set()
        self._next = 0.0
        self.fault: InputError | None = None

    def files(self, known: Collection[str]) -> list[File]:
        """All that are there.

        Args:
            known: keys of files that were read before: these are found under other names too.
        """
        if time.monotonic() >= self._next:
            return self._searched(known)
        files = _states(self._names)
        return files if {file.key for file in files} == self._keys else self._searched(known)

    def _searched(self, known: Collection[str]) -> list[File]:
        self._next, self.fault = time.monotonic() + SEARCH_SECONDS, None
        names: list[str] = []
        for path in self._paths:
            try:
                names += expand([path])
            except InputError as error:
                self.fault = error
        files = {file.key: file for file in reversed(_states(names + self._renamed(set(known))))}
        self._names, self._keys = [file.name for file in files.values()], set(files)
        return list(reversed(files.values()))

    def _renamed(self, known: set[str]) -> list[str]:
        """Files beside those that were named, which once had these names."""
        found = []
        for folder in dict.fromkeys(Path(path).parent for path in self._paths if not Path(path).is_dir()):
            with suppress(OSError):
                device = folder.stat().st_dev
                found += [entry.path for entry in os.scandir(folder) if f"{device}:{entry.inode()}" in known]
        return found


def _states(names: Sequence[str]) -> list[File]:
    files = []
    for name in names:
        with suppress(OSError):
            state = Path(name).stat()
            files.append(File(f"{state.st_dev}:{state.st_ino}", name, state.st_size, state.st_mtime_ns))
    return files
