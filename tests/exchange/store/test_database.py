import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from stillwatch.errors import ConfigError, ExchangeError
from stillwatch.exchange.model import Query
from stillwatch.exchange.store.store import Store

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_no_error_holds_values(store, new_record):
    twice = new_record(id="indicator--told-to-nobody")
    with pytest.raises(ExchangeError) as caught:
        store.add("forum", "ana", lambda _: ([twice, twice], []))
    told = f"{caught.value} {caught.value.__cause__}"
    assert "told-to-nobody" not in str(caught.value)
    assert "parameters hidden" in told


@SQLITE
def test_sqlite_is_safe_against_a_power_cut_and_private(store, database_url):
    with store.database.reading() as connection:
        settings = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.put_document("", "x", 1)
    files = list(Path(database_url).parent.glob("exchange.sqlite*"))
    assert len(files) == 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


@SQLITE
def test_a_file_that_is_none_is_an_error_without_a_traceback(database_url):
    Path(database_url).write_bytes(b"no database" * 1000)
    with pytest.raises(ExchangeError, match="not a database"):
        Store.open(database_url)


def test_a_database_that_may_not_be_made_says_so(tmp_path):
    with pytest.raises(ConfigError, match="cannot be opened or made"):
        Store.open(str(tmp_path), create=True)


def test_readers_do_not_wait_for_a_writer(store, open_store, place, principal_of, new_record):
    ana, other = principal_of("ana"), open_store()

    def build(_transaction):
        assert other.read(ana, place, Query()).records == ()
        assert other.principal("ana") == ana
        return [new_record()], []

    assert len(store.add("forum", "ana", build)) == 1
