import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.traffic import Rejects


def test_a_second_reading_of_the_same_log_changes_nothing():
    rejects = Rejects()
    for _ in range(2):
        rejects.add("a", 3, "bad JSON")
        rejects.add("a", 3, "missing field: time", item=1)
    assert rejects.count == 2


def test_written_in_order_whatever_the_threads(tmp_path: Path):
    rejects = Rejects()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: rejects.add("ba"[n % 2], 1000 - n, "bad JSON"), range(1000)))
    rejects.write(tmp_path / "rejects.jsonl")
    written = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert len(written) == 1000
    assert written == sorted(written, key=lambda entry: (entry["file"], entry["line"]))
    assert written[0] == {"file": "a", "line": 1, "reason": "bad JSON"}


def test_the_most_frequent_reason_comes_first():
    rejects = Rejects()
    for line, reason in enumerate(["b", "a", "c", "c"]):
        rejects.add("f", line, reason)
    assert list(rejects.counts_by_reason.items()) == [("c", 2), ("a", 1), ("b", 1)]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        Rejects().write(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
