import json
import re
import signal
import subprocess
import sys

import httpx2
import pytest


@pytest.fixture
def password(tmp_path):
    file = tmp_path / "password"
    file.write_text("correct horse battery\nmore\n")
    return file


def test_people_are_added_listed_changed_and_removed(run, password):
    added = run("console", "people", "add", "ana", "--role", "analyst", "--password-file", password)
    assert (added.code, added.err) == (0, "ana may sign in, as analyst.\n")
    assert run("console", "people", "add", "bob", "--role", "viewer", "--elsewhere").code == 0
    assert run("console", "people", "role", "bob", "--role", "operator").code == 0
    assert run("console", "people", "password", "ana", "--password-file", password).code == 0
    listed = json.loads(run("console", "people", "list", "--json").out)
    assert listed == [
        {"name": "ana", "role": "analyst", "password": True},
        {"name": "bob", "role": "operator", "password": False},
    ]
    assert "elsewhere" in run("console", "people", "list").out
    assert run("console", "people", "remove", "ana", "-q").err == ""
    assert len(json.loads(run("console", "people", "list", "--json").out)) == 1


def test_nobody_yet_is_told_with_what_to_do(run):
    assert "console people add" in run("console", "people", "list").err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["add", "two words", "--role", "viewer", "--elsewhere"], 1, "no name of a person"),
        (["add", "ana", "--role", "admin", "--elsewhere"], 2, "'admin' is not one of"),
        (["add", "ana", "--role", "viewer", "--password-file", "absent"], 1, "cannot be read"),
        (["remove", "carl"], 1, "nobody of this name"),
        (["role", "carl", "--role", "viewer"], 1, "nobody of this name"),
        (["list", "--db", "ftp://x"], 2, "no database"),
    ],
)
def test_what_cannot_be_is_one_line(run, args, code, says):
    ended = run("console", "people", *args)
    assert ended.code == code
    assert says in ended.err


def test_a_password_is_never_an_argument(run):
    assert run("console", "people", "add", "ana", "--role", "viewer", "--password", "x").code == 2


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--listen", "nowhere"], 2, "no HOST:PORT"),
        (["--listen", "0.0.0.0:0"], 2, "in the clear"),
        (["--tls-cert", "a.pem"], 2, "go together"),
        (["--db", "findings.json"], 3, "The database failed"),
    ],
)
def test_a_console_that_cannot_be_served_is_one_line(run, tmp_path, options, code, says):
    (tmp_path / "findings.json").write_text("no database " * 100)
    ended = run("serve", "console", "--listen", "127.0.0.1:0", *options)
    assert ended.code == code
    assert says in ended.err
    assert ended.err.count("\n") == 1


def test_without_its_extra_the_console_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "argon2", None)
    ended = run("console", "people", "list")
    assert ended.code == 2
    assert "pip install 'stillwatch[console]'" in ended.err


@pytest.mark.slow
def test_it_tells_how_to_begin_takes_findings_in_and_ends_in_order(tmp_path, findings_text, password, start):
    (tmp_path / "findings.json").write_text(findings_text)
    program = [sys.executable, "-m", "stillwatch.cli"]
    served = [*program, "serve", "console", "--db", "console.sqlite", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(served, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        url = re.fullmatch(r"Serving (http://127\.0\.0\.1:[1-9][0-9]*)\n", process.stdout.readline())[1]
        named = ["--role", "operator", "--password-file", password, "--db", "console.sqlite"]
        assert start("console", "people", "add", "ana", *named, cwd=tmp_path).code == 0
        with httpx2.Client(base_url=url, trust_env=False) as client:
            form = {"name": "ana", "password": "correct horse battery", "then": "/me.json"}
            assert client.post("/sign-in", data=form, follow_redirects=True).json()["role"] == "operator"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert out == ""
        assert "stillwatch console people add NAME --role operator --db" in err
        assert process.returncode == 0
    finally:
        process.kill()
