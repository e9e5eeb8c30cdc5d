"""A file written whole or not at all: beside its place, to the disk, then into it.

    write_whole(Path("findings.json"), text.encode())
    write_whole(Path("rejects.jsonl"), lines)          # an iterator, piece by piece

What stood there before stands until the new file is complete, also after a power cut.
"""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes | Iterable[bytes], *, mode: int = 0o600) -> None:
    """Writes a file.

    Args:
        path: where to; a link is followed, and what is no regular file (a pipe, /dev/stdout) is simply written to.
        content: all of it, or its pieces in order.
        mode: the permissions, before the umask takes its part.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    pieces = (content,) if isinstance(content, bytes) else content
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as special:
            special.writelines(pieces)
        return
    beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
            out.writelines(pieces)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(target)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
