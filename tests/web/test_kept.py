"""What is kept of the exchange's state is what it holds now, whoever changed it."""

import json
import sqlite3

import pytest

from stillwatch.errors import StillwatchError
from stillwatch.exchange.client.mirror import Delivery, Source
from stillwatch.exchange.client.state import State
from stillwatch.web.kept import Kept

ROOT = Source("https://taxii.example/root/collections/1/", "https://taxii.example/root/", "findings")


@pytest.fixture
def kept():
    made = Kept()
    yield made
    made.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "exchange.sqlite"


@pytest.fixture
def reader():
    """Counts how often it was asked."""

    def read(state):
        read.times += 1
        return state.document("told")

    read.times = 0
    return read


def test_it_is_read_once_and_again_after_every_change_of_others(kept, path, reader):
    with State.open(path) as other:
        other.remember("told", "1")
        assert [kept.of(path, reader) for _ in range(3)] == ["1", "1", "1"]
        assert reader.times == 1
        for number in range(2, 40):  # at once: no clock of a file's changes is that fine
            other.remember("told", str(number))
            assert kept.of(path, reader) == str(number)
        with sqlite3.connect(path) as another:
            another.execute("UPDATE document SET body = 'x'")
        another.close()
        assert kept.of(path, reader) == "x"
        other.mirror.take(ROOT, Delivery())
        times = reader.times
        assert kept.of(path, reader) == kept.of(path, reader) == "x"
        assert reader.times == times + 1


def test_another_file_of_the_same_name_is_another_state(kept, path, reader, tmp_path):
    assert kept.of(path, reader) is None
    assert not path.exists(), "looking makes no state"
    for number in range(3):
        with State.open(tmp_path / "new.sqlite") as made:
            made.remember("told", json.dumps(number))
        (tmp_path / "new.sqlite").replace(path)
        assert kept.of(path, reader) == json.dumps(number)
        for each in tmp_path.glob("exchange.sqlite-*"):
            each.unlink()
    path.unlink()
    assert kept.of(path, reader) is None


def test_what_cannot_be_read_is_said_each_time(kept, path, reader):
    path.write_text("no database")
    path.chmod(0o600)
    for _ in range(2):
        with pytest.raises(StillwatchError):
            kept.of(path, reader)
