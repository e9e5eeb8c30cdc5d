"""Findings are taken in when they change, and a file that is broken changes nothing."""

import os
import time

import pytest

from stillwatch.reports.document import dumps
from stillwatch.web.following import Following


@pytest.fixture
def path(tmp_path):
    return tmp_path / "findings.json"


@pytest.fixture
def following(empty, path):
    return Following(empty.store, path, empty.clock)


def cases(store):
    with store.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM console_case").scalar_one()


def test_a_file_that_comes_later_is_taken_in(following, empty, path, document):
    following.look()
    assert following.state.problem == "There are no findings here yet."
    path.write_text(dumps(document))
    following.look()
    assert following.state.problem == ""
    assert following.state.taken_at == empty.clock()
    assert cases(empty.store) == len(document.campaigns)


def test_a_file_is_read_again_only_when_it_is_another(following, path, document, monkeypatch):
    path.write_text(dumps(document))
    following.look()
    monkeypatch.setattr("stillwatch.web.following.loads", lambda *_, **__: pytest.fail("read again"))
    following.look()
    os.utime(path, (1, 1))
    with pytest.raises(pytest.fail.Exception):
        following.look()


def test_a_broken_file_leaves_everything_as_it_was_and_says_so(following, empty, path, document):
    path.write_text(dumps(document))
    following.look()
    before = cases(empty.store)
    path.write_text("{half")
    following.look()
    assert "not JSON" in following.state.problem
    assert cases(empty.store) == before
    path.write_text(dumps(document) + "\n")
    following.look()
    assert following.state.problem == ""


def test_the_thread_takes_in_and_ends(following, path, document):
    path.write_text(dumps(document))
    with following.running():
        until = time.monotonic() + 20
        while following.state.taken_at is None and time.monotonic() < until:
            time.sleep(0.01)
    assert following.state.taken_at is not None
