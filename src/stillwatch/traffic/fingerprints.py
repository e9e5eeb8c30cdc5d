"""Which log this is: so that one that was read to its end is not read again.

Size, time of change and a digest of both ends: a log that grew, or was written anew, is another one. What is none of a
file system's is none's: it has no fingerprint, and is read.
"""

import hashlib
from pathlib import Path

_ENDS = 1 << 16  # bytes; a Parquet file tells in its last what is in all of it


def fingerprint(file: str) -> str | None:
    """Of a log by its name; None where it is no file of this machine."""
    path = Path(file)
    if not path.is_file():
        return None
    with path.open("rb") as log:
        start = log.read(_ENDS)
        size = path.stat().st_size
        log.seek(max(0, size - _ENDS))
        end = log.read(_ENDS)
    told = f"{size} {path.stat().st_mtime_ns} ".encode()
    return hashlib.blake2b(told + start + end, digest_size=16).hexdigest()
