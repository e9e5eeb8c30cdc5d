"""Opening a store."""

import sqlite3

import pytest
import sqlalchemy as sql

from stillwatch.errors import ConfigError, ExchangeError
from stillwatch.web.search import Query
from stillwatch.web.store import Store, cases, queue
from stillwatch.web.store.tables import head


def test_what_was_taken_in_is_there_for_whoever_opens_it_next(database_url, take, campaign):
    take(campaign("c-1"))
    with Store.open(database_url) as other:
        assert cases.case(other, "c-1").row.accounts == 3


def test_nothing_is_made_where_nothing_is_to_be(tmp_path):
    with pytest.raises(ConfigError, match="no console here"):
        Store.open(str(tmp_path / "none.sqlite"), create=False)
    assert not (tmp_path / "none.sqlite").exists()


def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ConfigError, match="another program's"):
        Store.open(str(path))


def test_a_later_version_is_not_touched(database_url, store):
    with store.writing() as connection:
        connection.execute(sql.update(head).values(version=99))
    with pytest.raises(ConfigError, match="version 99"):
        Store.open(database_url)


def test_an_older_version_says_what_to_do_and_is_left_as_it_is(database_url, store):
    with store.writing() as connection:
        connection.execute(sql.update(head).values(version=1))
    with pytest.raises(ConfigError, match="version 1") as raised:
        Store.open(database_url)
    assert "console.db" in raised.value.hint
    with store.reading() as connection:
        assert connection.scalar(sql.select(head.c.version)) == 1


def test_only_its_owner_may_read_the_file(tmp_path):
    with Store.open(str(tmp_path / "console.sqlite")):
        assert (tmp_path / "console.sqlite").stat().st_mode & 0o077 == 0


def test_a_database_that_is_gone_says_so(tmp_path):
    path = tmp_path / "gone.sqlite"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(ExchangeError, match="database"):
        queue.page(Store.open(str(path)), Query())


def test_what_raises_in_the_middle_leaves_nothing(store, take, campaign):
    take(campaign("c-1"))

    def half():
        with store.writing() as connection:
            connection.execute(sql.text("DELETE FROM console_account"))
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        half()
    assert cases.case(store, "c-1").row.accounts == 3
