# ruff: noqa: ARG001 — an ASGI application has three arguments, whether it needs them or not
import asyncio
import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from stillwatch.config import GatewayConfig
from stillwatch.gateway.asgi import LEFT, Guard
from stillwatch.gateway.guarding import Guarding
from stillwatch.gateway.tap import usage
from stillwatch.response.model import Limits, Rung

from .asking import CAMPAIGN, TEMPLATE, Asked, Model, ask, chat, measure, parts, scope, snapshot

_MADE = []


@pytest.fixture(autouse=True)
def _closed():
    """No thread outlives its test."""
    yield
    while _MADE:
        _MADE.pop().guarding.close()


def guarded(app=None, *, keys=(), template="", campaigns=(), **config):
    in_force = snapshot(keys=keys, template=template, campaigns=dict(campaigns))
    _MADE.append(Guard(app or Model(), guarding=Guarding(GatewayConfig(**config), snapshot=in_force)))
    return _MADE[-1]


def rows(guard):
    return guard.guarding.rows.waiting


def test_a_request_and_its_answer_pass_unchanged():
    guard, body = guarded(), chat("Hello there")
    asked = ask(guard, parts(body))
    assert guard.app.bodies == [body]
    assert (asked.status, asked.headers) == (200, {"content-type": "application/json"})
    assert asked.body == b'{"usage":{"prompt_tokens":11,"completion_tokens":7}}'
    (row,) = rows(guard)
    assert (row.status, row.prompt.turns[0], row.address) == (200, "Hello there", "203.0.113.7")
    assert usage(row.answer) == (11, 7)


def test_a_body_in_pieces_is_put_together():
    guard, body = guarded(), chat("Hello there")
    ask(guard, parts(body[:5], b"", body[5:9], body[9:]))
    assert guard.app.bodies == [body]
    assert rows(guard)[0].prompt.turns[0] == "Hello there"


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/chat/completions", None), ("/v1/messages", "error"), ("/proxy/v1/messages/", "error")]
)
def test_a_held_account_is_answered_in_its_clients_form(path, kind):
    guard = guarded(keys={"sk-a": measure(Rung.HOLD)})
    asked = ask(guard, parts(chat("Hello")), path=path)
    assert (asked.status, asked.headers["stillwatch-decision"]) == (403, "d-0123456789ab")
    assert json.loads(asked.body).get("type") == kind
    assert guard.app.bodies == []
    assert [row.status for row in rows(guard)] == [403]


def test_a_warning_rides_on_the_answer():
    asked = ask(guarded(keys={"sk-a": measure(Rung.WARN)}), parts(chat("Hello")))
    assert asked.status == 200
    assert "terms of service" in asked.headers["stillwatch-notice"]


def test_a_cap_rewrites_the_body():
    guard = guarded(keys={"sk-a": measure(Rung.CAP, limits=Limits(max_tokens=16))})
    ask(guard, parts(chat("Hello", n=3, logprobs=True)), length=99)
    (body,), (scope_,) = guard.app.bodies, guard.app.scopes
    assert json.loads(body) == json.loads(chat("Hello", max_tokens=16, include_reasoning=False))
    assert dict(scope_["headers"])[b"content-length"] == b"%d" % len(body)


def test_opt_out_fields_never_reach_the_model():
    guard = guarded()
    ask(guard, parts(chat("Hello", watermark={"enabled": False}, watermarking=False, n=2)))
    assert json.loads(guard.app.bodies[0]) == json.loads(chat("Hello", n=2))


def test_a_simulated_measure_changes_nothing():
    guard, body = guarded(keys={"sk-a": measure(Rung.HOLD, simulated=True)}), chat("Hello", n=3)
    asked = ask(guard, parts(body))
    assert guard.app.bodies == [body]
    assert asked.headers == {"content-type": "application/json"}
    assert guard.guarding.counts["simulated.hold"] == 1


def test_a_template_on_a_fresh_key_is_recognised():
    guard = guarded(template=TEMPLATE, campaigns={CAMPAIGN: measure(Rung.VERIFY)})
    assert ask(guard, parts(chat(TEMPLATE + "whales")), key="sk-new").status == 403
    assert ask(guard, parts(chat("What is the time?")), key="sk-new").status == 200


@pytest.mark.parametrize("path", ["/v1/models", "/", "/v1/chat/completions/x"])
def test_other_paths_pass_untouched(path):
    guard = guarded(keys={"sk-a": measure(Rung.HOLD)})
    assert ask(guard, parts(b"{"), path=path).status == 200
    assert guard.guarding.counts == {}


def test_other_scopes_pass_untouched():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope["type"], receive, send))

    guard = guarded(app)
    given = {"type": "websocket", "path": "/v1/chat/completions"}, object(), object()
    asyncio.run(guard(*given))
    assert seen == [("websocket", *given[1:])]


def test_the_lifespan_is_the_applications_and_starts_and_ends_the_thread():
    threads = []

    async def app(scope, receive, send):
        threads.append(guard.guarding.running)

    guard = guarded(app)
    asyncio.run(guard({"type": "lifespan"}, None, None))
    assert threads == [True]
    assert not guard.guarding.running


@pytest.mark.parametrize(("fail", "status"), [("open", 200), ("closed", 503)])
@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        (b"{", (), "unreadable"),
        (b"\xff\xfe\x00", (), "unreadable"),
        (b"[" * 4000, (), "unreadable"),
        (chat("x" * 5000), (), "too_large"),
        (b"...", ((b"content-encoding", b"br"),), "encoded"),
        (gzip.compress(b" " * 1_000_000), ((b"content-encoding", b"gzip"),), "encoded"),
        (gzip.compress(chat("Hello"))[:-4], ((b"content-encoding", b"gzip"),), "encoded"),
    ],
    ids=["malformed", "no UTF-8", "deep", "huge", "unknown encoding", "bomb", "cut off"],
)  # fmt: skip
def test_what_cannot_be_read_passes_or_not_as_the_settings_say(fail, status, body, headers, fault):
    guard = guarded(fail=fail, most_body_bytes=4096)
    assert ask(guard, parts(body), headers=headers).status == status
    assert guard.app.bodies == ([body] if fail == "open" else [])
    assert guard.guarding.counts[f"fault.{fault}"] == guard.guarding.counts[f"failed_{fail}"] == 1


def test_a_compressed_body_is_judged_and_passes_as_it_is():
    guard = guarded(template=TEMPLATE, campaigns={CAMPAIGN: measure(Rung.VERIFY)})
    fine, banned = gzip.compress(chat("Hello")), gzip.compress(chat(TEMPLATE))
    header = ((b"content-encoding", b"GZIP"),)
    assert ask(guard, parts(fine), headers=header).status == 200
    assert ask(guard, parts(banned), headers=header).status == 403
    assert guard.app.bodies == [fine]


def test_a_capped_body_that_was_compressed_goes_on_plain():
    guard = guarded(keys={"sk-a": measure(Rung.CAP)})
    ask(guard, parts(gzip.compress(chat("Hello", n=3))), headers=((b"content-encoding", b"gzip"),))
    assert json.loads(guard.app.bodies[0]) == json.loads(chat("Hello", include_reasoning=False))
    assert b"content-encoding" not in dict(guard.app.scopes[0]["headers"])


def test_nobody_said_who_asks():
    guard = guarded()
    assert ask(guard, parts(chat("Hello")), key="").status == 200
    assert guard.guarding.counts["fault.no_account"] == 1
    assert rows(guard) == []
    assert ask(guarded(fail="closed"), parts(chat("Hello")), key="").status == 503


@pytest.mark.parametrize("length", ["99999", "9" * 5000])
def test_a_body_that_is_said_to_be_too_large_is_not_read_here(length):
    guard, taken = guarded(most_body_bytes=4096), []

    async def app(scope, receive, send):
        taken.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    guard.app = app
    ask(guard, parts(chat("Hello")), length=length)
    assert taken == parts(chat("Hello"))
    assert guard.guarding.counts["fault.too_large"] == 1


def test_a_stream_that_never_ends_is_handed_on_and_not_kept():
    guard, sizes = guarded(most_body_bytes=4096), []

    async def app(scope, receive, send):
        sizes.extend([len((await receive())["body"]) for _ in range(1000)])
        await send({"type": "http.response.start", "status": 413, "headers": []})

    guard.app = app
    endless = [{"type": "http.request", "body": b"x" * 1000, "more_body": True}] * 2000
    assert ask(guard, endless).status == 413
    assert sizes == [5000] + [1000] * 999
    assert guard.guarding.counts["fault.too_large"] == 1
    assert rows(guard)[0].prompt.messages == ()


def test_a_client_that_leaves_while_it_speaks():
    guard, got = guarded(), []

    async def app(scope, receive, send):
        got.extend([await receive(), await receive(), await receive()])

    guard.app = app
    ask(guard, [*parts(b'{"mess', more=True), {"type": "http.disconnect"}])
    assert got == [*parts(b'{"mess', more=True), {"type": "http.disconnect"}, {"type": "http.disconnect"}]
    assert guard.guarding.counts["fault.broken_off"] == 1
    assert [row.status for row in rows(guard)] == [LEFT]


def test_an_application_that_fails_fails_as_without_us():
    async def app(scope, receive, send):
        raise LookupError

    guard = guarded(app)
    with pytest.raises(LookupError):
        ask(guard, parts(chat("Hello")))
    assert [row.status for row in rows(guard)] == [500]


def test_a_client_that_leaves_during_the_answer():
    guard, sent = guarded(), []

    async def receive():
        return parts(chat("Hello"))[0]

    async def send(message):
        sent.append(message)
        if len(sent) == 2:
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        asyncio.run(guard(scope(), receive, send))
    assert [row.status for row in rows(guard)] == [200]


def test_a_stream_passes_piece_by_piece():
    events = [b"data: %d\n\n" % n for n in range(5)]
    passed = []

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for event in events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
            assert asked.sent[-1]["body"] is event
            passed.append(event)
        await send({"type": "http.response.body", "body": b""})

    asked, waiting = Asked(), parts(chat("Hello"))

    async def receive():
        return waiting.pop()

    async def send(message):
        asked.sent.append(message)

    guard = guarded(app)
    asyncio.run(guard(scope(), receive, send))
    assert passed == events
    assert rows(guard)[0].events == 5


def test_of_a_long_stream_only_its_ends_are_kept():
    last = b'data: {"usage":{"prompt_tokens":3,"completion_tokens":9}}\n\n'

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3000):
            await send({"type": "http.response.body", "body": b"data: {}\n\n" * 10, "more_body": True})
        await send({"type": "http.response.body", "body": last})

    guard = guarded(app)
    ask(guard, parts(chat("Hello")))
    (row,) = rows(guard)
    assert len(row.answer) < 8192
    assert usage(row.answer) == (3, 9)


@contextmanager
def served(app, **options):
    """A real server on a free port."""
    opened = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("lifespan", ["on", "off"])
def test_behind_a_real_server(lifespan):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            await send({"type": "lifespan.shutdown.complete"})
            return
        await model(scope, receive, send)

    model = Model()
    guard = guarded(app, keys={"sk-held": measure(Rung.HOLD), "sk-cap": measure(Rung.CAP)})
    with served(guard, lifespan=lifespan) as url, httpx2.Client(base_url=url) as client:
        path, body = "/v1/chat/completions", chat("Hello " * 20_000, n=2)
        answers = {
            key: client.post(path, content=body, headers={"authorization": f"Bearer {key}"}).status_code
            for key in ("sk-free", "sk-held", "sk-cap")
        }
        assert guard.guarding.running
        pieces = client.post(path, content=iter([body[:9], body[9:]]), headers={"authorization": "Bearer sk-free"})
    assert answers == {"sk-free": 200, "sk-held": 403, "sk-cap": 200}
    assert pieces.status_code == 200
    assert model.bodies[0] == model.bodies[2] == body
    assert "n" not in json.loads(model.bodies[1])


def test_a_stream_reaches_the_client_before_it_ends():
    hold = threading.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"data: first\n\n", "more_body": True})
        await asyncio.to_thread(hold.wait, 10)
        await send({"type": "http.response.body", "body": b"data: last\n\n"})

    with (
        served(guarded(app), lifespan="off") as url,
        httpx2.stream("POST", f"{url}/v1/chat/completions", content=chat("Hello")) as answer,
    ):
        pieces = answer.iter_bytes()
        assert next(pieces) == b"data: first\n\n"
        hold.set()
        assert next(pieces) == b"data: last\n\n"


def test_in_starlette_and_fastapi():
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def complete(request: Request):
        return JSONResponse({"got": await request.json()})

    guard = {}

    class Held(Guard):  # as vLLM does: the class, made with nothing but the application
        def __init__(self, app):
            super().__init__(app, guarding=Guarding(snapshot=snapshot(keys={"sk-cap": measure(Rung.CAP)})))
            guard["made"] = self

    app.add_middleware(Held)
    with served(app, lifespan="on") as url:
        headers = {"authorization": "Bearer sk-cap"}
        answer = httpx2.post(f"{url}/v1/chat/completions", content=chat("Hello", logprobs=True), headers=headers)
    assert answer.json()["got"] == json.loads(chat("Hello", include_reasoning=False))
    assert not guard["made"].guarding.running


def test_made_from_the_environment_alone(tmp_path):
    relay = tmp_path / "relay"
    program = (
        "import asyncio, time\n"
        "from stillwatch.gateway.asgi import Guard\n"
        "async def app(scope, receive, send): pass\n"
        "guard = Guard(app)\n"
        "asyncio.run(guard({'type': 'lifespan'}, None, None))\n"
        "print(guard.guarding.config.fail)\n"
    )
    environment = os.environ | {"STILLWATCH_GATEWAY__FAIL": "closed", "STILLWATCH_RESPONSE__RELAY": str(relay)}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("closed\n", "")


def test_a_slow_client_holds_up_nobody_else():
    guard = guarded()
    arrived = []

    async def slow():
        await asyncio.sleep(0.2)
        return parts(chat("Hello"))[0]

    async def quick():
        return parts(chat("Hello"))[0]

    async def send(message):
        if message["type"] == "http.response.start":
            arrived.append(time.monotonic())

    async def both():
        first = asyncio.create_task(guard(scope(), slow, send))
        await asyncio.sleep(0)
        await guard(scope("sk-b"), quick, send)
        assert len(arrived) == 1
        await first

    asyncio.run(both())
    assert len(arrived) == 2
