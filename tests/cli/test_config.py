import json
import stat
from pathlib import Path

import pytest


def test_init_makes_the_file_and_a_key_that_only_its_owner_reads(run, tmp_path):
    ran = run("config", "init")
    key = tmp_path / "xdg-config/stillwatch/key"
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"made stillwatch.toml\nmade {key}\n"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert run("config", "check").code == 0


def test_init_overwrites_nothing(run):
    Path("stillwatch.toml").write_text("[scan]\nthreads = 1\n")
    ran = run("config", "init")
    assert (ran.code, ran.err.splitlines()[0]) == (0, "kept stillwatch.toml")
    again = run("config", "init")
    assert again.code == 2
    assert "stillwatch.toml: is there already" in again.err
    assert Path("stillwatch.toml").read_text() == "[scan]\nthreads = 1\n"


def test_init_puts_the_key_where_the_variable_says(run, monkeypatch, tmp_path):
    monkeypatch.setenv("STILLWATCH_KEY_FILE", str(tmp_path / "deep" / "k"))
    assert run("config", "init", "--quiet").err == ""
    assert (tmp_path / "deep" / "k").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scan]\nthread = 1\n", "stillwatch.toml: unknown setting scan.thread. Did you mean scan.threads?"),
        ("[pseudonyms]\nrequired = true\n", "key: There is no key here, and one is required."),
        ('[pseudonyms]\nkey_file = "gone"\n', "gone: There is no key here"),
    ],
)
def test_check_says_what_is_wrong(run, text, says):
    Path("stillwatch.toml").write_text(text)
    ran = run("config", "check")
    assert ran.code == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_show_says_where_each_value_came_from(run, monkeypatch):
    monkeypatch.setenv("STILLWATCH_SCAN__THREADS", "3")
    Path("stillwatch.toml").write_text("[scan]\nhub_accounts = 50\n")
    lines = run("config", "show", "--origin").out.splitlines()
    assert "threads = 3  # STILLWATCH_SCAN__THREADS" in lines
    assert "hub_accounts = 50  # stillwatch.toml" in lines
    assert "high_bits = 8.0  # default" in lines


def test_show_can_be_read_back_as_the_file(run):
    Path("stillwatch.toml").write_text("[scan]\nhub_accounts = 50\n")
    shown = run("config", "show").out
    Path("stillwatch.toml").write_text(shown)
    assert run("config", "show").out == shown


def test_show_as_json(run):
    shown = json.loads(run("config", "show", "--json").out)
    assert shown["scan.high_bits"] == {"value": 8.0, "origin": "default"}
