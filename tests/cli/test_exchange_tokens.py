import json
from datetime import UTC, datetime, timedelta

import click
import pytest

from stillwatch.cli import exchange_tokens
from stillwatch.cli.boundary import run as run_command
from stillwatch.exchange.model import Root
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.exchange.tokens.keys import SEALED, Keys
from stillwatch.signing import SigningKey

NOW = datetime.now(UTC)


@pytest.fixture
def store():
    opened = Store.open("forum.sqlite", create=True)
    for name in ("forum", "other"):
        opened.add_root(Root(name, name))
    yield opened
    opened.close()


@pytest.fixture
def rotate(capsys, tmp_path):
    SigningKey.generate().save(tmp_path / "exchange.pem")

    def run(*args):
        group = click.Group("stillwatch", {"tokens": exchange_tokens.command})
        code = run_command(group, ["tokens", "rotate", "--db", "forum.sqlite", "--key", "exchange.pem", *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_keys_are_made_once_and_past_ones_destroyed(store, rotate, tmp_path):
    keys = Keys(store, SigningKey.load(tmp_path / "exchange.pem"))
    current = Epoch.at(NOW)
    past = current.previous.previous
    keys.rotate("forum", past.start)
    assert keys.seed("forum", past, past.start + timedelta(days=1))
    code, out, _ = rotate("--json")
    assert code == 0
    assert json.loads(out) == {
        "forum": {"made": [str(current)], "destroyed": [str(past)]},
        "other": {"made": [str(current)], "destroyed": []},
    }
    assert list(store.get_document("forum", SEALED)) == [str(current)]
    assert rotate("--root", "forum")[2] == "forum: made none; destroyed none.\n"
    assert store.log_size("forum") == 2
    assert keys.seed("forum", past, NOW) is None


def test_a_root_that_is_not_there_is_named(store, rotate):  # noqa: ARG001
    code, _, err = rotate("--root", "nowhere")
    assert code == 2
    assert "nowhere" in err
