"""Tests of every kind, from what lies in a bundle: choices in prose, and what an endpoint would write in our texts."""

import json
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from stillwatch.forensics.canaries import catalogue
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.custody.asking import ask
from stillwatch.forensics.custody.commitments import Commitments, commit
from stillwatch.forensics.custody.running import begun, committed
from stillwatch.forensics.custody.scoring import score_blind
from stillwatch.forensics.plan import load
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.serving import Server, listen

from .conftest import GAMMA, NOW, SCHEME, VOCABULARY, WIDTH, answers, keyring_in, written

LATER = NOW + timedelta(days=60)


def _scored(bundle, keys):
    results, opening = score_blind(bundle, {key.id: key for key in keys}, LATER)
    return {opening.labels[each.subject]: each for each in results.results}


def _subject(name, role, source):
    return f'[[subjects]]\nid = "{name}"\nrole = "{role}"\n{source}'


@pytest.fixture
def keyed(tmp_path):
    """Makes a key that is committed to: the folder of keys, the key."""

    def make(scheme, parameters):
        keyring = keyring_in(tmp_path)
        record = keyring.make("c-1", "1", scheme, parameters, NOW)
        Commitments(keyring.folder).add(commit(keyring.records(), NOW))
        return keyring, *keyring.keys([record.id])

    return make


def _bundle(folder, keyring, parts):
    head = 'title = "Is it ours?"\nauthor = "A. Examiner"\nwrong_keys = 100'
    (folder / "plan.toml").write_text("\n".join([head, *parts]))
    (folder / "plan.json").write_bytes(committed(load(folder / "plan.toml", LATER), keyring).text)
    return begun(folder / "bundle", folder / "plan.json", keyring)


def _prose(seed, slots):
    random = np.random.default_rng(seed)
    phrases = [slot.variants for slot in slots.slots if slot.kind == "wording" and slot.in_use]
    for _ in range(400):
        variants = phrases[random.integers(len(phrases))]
        before, after = (" ".join(f"w{each}" for each in random.integers(0, 1000, 3)) for _ in range(2))
        yield f"Thing {before} {variants[random.integers(len(variants))]} {after} ends."


def test_choices_are_scored_from_prose(tmp_path, keyed):
    shutil.copyfile(Path(catalogue.__file__).with_suffix(".toml"), tmp_path / "catalogue.toml")
    slots = catalogue.load(tmp_path / "catalogue.toml")
    keyring, key = keyed("choices", {"file": slots.digest})
    written(tmp_path / "suspect.jsonl", (plant(text, "", slots, key.value)[0] for text in _prose(1, slots)))
    written(tmp_path / "control.jsonl", _prose(2, slots))
    test = (
        f'[[tests]]\nname = "choices"\nkind = "canaries"\nkeys = ["{key.id}"]\ncatalogue = "catalogue.toml"\nleast = 50'
    )
    bundle = _bundle(
        tmp_path,
        keyring,
        [
            _subject("suspect", "suspect", 'texts = ["suspect.jsonl"]'),
            _subject("control", "control", 'texts = ["control.jsonl"]\nreleased = 2025-01-01'),
            test,
        ],
    )

    found = _scored(bundle, [key])
    assert found["suspect"].problem == found["control"].problem == ""
    assert found["suspect"].log10_p < -6
    assert found["control"].log10_p > -3
    assert found["suspect"].needed > 0


class Reader:
    """An endpoint that says what it would write next in a text: every second time what the key prefers."""

    def __init__(self, key):
        self._key, self._scheme, self.paths = key, GreenList(WIDTH, GAMMA), []

    def _next(self, ids, place):
        if place % 2 or place < WIDTH:
            return place % VOCABULARY
        drawn = np.arange(8, dtype=np.int32) + place
        windows = np.repeat(ids[None, place - WIDTH : place], 8, axis=0)
        return int(drawn[self._scheme.scores(self._key, windows, drawn).argmax()])

    async def __call__(self, scope, receive, send):
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.paths.append(scope["path"])
        words = json.loads(body)["prompt"].split(" ")
        ids = np.array([int(word[1:]) for word in words], np.int32)
        tokens = [words[0], *(f" {word}" for word in words[1:])]
        tops = [None, *({f" w{self._next(ids, place)}": -0.1} for place in range(1, len(words)))]
        logprobs = {"tokens": tokens, "top_logprobs": tops, "token_logprobs": [None] + [-1.0] * (len(words) - 1)}
        content = json.dumps({"model": "m", "choices": [{"index": 0, "text": "", "logprobs": logprobs}]}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": content})


@pytest.fixture
def serve():
    """Serves an application on a free port; gives its address."""
    running = []

    def start(app):
        ready = threading.Event()
        server = Server(app, listen("127.0.0.1", 0), ready=ready.set)
        thread = threading.Thread(target=server.run, daemon=True)
        address = f"http://127.0.0.1:{server.port}/v1"
        thread.start()
        assert ready.wait(30)
        running.append((server, thread))
        return address

    yield start
    for server, thread in running:
        server.stop()
        thread.join(30)


def test_what_an_endpoint_would_write_in_our_texts_is_scored(tmp_path, keyed, serve, made):
    keyring, key = keyed(SCHEME, {"width": WIDTH, "gamma": GAMMA})
    (tmp_path / "tokenizer.json").write_bytes((made.folder / "tokenizer.json").read_bytes())
    written(tmp_path / "read.jsonl", answers(None, 5))
    written(tmp_path / "control.jsonl", answers(None, 6))
    suspect, control = Reader(key.value), Reader(key.value ^ 1)
    test = f'[[tests]]\nname = "reads"\nkind = "reading"\nkeys = ["{key.id}"]\nscheme = "{SCHEME}"\nwidth = {WIDTH}'
    test += f'\ngamma = {GAMMA}\ntokenizer = "tokenizer.json"\ntexts = "read.jsonl"\nmarked = false'
    bundle = _bundle(
        tmp_path,
        keyring,
        [
            'sampling = {per_minute = 60000}\nprompts = "read.jsonl"',
            _subject("suspect", "suspect", f'endpoint = {{url = "{serve(suspect)}", model = "m"}}'),
            _subject("control", "control", f'endpoint = {{url = "{serve(control)}", model = "m"}}'),
            _subject("files", "control", 'texts = ["control.jsonl"]'),
            test,
        ],
    )

    ask(bundle, {})
    found = _scored(bundle, [key])
    assert set(suspect.paths) == {"/v1/completions"}
    assert found["suspect"].problem == ""
    assert found["suspect"].n > 1000
    assert found["suspect"].log10_p < -20
    assert found["control"].log10_p > -3
    assert "files" in found["files"].problem


def test_what_cannot_be_scored_has_a_problem_and_no_result(world):
    (world.folder / "control-01.jsonl").write_text('{"text": "w1 w2 w3"}\n' * 50)
    (world.folder / "control-02.jsonl").write_text(json.dumps({"text": "neither word is known " * 100}) + "\n")
    (world.folder / "control-03.jsonl").write_text('{"text": ""}\n')
    bundle = begun(world.folder / "bundle", world.seal(), world.keyring)

    found = _scored(bundle, world.keys)
    for name, says in (("control-01", "1,000"), ("control-02", "not the tokenizer"), ("control-03", "0 of")):
        assert says in found[name].problem
        assert found[name].keys == ()
    assert ("answers: empty", 1) in found["control-03"].left_out
    assert ("answers: repeated", 49) in found["control-01"].left_out
    assert found["control-04"].problem == ""


def test_scores_depend_on_plan_and_answers_alone(world):
    bundle = begun(world.folder / "bundle", world.seal(), world.keyring)

    assert _unlabelled(bundle, world) == _unlabelled(bundle, world)


def _unlabelled(bundle, world):
    return {name: (each.keys, each.null) for name, each in _scored(bundle, world.keys).items()}
