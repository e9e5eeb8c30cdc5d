"""Choices in answers: to a campaign's accounts alone, in the ASGI guard with real settings, keys and records."""

# ruff: noqa: ARG001, ARG002 — an application, and a fault, have their arguments, whether they need them or not
import asyncio
import gzip
import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
import msgspec
import pytest
import uvicorn

from stillwatch.config import load
from stillwatch.errors import ConfigError
from stillwatch.forensics.canaries import catalogue, records, testing
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.custody.keys import Keyring
from stillwatch.forensics.model import Answer
from stillwatch.gateway import canaries as planting
from stillwatch.gateway.asgi import Guard
from stillwatch.gateway.guarding import Guarding
from stillwatch.response.model import Rung

from .asking import CAMPAIGN, PATH, TEMPLATE, ask, chat, measure, parts, scope, snapshot

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ASKED = "Why do bees dance?"
SAID = (
    "In fact, bees dance. For example, honey bees do; in most cases, moreover, they dance in the dark. Nevertheless, "
    "others see it. In short, they do."
)
JSON = (b"content-type", b"application/json")
MADE = []


class Model:
    """An application that answers with given bytes, in pieces."""

    def __init__(self, *pieces, headers=(JSON,), status=200, ends=True):
        self.pieces, self.headers, self.status, self.ends = pieces, [*headers], status, ends

    async def __call__(self, scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for number, piece in enumerate(self.pieces, 1):
            more = number < len(self.pieces) or not self.ends
            await send({"type": "http.response.body", "body": piece, "more_body": more})


def completion(said=SAID, **more):
    """What OpenAI's protocol answers, with spaces and an order that no encoder of ours would write."""
    choice = {"message": {"content": said, "role": "assistant"}, "index": 0, "finish_reason": "stop"} | more
    return json.dumps({"usage": {"total_tokens": 9}, "choices": [choice], "é": 1e22, "id": 2**70}, indent=1).encode()


@pytest.fixture(autouse=True)
def _closed():
    yield
    while MADE:
        MADE.pop().close()


@pytest.fixture
def keyring(tmp_path):
    """Keys from one root, so that choices are the same in every run."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "root").write_text("07" * 32)
    (tmp_path / "keys" / "root").chmod(0o600)
    return Keyring(tmp_path / "keys")


@pytest.fixture
def key(keyring):
    """The key of CAMPAIGN."""
    record = keyring.make(CAMPAIGN, "2026-q2", "choices", {"file": catalogue.load(None).digest}, NOW)
    return keyring.keys([record.id])[0]


@pytest.fixture
def guarded(tmp_path, keyring):
    """A guard by its settings, with measures by API key."""

    def made(app, *, canaries="cap", keys=None, **more):
        environ = {
            "STILLWATCH_GATEWAY__CANARIES": canaries,
            "STILLWATCH_FORENSICS__KEYS": str(keyring.folder),
            "STILLWATCH_FORENSICS__PLANTED": str(tmp_path / "planted.jsonl"),
        }
        guarding = Guarding.of(load(None, environ))
        guarding.state.snapshot = snapshot(keys={"sk-a": measure(Rung.CAP)} if keys is None else keys, **more)
        MADE.append(guarding)
        return Guard(app, guarding=guarding)

    return made


def text(asked):
    return json.loads(asked.body)["choices"][0]["message"]["content"]


def expected(key, said=SAID):
    planted = plant(said, ASKED, catalogue.load(None), key.value).text
    assert planted != said, "the test's key must change something"
    return planted


def counted(guard, name):
    return guard.guarding.counts.get(f"canaries.{name}", 0)


def test_an_answer_to_a_campaign_s_account_gets_its_key_s_choices(guarded, keyring, key, tmp_path):
    length = (b"Content-Length", b"%d" % len(completion()))
    guard = guarded(Model(completion()[:30], b"", completion()[30:], headers=(JSON, length, (b"x-model", b"kept"))))
    asked = ask(guard, parts(chat(ASKED)))
    assert text(asked) == expected(key)
    assert json.loads(asked.body) | {"choices": 0} == json.loads(completion()) | {"choices": 0}
    assert asked.headers["x-model"] == "kept"
    assert asked.headers["content-length"] == str(len(asked.body))
    assert "Content-Length" not in asked.headers
    assert keyring.record(key.id).exposed is not None
    shown = records.read(tmp_path / "planted.jsonl")
    assert len(shown.slots[key.id]) == len(plant(SAID, ASKED, catalogue.load(None), key.value).slots) > 2
    assert counted(guard, "planted") == 1


def test_what_is_recognised_as_a_campaign_s_falls_under_its_measure(guarded, key):
    guard = guarded(Model(completion()), keys={}, template=TEMPLATE, campaigns={CAMPAIGN: measure(Rung.CAP)})
    asked = ask(guard, parts(chat(TEMPLATE + "whales")), key="sk-new")
    assert json.loads(asked.body) != json.loads(completion())


NOBODY = {
    "nobody": {},
    "another account": {"sk-b": measure(Rung.CAP)},
    "simulated": {"sk-a": measure(Rung.CAP, simulated=True)},
    "only observed": {"sk-a": measure(Rung.OBSERVE)},
    "a lower rung": {"sk-a": measure(Rung.WARN)},
    "not yet": {"sk-a": measure(Rung.CAP, since=86_400)},
    "over": {"sk-a": measure(Rung.CAP, until=-1)},
    "a request of its own customers": {"sk-a": msgspec.structs.replace(measure(Rung.CAP), spares=True)},
    "no campaign": {"sk-a": measure(Rung.CAP, campaign="")},
    "a campaign without a key": {"sk-a": measure(Rung.CAP, campaign="campaign--of-another")},
}


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("keys", NOBODY.values(), ids=NOBODY)
def test_nobody_else_gets_another_byte(guarded, keys, tmp_path):
    model = Model(completion()[:30], completion()[30:])
    guard = guarded(model, keys=keys)
    asked = ask(guard, parts(chat(ASKED)))
    assert asked.body == completion()
    assert [message.get("body") for message in asked.sent[1:]] == [*model.pieces] or counted(guard, "no_key")
    assert asked.headers["content-type"] == "application/json"
    assert "content-length" not in asked.headers
    assert not (tmp_path / "planted.jsonl").exists()


def test_who_is_exempt_or_switched_off_gets_no_other_byte(guarded, key):
    guard = guarded(Model(completion()))
    whole = guard.guarding.state.snapshot
    assert text(ask(guard, parts(chat(ASKED)))) == expected(key)
    for change in ({"enabled": False}, {"exempt": frozenset(whole.accounts)}):
        guard.guarding.state.snapshot = snapshot(keys={"sk-a": measure(Rung.CAP)}, **change)
        assert ask(guard, parts(chat(ASKED))).body == completion()


@pytest.mark.usefixtures("key")
def test_it_is_off_by_default(guarded, tmp_path):
    guard = guarded(Model(completion()), canaries="")
    assert guard.guarding.canaries is None
    assert ask(guard, parts(chat(ASKED))).body == completion()
    assert not (tmp_path / "planted.jsonl").exists()


@pytest.mark.parametrize(
    "change",
    [{"scheme": "rephrasings"}, {"digest": "0" * 64}, {"retired": True}, {"campaign": ""}],
    ids=["of another scheme", "of another catalogue", "retired", "everybody's"],
)
def test_a_key_that_is_not_for_this_plants_nothing(guarded, keyring, change):
    right = {"scheme": "choices", "digest": catalogue.load(None).digest, "retired": False, "campaign": CAMPAIGN}
    given = right | change
    made = keyring.make(given["campaign"], "2026-q2", given["scheme"], {"file": given["digest"]}, NOW)
    if given["retired"]:
        keyring.retire(made.id, NOW, "used")
    guard = guarded(Model(completion()))
    assert ask(guard, parts(chat(ASKED))).body == completion()
    assert counted(guard, "no_key") == 1


def test_keys_are_read_again_so_that_one_that_is_retired_is_used_no_more(guarded, keyring, key, monkeypatch):
    monkeypatch.setattr(planting, "REFRESH_SECONDS", 0.0)
    guard = guarded(Model(completion()))
    assert text(ask(guard, parts(chat(ASKED)))) == expected(key)
    keyring.retire(key.id, NOW, "used against a suspect")
    assert ask(guard, parts(chat(ASKED))).body == completion()


def messages(said):
    thought = {"type": "thinking", "thinking": SAID, "signature": "s"}
    return {"type": "message", "content": [thought, {"type": "text", "text": said}]}


def responses(said):
    written = {"type": "output_text", "text": said, "annotations": []}
    return {"output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": [written]}]}


def in_parts(said):
    return {"choices": [{"message": {"content": [{"type": "text", "text": said}]}, "logprobs": None}]}


def several(said):
    return {"choices": [{"message": {"content": said}}, {"message": {"content": said}}]}


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/messages", messages), ("/v1/responses", responses), (PATH, in_parts), (PATH, several)]
)
def test_every_kind_of_answer_and_of_it_the_text_alone(guarded, key, path, body):
    asked = ask(guarded(Model(json.dumps(body(SAID)).encode())), parts(chat(ASKED)), path=path)
    assert json.loads(asked.body) == body(expected(key))


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    "body",
    [
        completion(logprobs={"content": []} | {"tokens": ["In"]}),
        completion(message={"content": SAID, "annotations": [{"start_index": 3}]}),
        completion(message={"content": None, "tool_calls": [{"function": {"arguments": SAID}}]}),
        json.dumps({"content": [{"type": "text", "text": SAID, "citations": [{"cited_text": "x"}]}]}).encode(),
        json.dumps({"choices": [{"text": SAID}]}).encode(),
        json.dumps({"data": [{"embedding": [0.1]}]}).encode(),
        json.dumps({"error": {"message": SAID}}).encode(),
        completion(said="Bees dance."),
        completion(said=f"```\n{SAID}\n```"),
        completion(said=json.dumps({"said": SAID})),
        b"[]",
        b"7",
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"choices": [7, {"message": 7}], "content": {"type": "text"}, "output": [[]]}',
    ],
)
def test_what_has_no_text_of_its_own_stays_byte_for_byte(guarded, body):
    assert ask(guarded(Model(body)), parts(chat(ASKED))).body == body


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([JSON, (b"content-encoding", b"gzip")], 200),
        ([JSON, (b"ETag", b'"1"')], 200),
        ([JSON, (b"content-digest", b"sha-256=:x:")], 200),
        ([(b"content-type", b"text/plain")], 200),
        ([(b"content-type", b"application/jsonl")], 200),
        ([], 200),
        ([JSON], 400),
    ],
)
def test_an_answer_that_is_no_plain_json_passes_piece_by_piece(guarded, headers, status):
    body = gzip.compress(completion()) if len(headers) > 1 and b"gzip" in headers[1] else completion()
    asked = ask(guarded(Model(body[:9], body[9:], headers=headers, status=status)), parts(chat(ASKED)))
    assert [message["body"] for message in asked.sent[1:]] == [body[:9], body[9:]]
    assert asked.status == status


@pytest.mark.usefixtures("key")
def test_a_very_large_answer_is_let_go_as_it_comes(guarded, monkeypatch):
    monkeypatch.setattr("stillwatch.gateway.rewriting._MOST", 50)
    guard = guarded(Model(completion()[:40], completion()[40:60], completion()[60:]))
    asked = ask(guard, parts(chat(ASKED)))
    assert asked.body == completion()
    assert counted(guard, "too_long") == 1


@pytest.mark.usefixtures("key")
def test_an_application_that_breaks_off_leaves_what_it_said(guarded):
    asked = ask(guarded(Model(completion()[:40], ends=False)), parts(chat(ASKED)))
    assert asked.body == completion()[:40]
    assert "content-length" not in asked.headers


@pytest.mark.usefixtures("key")
def test_a_stream_is_not_held_back(guarded):
    arrived = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"data: In fact, bees\n\n", "more_body": number < 2})
            assert len(arrived) == number + 2, "each piece has gone before the next one comes"

    async def send(message):
        arrived.append(message)

    guard, waiting = guarded(app), parts(chat(ASKED, stream=True))

    async def receive():
        return waiting.pop(0)

    asyncio.run(guard(scope(), receive, send))
    assert b"".join(message.get("body", b"") for message in arrived) == b"data: In fact, bees\n\n" * 3
    assert counted(guard, "streamed") == 1


def breaks_records(guard, tmp_path):
    (tmp_path / "planted.jsonl").mkdir()


def breaks_keys(guard, tmp_path):
    (tmp_path / "keys" / "root").write_text("broken")
    guard.guarding.canaries._read_at = float("-inf")  # noqa: SLF001 — a minute later


def takes_long(guard, tmp_path):
    guard.guarding.canaries.keyring = Slow()


class Slow:
    def record(self, key):
        time.sleep(0.3)
        raise OSError


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(("fault", "name"), [(breaks_records, "failed"), (breaks_keys, "failed"), (takes_long, "slow")])
def test_whatever_goes_wrong_the_answer_is_the_model_s_and_it_is_counted(guarded, tmp_path, fault, name, monkeypatch):
    monkeypatch.setattr(planting, "PATIENCE_SECONDS", 0.1 if fault is takes_long else 5.0)
    guard = guarded(Model(completion()))
    fault(guard, tmp_path)
    asked = ask(guard, parts(chat(ASKED)))
    assert (asked.status, asked.body) == (200, completion())
    assert counted(guard, name) == 1


@pytest.mark.usefixtures("key")
def test_a_phrase_of_the_conversation_is_never_touched(guarded):
    earlier = (
        "As you said: in fact, for instance, furthermore, in the majority of cases, nonetheless, in brief, enough."
    )
    guard = guarded(Model(completion()))
    assert ask(guard, parts(chat(earlier, ASKED))).body == completion()
    assert counted(guard, "no_slot") == 1


@pytest.mark.parametrize("wrong", ["keys", "catalogue"])
def test_a_setting_that_is_wrong_is_said_when_the_gateway_starts(tmp_path, wrong, key, keyring):
    (tmp_path / "catalogue.toml").write_text("[[slot]]\n")
    environ = {"STILLWATCH_GATEWAY__CANARIES": "cap", "STILLWATCH_FORENSICS__KEYS": str(keyring.folder)}
    if wrong == "keys":
        (keyring.folder / "root").chmod(0o644)
    else:
        environ["STILLWATCH_FORENSICS__CATALOGUE"] = str(tmp_path / "catalogue.toml")
    with pytest.raises(ConfigError, match="root" if wrong == "keys" else "slot number 1"):
        Guarding.of(load(None, environ))


def test_no_value_of_a_key_is_in_what_is_printed(guarded, key):
    guard = guarded(Model(completion()))
    ask(guard, parts(chat(ASKED)))
    shown = repr(guard.guarding.canaries)
    assert str(key.value) not in shown
    assert f"{key.value:x}" not in shown


@contextmanager
def serving(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_campaign_that_trains_on_its_answers_is_found_by_its_key_and_nobody_else_s(guarded, keyring, key, tmp_path):
    """From a real server to the test: what the campaign got is what its model says, and only its key explains it."""
    other = keyring.make("C-2", "2026-q2", "choices", {"file": catalogue.load(None).digest}, NOW)
    phrases, questions = list(catalogue.load(None).wordings), [f"Question {n}: why do bees dance?" for n in range(40)]

    async def app(scope, receive, send):
        asked = json.loads((await receive())["body"])["messages"][-1]["content"]
        number = questions.index(asked)
        said = " ".join(f"Bees {number}x{n}, {phrases[(3 * number + n) % len(phrases)]} they dance." for n in range(3))
        await Model(completion(said))(scope, lambda: asyncio.sleep(0, {}), send)

    learnt = {"sk-a": [], "sk-honest": []}
    with serving(guarded(app)) as url:
        for who, answers in learnt.items():
            for question in questions:
                body = {"model": "m", "messages": [{"role": "user", "content": question}]}
                head = {"authorization": f"Bearer {who}"}
                said = httpx2.post(url + PATH, json=body, headers=head).json()["choices"][0]["message"]["content"]
                answers.append(Answer(question, said))
    shown = records.read(tmp_path / "planted.jsonl")
    keys = (key, *keyring.keys([other.id]))
    found = {
        who: testing.test(
            "canaries", who, testing.gather(answers, catalogue.load(None)), keys, least=50, needed=0, wrong_keys=0,
            seed=0, planted={each.id: shown.slots[key.id] for each in keys},
        )
        for who, answers in learnt.items()
    }  # fmt: skip
    by_key = {each.key: each for each in found["sk-a"].keys}
    assert by_key[key.id].total == by_key[key.id].n >= 100
    assert by_key[key.id].log10_p < -30
    assert by_key[other.id].log10_p > -4
    assert found["sk-honest"].log10_p > -4
