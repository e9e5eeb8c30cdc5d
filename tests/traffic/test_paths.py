from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.traffic.paths import expand


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "a.parquet", "sub/c.csv.gz", "notes.txt", ".hidden.jsonl", "_tmp/d.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_is_read_with_all_below_in_order(folder: Path):
    assert expand([str(folder)]) == tuple(str(folder / name) for name in ("a.parquet", "b.jsonl", "sub/c.csv.gz"))


def test_a_glob_and_a_name(folder: Path):
    assert expand([str(folder / "*.txt"), str(folder / "b.jsonl")]) == (
        str(folder / "notes.txt"),
        str(folder / "b.jsonl"),
    )


def test_a_file_named_twice_is_read_once(folder: Path):
    twice = [str(folder / "b.jsonl"), str(folder), str(folder / "sub" / ".." / "b.jsonl")]
    assert expand(twice) == tuple(str(folder / name) for name in ("b.jsonl", "a.parquet", "sub/c.csv.gz"))


def test_standard_input(folder: Path):
    assert expand(["-", str(folder / "b.jsonl"), "-"]) == ("-", str(folder / "b.jsonl"))


@pytest.mark.parametrize(
    ("name", "what"), [("none.jsonl", "no such file"), ("*.none", "No file matches"), ("_tmp/empty", "holds no")]
)
def test_what_is_not_there_is_said(folder: Path, name: str, what: str):
    (folder / "_tmp" / "empty").mkdir()
    with pytest.raises(InputError, match=what):
        expand([str(folder / name)])
