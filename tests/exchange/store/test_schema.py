import os
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from stillwatch.errors import ConfigError
from stillwatch.exchange.store import schema
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.store.tables import VERSION, VERSION_TABLE, metadata


def test_the_migrations_make_the_tables_of_the_code(open_store):
    with open_store(create=True).database.reading(snapshot=True) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        indexes = {each["name"] for each in inspect(connection).get_indexes("object")}
        assert {each.name for each in metadata.tables["object"].indexes} <= indexes


def test_the_version_is_the_newest_migration(open_store):
    with open_store(create=True).database.reading(snapshot=True) as connection:
        heads = ScriptDirectory.from_config(schema.configuration(connection)).get_heads()
    assert heads == [VERSION]


def test_opening_what_is_not_there_says_what_to_do(database_url):
    with pytest.raises(ConfigError, match="There is no exchange") as caught:
        Store.open(database_url)
    assert "stillwatch exchange init --db" in caught.value.hint


@pytest.mark.parametrize(("found", "hint"), [("0000", "Back it up, then"), ("9999", "a later one")])
def test_another_version_says_what_to_do(database_url, open_store, found, hint):
    with open_store(create=True).database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{found}'"))  # noqa: S608 — ours
    with pytest.raises(ConfigError, match=f"version {found}") as caught:
        Store.open(database_url)
    assert hint in caught.value.hint


def test_a_later_version_is_not_touched(database_url, open_store):
    with open_store(create=True).database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608 — ours
    with pytest.raises(ConfigError, match="a later one"):
        Store.open(database_url, create=True)


def test_another_programs_database_is_not_touched(database_url, open_store):
    database = open_store(create=True).database
    with database.writing() as connection:
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    with pytest.raises(ConfigError, match="another program's"):
        Store.open(database_url, create=True)


def test_making_it_again_keeps_everything(store, database_url):
    roots, members = store.roots(), store.members()
    again = Store.open(database_url, create=True)
    assert (again.roots(), again.members()) == (roots, members)
    again.close()


def test_nothing_depends_on_the_working_directory_and_two_may_make_it_at_once(database_url, tmp_path):
    make = "import sys; from stillwatch.exchange.store.store import Store; Store.open(sys.argv[1], create=True).close()"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    program = [sys.executable, "-W", "error", "-c", make, database_url]
    started = [subprocess.Popen(program, cwd=elsewhere, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(each.communicate(timeout=60)[1], each.returncode) for each in started] == [(b"", 0)] * 3
    assert os.listdir(elsewhere) == []  # noqa: PTH208 — names
    store = Store.open(database_url)
    assert store.roots() == ()
    store.close()
