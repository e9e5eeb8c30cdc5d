from pathlib import Path

import pytest

from stillwatch.database import Database, parse
from stillwatch.errors import ConfigError, ExchangeError


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("postgres://ana:pw@host/db", "postgresql+psycopg://ana:pw@host/db"),
        ("postgresql://host/db?sslmode=require", "postgresql+psycopg://host/db?sslmode=require"),
        ("postgresql+psycopg://host/db", "postgresql+psycopg://host/db"),
        ("/a/forum.sqlite", "sqlite:////a/forum.sqlite"),
        ("sqlite:////a/forum.sqlite", "sqlite:////a/forum.sqlite"),
        ("sqlite:///forum.sqlite", f"sqlite:///{Path.cwd()}/forum.sqlite"),
    ],
)
def test_addresses(address, url):
    assert parse(address).render_as_string(hide_password=False) == url


def test_a_path_may_hold_what_a_url_may_not():
    assert parse("odd%20?#.sqlite").database == f"{Path.cwd()}/odd%20?#.sqlite"


@pytest.mark.parametrize(
    "address", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", ":memory:", "", "://", "sqlite+x:///a"]
)
def test_what_is_no_address(address):
    with pytest.raises(ConfigError):
        parse(address)


def test_no_error_holds_the_password():
    database = Database.at("postgresql://ana:hunter2@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(ExchangeError) as caught, database.reading():
        pass
    assert "hunter2" not in str(caught.value)
    assert "***" in str(caught.value)
    assert "\n" not in str(caught.value)
