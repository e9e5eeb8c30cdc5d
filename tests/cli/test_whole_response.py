"""From a log to an answer of 403 and back: a watch, Redis, a guarded server, an appeal and the switch, all real."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager

import pyarrow.parquet as pq
import pytest

from stillwatch.config import load
from stillwatch.gateway.asgi import Guard
from stillwatch.gateway.guarding import Guarding
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.simulate import load as scenario
from stillwatch.simulate import write
from stillwatch.traffic import Key

pytestmark = pytest.mark.slow

SETTINGS = """
[response]
relay = "redis://127.0.0.1:{port}/0"
ledger = "{folder}/ledger.sqlite"
policy = "{folder}/policy.toml"
people = ["ana", "bob"]
[gateway]
account = "header:x-account-id"
report_seconds = 0.1
[watch]
folder = "{folder}/watch"
findings = "{folder}/findings.json"
flush_seconds = 0.2
judge_seconds = 1
[pseudonyms]
key_file = "{folder}/key"
[reviews]
path = "{folder}/reviews.sqlite"
"""


@pytest.fixture
def redis(tmp_path):
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield port
        process.kill()


@pytest.fixture
def place(tmp_path, redis, stillwatch):
    """A folder with a log, its accounts and the settings."""
    write(scenario("demo"), tmp_path / "made", scale=0.4)
    Key.create(tmp_path / "key")
    (tmp_path / "stillwatch.toml").write_text(SETTINGS.format(port=redis, folder=tmp_path))
    stillwatch("policy", "init", tmp_path / "policy.toml", "--from", "strict", "--quiet")
    return tmp_path


@pytest.fixture
def stillwatch(tmp_path):
    def run(*args):
        program = [sys.executable, "-m", "stillwatch.cli", *map(str, args)]
        done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@contextmanager
def watching(folder):
    accounts = folder / "made" / "alpha" / "accounts.parquet"
    program = [sys.executable, "-m", "stillwatch.cli", "watch", "log.jsonl", "--accounts", accounts, "--apply", "--as"]
    with (
        (folder / "watch.err").open("w") as err,
        subprocess.Popen([*map(str, program), "ana"], cwd=folder, stderr=err, stdout=subprocess.DEVNULL) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def append(folder, rows):
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.writelines(json.dumps(row, default=str) + "\n" for row in rows)


async def model(_scope, receive, send):
    """A server that answers everything."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b'{"usage":{"prompt_tokens":3,"completion_tokens":5}}'})


def asked(guard, row):
    """The status and the body that a client gets for a request of the log."""
    body = json.dumps({"model": "m", "messages": row["input_messages"]}).encode()
    headers = [(b"x-account-id", row["account_id"].encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": headers,
        "client": ("192.0.2.7", 1),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def until(true, folder, seconds=120):
    for _ in range(seconds * 5):
        if found := true():
            return found
        time.sleep(0.2)
    raise AssertionError((folder / "watch.err").read_text())


def test_an_operator_is_stopped_everybody_else_is_not_and_an_appeal_is_heard(place, stillwatch):
    log = place / "made" / "alpha" / "requests.parquet"
    rows = sorted(pq.read_table(log).to_pylist(), key=lambda row: row["time"])
    truth = pq.read_table(place / "made" / "truth" / "requests.parquet").to_pylist()
    planted = {row["request_id"]: row["campaign"] for row in truth}
    cut = int(0.9 * len(rows))
    append(place, rows[:cut])
    settings = load(place / "stillwatch.toml", {})
    with watching(place) as watch, closing(Guarding.of(settings)) as guarding:
        guard = Guard(model, guarding=guarding)
        until(lambda: guarding.report() or guarding.state.snapshot.accounts, place)
        measured = guarding.state.snapshot.accounts
        answers = {row["request_id"]: (*asked(guard, row), row) for row in rows[cut:]}
        stopped = Counter(planted[id_] for id_, (status, *_) in answers.items() if status == 403)
        assert stopped[None] == 0
        assert stopped.total() > 0.3 * sum(planted[row["request_id"]] is not None for row in rows[cut:])
        assert {status for status, *_ in answers.values()} == {200, 403}

        row, body = next(
            (row, body) for status, body, row in answers.values() if status == 403 and row["account_id"] in measured
        )
        account, error = row["account_id"], json.loads(body)["error"]
        decision = measured[account].decision
        assert decision in json.dumps(error)
        assert account not in json.dumps(error)
        opened = json.loads(stillwatch("appeal", "open", decision, "--text", "It is my class.", "--json"))
        stillwatch("appeal", "reverse", opened["id"], "--as", "bob", "--text", "You are right.")
        until(lambda: guarding.report() or asked(guard, row)[0] == 200, place)

        other = next(row for status, _, row in answers.values() if status == 403 and row["account_id"] != account)
        stillwatch("decisions", "off", "--as", "bob", "--reason", "drill")
        until(lambda: guarding.report() or asked(guard, other)[0] == 200, place)
        stillwatch("decisions", "on", "--as", "bob", "--reason", "drill over")
        until(lambda: guarding.report() or asked(guard, other)[0] == 403, place)
        time.sleep(3)  # the watch judges again, and does not come back to whom an appeal was granted
        guarding.report()
        assert asked(guard, row)[0] == 200
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(60) == 0
    stillwatch("decisions", "verify")
    with Ledger.open(str(place / "ledger.sqlite"), create=False) as ledger:
        assert len(list(ledger.entries(0))) == ledger.head().number
