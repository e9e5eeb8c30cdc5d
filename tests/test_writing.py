from pathlib import Path

import pytest

from stillwatch.writing import write_whole


def test_replaces_what_stood_there(tmp_path: Path) -> None:
    place = tmp_path / "a"
    write_whole(place, b"before")
    write_whole(place, iter([b"af", b"ter"]))
    assert place.read_bytes() == b"after"
    assert place.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [place]


def test_leaves_what_stood_there_if_the_pieces_end_early(tmp_path: Path) -> None:
    place = tmp_path / "a"
    write_whole(place, b"before")

    def pieces():
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(place, pieces())
    assert place.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [place]


def test_follows_a_link_and_writes_to_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", b"x")
    assert (tmp_path / "real").read_bytes() == b"x"
    assert (tmp_path / "link").is_symlink()
    with pytest.raises(OSError, match="No space"):
        write_whole(Path("/dev/full"), b"x")
