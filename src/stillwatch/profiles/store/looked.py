"""What the last scan looked at, beside the profiles: `looked.parquet`, replaced as a whole.

It spares work and holds nothing that is not in the profiles: where it is missing, damaged or of other settings,
everybody is looked at.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.writing import write_whole

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

FILE = "looked.parquet"


class About(msgspec.Struct, frozen=True):
    """What a look was.

    Attributes:
        way: a digest of what decides how it was looked; what was looked at in another way counts as never looked at.
        whole: the newest request when everybody was looked at last, µs since 1970.
        named: the clusters (account ids) that were named.
    """

    way: str
    whole: int
    named: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Looked:
    """A look.

    Attributes:
        about: what it was.
        key: everybody who was there (a hash of the account id), ascending.
        requests: of each, how many it had made when its neighbourhood was looked at last.
    """

    about: About
    key: I64
    requests: U64

    def of(self, key: I64) -> U64:
        """How many requests each of these had made when it was looked at last; 0 for who never was."""
        at = np.minimum(np.searchsorted(self.key, key), max(0, len(self.key) - 1))
        there = self.key[at] == key if len(self.key) else np.zeros(len(key), bool)
        return np.where(there, self.requests[at] if len(self.key) else 0, 0).astype(np.uint64)


def load(folder: Path) -> Looked | None:
    """What the last scan looked at; None where nobody can say."""
    try:
        table = pq.read_table(folder / FILE)
        about = msgspec.json.decode((table.schema.metadata or {}).get(b"about", b""), type=About)
        return Looked(about, table["key"].to_numpy(), table["requests"].to_numpy())
    except (OSError, pa.ArrowException, KeyError, msgspec.MsgspecError):
        return None


def save(folder: Path, looked: Looked) -> None:
    """Make this what the last scan looked at.

    Raises:
        OSError: it cannot be written; what stood there stands.
    """
    metadata = {"about": msgspec.json.encode(looked.about)}
    table = pa.table({"key": looked.key, "requests": looked.requests}).replace_schema_metadata(metadata)
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="zstd", compression_level=1, use_dictionary=False)
    write_whole(folder / FILE, out.getvalue().to_pybytes())
