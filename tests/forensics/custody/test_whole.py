"""The whole way by the command line: plan, questions to a real endpoint, a kill in the middle, verdict, re-run."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from stillwatch import cli
from stillwatch.cli.boundary import run as run_command
from stillwatch.serving import Server, listen

PROBE = [sys.executable, "-m", "stillwatch.cli", "probe"]


@dataclass
class Endpoint:
    """Answers with texts that are at hand; after `stops_after` of them it lets everybody wait."""

    texts: list[str]
    stops_after: int = 1 << 30  # changed by another thread, so that it is looked at and no event is waited for
    asked: Counter = field(default_factory=Counter)
    tokens: set = field(default_factory=set)
    answered: int = 0

    async def __call__(self, scope, receive, send):
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        prompt = json.loads(body)["messages"][0]["content"]
        self.asked[prompt] += 1
        self.tokens.add(dict(scope["headers"]).get(b"authorization"))
        while self.answered >= self.stops_after:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.answered += 1
        text = self.texts[int(prompt.removeprefix("Say something of ").removesuffix("."))]
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        content = json.dumps({"model": "parrot-7b", "choices": [choice]}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": content})


@pytest.fixture
def endpoint(world):
    """The suspect, on a free port."""
    lines = (world.folder / "suspect.jsonl").read_text().splitlines()
    app = Endpoint([json.loads(line)["text"] for line in lines])
    socket, ready = listen("127.0.0.1", 0), threading.Event()
    server = Server(app, socket, ready=ready.set, timeout_graceful_shutdown=1)
    thread = threading.Thread(target=server.run, daemon=True)
    app.url = f"http://127.0.0.1:{server.port}/v1"
    thread.start()
    assert ready.wait(30)
    yield app
    app.stops_after = 1 << 30
    server.stop()
    thread.join(30)


@pytest.fixture
def probe(world, monkeypatch, capsys):
    """Runs a verb in this process, in the world's folder: the code, what it printed, what it said."""
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(world.folder / "config"))

    def run(*args):
        capsys.readouterr()
        code = run_command(cli.stillwatch, ["probe", *map(str, args)])
        return code, *capsys.readouterr()

    return run


def _asking(endpoint):
    return (
        f'endpoint = {{url = "{endpoint.url}", model = "parrot-7b"}}',
        "sampling = {per_minute = 60000, at_once = 2}",
    )


def _sealed(world, endpoint, probe):
    suspect, extra = _asking(endpoint)
    (world.folder / "plan.toml").write_text(world.toml(suspect=suspect, extra=extra))
    (world.folder / "suspect.token").write_text("sesame")
    code, out, err = probe("plan", "plan.toml", "--keys", "keys", "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


WIDE = ("--width", "2", "--gamma", "0.25")
RUN = ("plan.json", "-o", "bundle", "--keys", "keys", "--key-file", "ann.pem", "--token-file", "suspect=suspect.token")


@pytest.mark.slow
def test_from_a_plan_to_a_verdict_that_others_check(world, endpoint, probe):
    told = _sealed(world, endpoint, probe)
    assert told["subjects"] == {"suspect": 1, "control": 20, "positive": 1}
    assert told["warnings"] == []
    assert told["questions_to_each"] == 40

    endpoint.stops_after = 12
    first = subprocess.Popen([*PROBE, "run", *RUN, "--quiet"], cwd=world.folder)
    deadline = time.monotonic() + 60
    while endpoint.answered < 12 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # until what was answered is on the disk
    os.kill(first.pid, signal.SIGKILL)
    first.wait(30)
    assert endpoint.answered == 12
    assert not (world.folder / "bundle" / "manifest.json").exists()
    under_way = endpoint.asked.total() - 12
    endpoint.stops_after = 1 << 30

    code, out, _ = probe("run", *RUN, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["grade"] == "corroborated"
    assert [each["id"] for each in document["campaigns"] if each["reached"]] == ["c-1"]
    assert document["departures"] == []
    assert endpoint.tokens == {b"Bearer sesame"}
    assert len(endpoint.asked) == 40
    assert endpoint.asked.total() == 40 + under_way  # what had no answer was asked again, and nothing else
    bundle = b"".join(path.read_bytes() for path in (world.folder / "bundle").rglob("*") if path.is_file())
    assert b"sesame" not in bundle
    assert b"suspect.token" not in bundle

    assert probe("rerun", "bundle", "--keys", "keys", "--key-file", "ann.pem")[0] == 2
    code, out, _ = probe("rerun", "bundle", "--keys", "keys", "--key-file", "bob.pem", "--json")
    assert (code, json.loads(out)["differs"], json.loads(out)["grade"]) == (0, [], "shown")

    code, out, _ = probe("verify", "bundle", "--keys", "keys", "--json")
    assert code == 0
    assert json.loads(out) == {
        "holds": True,
        "by": document["by"],
        "scored": True,
        "same_code": True,
        "grade": "shown",
        "plan": told["digest"],
    }
    code, out, _ = probe("show", "bundle", "-f", "markdown")
    assert code == 0
    assert "c-1" in out

    transcript = world.folder / "bundle" / "responses" / "suspect.jsonl"
    transcript.write_bytes(transcript.read_bytes().replace(b'"status":200', b'"status":201', 1))
    code, out, err = probe("verify", "bundle")
    assert (code, out) == (4, "")
    assert "responses/suspect.jsonl" in err


@pytest.mark.slow
def test_answers_may_be_got_on_one_machine_and_scored_on_another(world, endpoint, probe):
    _sealed(world, endpoint, probe)

    code, out, err = probe("run", *RUN, "--no-score")
    assert (code, out) == (0, "")
    assert "probe score" in err
    assert not (world.folder / "bundle" / "results.json").exists()
    code, out, _ = probe("score", "bundle", "--keys", "keys", "--json")
    assert (code, json.loads(out)["grade"]) == (0, "corroborated")
    code, _, err = probe("score", "bundle", "--keys", "keys")
    assert code == 2
    assert "complete and signed" in err


def test_a_plan_is_sealed_once(world, probe):
    (world.folder / "plan.toml").write_text(world.toml())

    assert probe("plan", "plan.toml", "--keys", "keys")[0] == 0
    code, _, err = probe("plan", "plan.toml", "--keys", "keys")
    assert code == 1
    assert "sealed already" in err


def test_a_token_for_nobody_is_refused(world, endpoint, probe):
    _sealed(world, endpoint, probe)

    code, _, err = probe("run", *RUN[:-1], "suspct=suspect.token")
    assert code == 2
    assert "asks no such subject" in err
    assert endpoint.asked.total() == 0


def test_a_plan_that_was_not_sealed_is_not_run(world, probe):
    (world.folder / "plan.toml").write_text(world.toml())

    code, _, err = probe("run", "plan.toml", "-o", "bundle")
    assert code == 2
    assert "probe plan" in err


def test_a_folder_of_another_plan_is_left_alone(world, endpoint, probe):
    _sealed(world, endpoint, probe)
    assert probe("run", *RUN, "--no-score")[0] == 0
    (world.folder / "plan.json").unlink()
    (world.folder / "plan.toml").write_text(world.toml())
    probe("plan", "plan.toml", "--keys", "keys")

    code, _, err = probe("run", *RUN)
    assert code == 2
    assert "another plan" in err


def test_files_that_changed_after_the_plan_was_sealed_are_named(world, probe):
    world.seal()
    (world.folder / "control-07.jsonl").write_text('{"text": "something else"}\n')

    code, _, err = probe("run", *RUN[:5])
    assert code == 1
    assert "control-07.jsonl" in err
    assert not (world.folder / "bundle").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("gamma = 0.25", "gamma = 0.5"), "was made for something else"),
        (('tokenizer = "tokenizer.json"', ""), "names no tokenizer"),
        (('tokenizer = "tokenizer.json"', 'tokenizer = "prompts.jsonl"'), "no tokenizer"),
        (('kind = "closed"', 'kind = "reading"'), "names no texts"),
    ],
)
def test_a_test_that_could_not_be_scored_is_not_sealed(world, probe, change, says):
    (world.folder / "plan.toml").write_text(world.toml().replace(*change))

    code, _, err = probe("plan", "plan.toml", "--keys", "keys")
    assert code in {1, 2}
    assert says in err
    assert not world.plan.exists()


def test_what_a_plan_lacks_is_said_before_the_first_question(world, probe):
    text = world.toml().replace('role = "positive"', 'role = "control"')
    keys = world.folder / "others"
    code, out, _ = probe("keys", "make", "--epoch", "1", "--scheme", "greenlist-philox-v1", "--keys", keys, *WIDE)
    for key in world.keys:
        text = text.replace(f'"{key.id}"', f'"{out.strip()}"' if key == world.keys[0] else "").replace(", ,", ",")
    (world.folder / "plan.toml").write_text(text.replace(", , ", "").replace(", ]", "]"))

    code, out, _ = probe("plan", "plan.toml", "--keys", keys, "--json")
    assert code == 0
    warnings = " ".join(json.loads(out)["warnings"])
    for says in ("no positive control", "no commitment", "first exposure", "fewer than 4 keys"):
        assert says in warnings
