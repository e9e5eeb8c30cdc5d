"""A place for compiled kernels where there is none: in a container, a read-only installation and no home.

numba keeps what it compiles beside the package, else in the user's cache folder, and fails if it may write to neither.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"


@contextmanager
def kernel_cache() -> Iterator[None]:
    """While it lasts, kernels have a place; a passing one is private, for whoever writes there runs code here."""
    if os.environ.get(VARIABLE) or _writable(Path(__file__).parents[1]) or _writable(_user_cache()):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="stillwatch-") as folder:
        os.environ[VARIABLE] = folder
        yield


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111 — never raises


def _writable(folder: Path) -> bool:
    """Whether it can be written, or made where it is not there yet."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return os.access(there, os.W_OK)
