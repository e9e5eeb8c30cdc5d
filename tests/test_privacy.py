"""Law 4: what is told is less than what is known: no raw identifier, and no prompt in a log or an error."""

import gzip
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch import cli
from stillwatch.cli.boundary import run
from stillwatch.simulate import write
from stillwatch.simulate.scenario import parse

SCENARIO = {
    "name": "private",
    "seed": 9,
    "days": 2,
    "benign": {"people": 100, "scripts": 10, "agent_users": 5},
    "campaign": [
        {
            "name": "c",
            "content": "reason",
            "template": "prefix",
            "accounts": 40,
            "requests": 1000,
            "payment_distinct": 0.2,
            "mail_shared": 0.5,
        }
    ],
}
WRITTEN = ("findings.json", "report.html", "rejects.jsonl")
SECRET = "a-word-that-nobody-may-see"  # noqa: S105
IDENTIFIERS = ("client_address", "signup_address", "payment_fingerprint", "email_domain")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("private")
    write(parse(SCENARIO), out)
    return out / "alpha"


@pytest.fixture(scope="module")
def identifiers(made):
    """Every raw address, card and mail domain of the log and of the accounts table."""
    found = set()
    for name in ("requests", "accounts"):
        table = pq.read_table(made / f"{name}.parquet")
        for column in set(IDENTIFIERS) & set(table.column_names):
            found |= set(table[column].drop_null().to_pylist())
    assert len(found) > 200
    return found


@pytest.fixture(scope="module")
def prompts(made):
    """Pieces of what was asked, as long as a line."""
    messages = pq.read_table(made / "requests.parquet")["input_messages"].to_pylist()
    texts = [message["content"] for chat in messages for message in chat or []]
    return {text[i : i + 40] for text in texts for i in range(0, len(text) - 40, 40)}


@pytest.fixture
def scan(tmp_path, monkeypatch, capsys, made):
    """A scan on the command line, with a key, told everything; returns what it wrote and said, by name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "state"))
    assert run(cli.stillwatch, ["config", "init"]) == 0

    def ran(*args, debug=False, log=made / "requests.parquet", accounts=made / "accounts.parquet"):
        capsys.readouterr()
        line = [
            *["--debug"] * debug,
            "scan",
            str(log),
            "--accounts",
            str(accounts),
            "-o",
            WRITTEN[0],
            "--html",
            WRITTEN[1],
        ]
        code = run(cli.stillwatch, [*line, "--rejects", WRITTEN[2], *args])
        said = capsys.readouterr()
        told = {path.name: path.read_text() for path in map(Path, WRITTEN) if path.exists()}
        return code, told | {"standard output": said.out, "standard error": said.err}

    return ran


def telling(told, secrets):
    """Which of the texts hold which secrets, whole."""
    return {
        (name, secret)
        for name, text in told.items()
        for secret in secrets
        if secret in text and re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w])", text)
    }


@pytest.mark.parametrize("debug", [False, True])
def test_no_identifier_is_told_anywhere(scan, identifiers, debug):
    code, told = scan(debug=debug)
    assert code == 0
    assert json.loads(told["findings.json"])["campaigns"], "there is something to tell"
    assert len(told["report.html"]) > 10_000
    assert telling(told, identifiers) == set()


@pytest.mark.parametrize("args", [(), ("--json",), ("--quiet",)])
@pytest.mark.parametrize("debug", [False, True])
def test_no_prompt_is_told_while_it_works(scan, prompts, args, debug):
    _, told = scan(*args, debug=debug)
    said = told["standard error"]
    assert not [piece for piece in prompts if piece in said + told["rejects.jsonl"]]


def test_of_what_was_asked_only_the_shared_words_are_told(scan, prompts):
    """Everything else in the findings is numbers, names of accounts and our own words."""
    _, told = scan()
    findings = json.loads(told["findings.json"])
    shared = [part["text"] for c in findings["campaigns"] for text in c.pop("shared_text") for part in text]
    assert any(shared)
    assert not [piece for piece in prompts if piece in json.dumps(findings, ensure_ascii=False)]


def test_the_key_is_told_nowhere(scan, tmp_path):
    _, told = scan(debug=True)
    key = (tmp_path / "config" / "stillwatch" / "key").read_text().strip()
    assert len(key) > 20
    assert not [name for name, text in told.items() if key in text]


BROKEN = [
    f'{{"request_id": "{SECRET}"',
    f'{{"request_id": "r", "time": "{SECRET}", "account_id": "a"}}',
    f'{{"request_id": "r", "time": "2026-09-01T00:00:00Z", "account_id": null, "output_text": "{SECRET}"}}',
    f'{{"request_id": "r", "time": "2026-09-01T00:00:00Z", "account_id": "a", "usage_input_tokens": "{SECRET}"}}',
    f'{{"request_id": "r", "time": "2026-09-01T00:00:00Z", "account_id": "a", "input_messages": "{SECRET}"}}',
    f'{{"request_id": "r", "time": "2026-09-01T00:00:00Z", "account_id": "a", "input_messages": [["{SECRET}"]]}}',
    f'{{"request_id": "r", "time": "9999-09-01T00:00:00Z", "account_id": "a", "client_address": "{SECRET}"}}',
    f'["{SECRET}"]',
    f'"{SECRET}',
    SECRET,
    f'{{"request_id": "r", "time": "2026-09-01T00:00:00Z", "account_id": "a", "{SECRET}": "\\ud800"}}',
]


@pytest.mark.parametrize("debug", [False, True])
def test_a_broken_row_is_told_by_its_place_alone(scan, tmp_path, debug):
    good = [f'{{"request_id": "r{i}", "time": "2026-09-01T00:00:00Z", "account_id": "a{i}"}}' for i in range(9)]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(good + BROKEN) + "\n")
    code, told = scan(debug=debug, log=log)
    assert code == 0
    assert len(told["rejects.jsonl"].splitlines()) >= 8
    assert telling(told, {SECRET}) == set()


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("broken", ["log", "accounts"])
@pytest.mark.parametrize("kind", ["text", "lines", "document", "csv", "parquet", "gzip"])
def test_a_broken_file_is_told_by_its_name_alone(scan, tmp_path, kind, broken, debug):
    path, content = tmp_path / f"broken.{kind}", SECRET.encode()
    path.write_bytes(
        {
            "text": content * 3,
            "lines": b'{"%b": "%b"}\n' % (content, content) * 3,
            "document": b'[{"%b": ' % content,
            "csv": b"%b,b\n1,2,%b\n" % (content, content),
            "parquet": b"PAR1" + content * 9 + b"PAR1",
            "gzip": gzip.compress(content * 999)[:-9],
        }[kind]
    )
    code, told = scan(debug=debug, **{broken: path})
    assert code == 1
    assert "fault of stillwatch" not in told["standard error"]
    assert telling(told, {SECRET}) == set()
