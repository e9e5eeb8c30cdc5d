import gzip
import io
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.errors import InputError
from stillwatch.traffic.streams import Replayed, Stream

CONTENT = b"".join(b'{"line": %d, "pad": "%d"}\n' % (n, n * 7919 % 104729) for n in range(20_000))


def packed(kind: str) -> bytes:
    return gzip.compress(CONTENT) if kind == "gzip" else pa.Codec("zstd").compress(CONTENT, asbytes=True)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_compression_is_told_by_the_content_not_the_name(tmp_path: Path, kind: str):
    (tmp_path / "log").write_bytes(packed(kind) * 2)  # two members
    assert Stream(str(tmp_path / "log")).all() == CONTENT * 2


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_is_left_of_a_cut_off_file_is_read(tmp_path: Path, kind: str):
    whole = packed(kind)
    (tmp_path / "log").write_bytes(whole[: len(whole) // 2])
    stream = Stream(str(tmp_path / "log"))
    found = stream.all()
    assert CONTENT.startswith(found)
    assert stream.damage
    assert len(found) > len(CONTENT) // 4


def test_all_that_a_cut_off_gzip_holds_is_read(tmp_path: Path):
    whole = packed("gzip")[:-20_000]
    (tmp_path / "log").write_bytes(whole)
    assert Stream(str(tmp_path / "log")).all() == zlib.decompressobj(31).decompress(whole)


def test_a_file_that_may_not_be_read(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        Stream(str(tmp_path))


def test_standard_input_can_be_read_again_until_the_last_time():
    given = Replayed(io.BytesIO(CONTENT))
    stream = Stream("-", given)
    assert stream.read(100) == CONTENT[:100]
    assert stream.restarted().read(5000) == CONTENT[:5000]
    last = stream.restarted(last=True)
    assert last.all() == CONTENT
    assert len(given._head) == 5000  # noqa: SLF001
