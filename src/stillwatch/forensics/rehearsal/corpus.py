"""Text that every installation has: the docstrings of Python's standard library, 1.6 MB of English and code.

texts = docstrings()
"""

import inspect
import re
import sysconfig
from pathlib import Path

from stillwatch.errors import ConfigError

_SHORTEST = 80  # characters
_OPENING = 200  # by which copies of a text are recognised
_LEAST = 500_000  # characters; a teacher that read less says little of its own
_NOT_READ = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3"}  # not everybody has them
_DOCSTRING = re.compile(r'^[ \t]*[rR]?"""(.+?)"""', re.MULTILINE | re.DOTALL)


def docstrings(folder: Path | None = None) -> tuple[str, ...]:
    """The docstrings in a folder of Python modules, in ASCII, each once, by the paths of their files.

    Args:
        folder: where to look; of this Python's standard library if None.

    Raises:
        ConfigError: there is too little text, as where Python was installed without its sources.
    """
    folder = folder or Path(sysconfig.get_path("stdlib"))
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        if _NOT_READ.isdisjoint(path.relative_to(folder).parts):
            for text in map(inspect.cleandoc, _DOCSTRING.findall(path.read_text("utf-8", errors="replace"))):
                if len(text) > _SHORTEST and text.isascii():
                    found.setdefault(text[:_OPENING], text)
    if sum(map(len, found.values())) < _LEAST:
        hint = "Use a Python that was installed with its sources."
        raise ConfigError("There is too little text to make a teacher of.", where=str(folder), hint=hint)
    return tuple(found.values())
