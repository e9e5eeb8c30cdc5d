"""`vllm serve --middleware stillwatch.gateway.asgi.Guard`, but for vLLM: its loading code, and an app like its own.

vLLM takes the module and the name apart at the last dot and adds a class to its FastAPI app after CORS and
authentication (vllm/entrypoints/serve/middleware/register.py). Settings come from `deploy/vllm/` and the environment.
"""

import asyncio
import importlib
import inspect
import json
import shutil
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse

from stillwatch.gateway.identity import digest
from stillwatch.profiles import wire
from stillwatch.response.model import Decision, Limits, Rung
from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.snapshot import Gate, snapshot_of

EXAMPLE = Path(__file__).parents[2] / "deploy" / "vllm" / "stillwatch.toml"
MIDDLEWARE = ["stillwatch.gateway.asgi.Guard"]
PATH = "/v1/chat/completions"


def vllm_app(middlewares: list[str]) -> FastAPI:
    """An app that says what it was asked, or the same in pieces, the second of which waits for /release."""
    app, go = FastAPI(), asyncio.Event()

    @app.post(PATH)
    async def complete(request: Request):
        body = await request.json()
        if body.get("stream"):
            return StreamingResponse(pieces(), media_type="text/event-stream")
        usage = {"prompt_tokens": 7, "completion_tokens": 11}
        return JSONResponse({"asked": body, "usage": usage}, headers={"x-model": "kept"})

    @app.post("/release")
    async def release():
        go.set()

    async def pieces():
        yield 'data: {"choices": [{"delta": {"content": "one"}}]}\n\n'
        await go.wait()
        yield 'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 11}}\n\n'
        yield "data: [DONE]\n\n"

    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    for middleware in middlewares:
        module_path, object_name = middleware.rsplit(".", 1)
        imported = getattr(importlib.import_module(module_path), object_name)
        if inspect.isclass(imported):
            app.add_middleware(imported)
        elif inspect.iscoroutinefunction(imported):
            app.middleware("http")(imported)
        else:
            raise ValueError(middleware)
    return app


@contextmanager
def serving(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def until(ready, seconds=20):
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


@pytest.fixture
def relay(tmp_path, monkeypatch):
    """The relay of a server that is started in this folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STILLWATCH_RESPONSE__RELAY", str(tmp_path / "relay"))
    monkeypatch.setenv("STILLWATCH_GATEWAY__REPORT_SECONDS", "0.05")
    monkeypatch.setenv("STILLWATCH_PSEUDONYMS__KEY_FILE", str(tmp_path / "no.key"))
    shutil.copy(EXAMPLE, tmp_path)
    return FolderRelay(tmp_path / "relay")


def publish(relay, *decisions, version=1):
    relay.publish(snapshot_of(decisions, Gate(appeal_url="https://model.example/appeal/"), version=version))


def decision(account, action, **more):
    now = datetime.now(UTC)
    fields = {"since": now - timedelta(minutes=1), "until": now + timedelta(hours=1), "simulated": False} | more
    value = digest(f"sk-{account}".encode())
    why = {"reason": "coordinated_extraction", "evidence": (), "origin": "own", "campaign": "c-1", "by": "alice"}
    return Decision(id="d-0123456789ab", scope="account", value=value, action=action, **why, **fields)


def ask(url, account, **more):
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]} | more
    return httpx2.post(url + PATH, json=body, headers={"authorization": f"Bearer sk-{account}"}, timeout=20)


def taken(relay):
    return [tap for tap in relay.take({}) if tap.profiles]


def test_a_request_passes_and_its_profile_reaches_the_relay(relay):
    with serving(vllm_app(MIDDLEWARE)) as url:
        response = ask(url, "a", n=2)
        assert response.json()["asked"] == {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "n": 2}
        assert response.headers["x-model"] == "kept"
        until(lambda: taken(relay))
    profiles = wire.loads(taken(relay)[0].profiles)
    assert profiles.ids.to_pylist() == [digest(b"sk-a")]
    assert profiles["output_tokens"].sum() == 11


def test_a_measure_that_is_published_acts_and_one_that_is_taken_back_does_not(relay):
    with serving(vllm_app(MIDDLEWARE)) as url:
        publish(relay, decision("held", Rung.HOLD))
        until(lambda: ask(url, "held").status_code == 403)
        denied = ask(url, "held")
        assert denied.json()["error"]["appeal_url"] == "https://model.example/appeal/d-0123456789ab"
        assert int(denied.headers["retry-after"]) > 3000
        assert ask(url, "another").status_code == 200
        publish(relay, version=2)
        until(lambda: ask(url, "held").status_code == 200)


def test_a_cap_takes_out_of_the_body_what_it_withholds(relay):
    publish(relay, decision("capped", Rung.CAP, limits=Limits(max_tokens=5)))
    with serving(vllm_app(MIDDLEWARE)) as url:
        sent = {"logprobs": True, "n": 4, "max_tokens": 900, "watermarking": False}
        until(lambda: ask(url, "capped").headers.get("stillwatch-decision"))
        asked = ask(url, "capped", **sent).json()["asked"]
    assert asked["max_tokens"] == 5
    assert not {"logprobs", "n", "watermarking"} & set(asked)


@pytest.mark.usefixtures("relay")
def test_nobody_turns_a_watermark_off():
    with serving(vllm_app(MIDDLEWARE)) as url:
        assert "watermarking" not in ask(url, "a", watermarking=False).json()["asked"]


def test_an_answer_that_streams_is_not_held_back_and_its_tokens_are_counted(relay):
    with serving(vllm_app(MIDDLEWARE)) as url:
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
        headers = {"authorization": "Bearer sk-a"}
        with httpx2.stream("POST", url + PATH, json=body, headers=headers, timeout=20) as response:
            lines = (line for line in response.iter_lines() if line)
            assert json.loads(next(lines)[6:])["choices"][0]["delta"]["content"] == "one"  # the next one waits
            httpx2.post(url + "/release")
            assert list(lines)[-1] == "data: [DONE]"
        tap = until(lambda: taken(relay))[0]
    assert wire.loads(tap.profiles)["output_tokens"].sum() == 11


@pytest.mark.usefixtures("relay")
def test_without_a_relay_that_answers_requests_pass(monkeypatch):
    monkeypatch.setenv("STILLWATCH_RESPONSE__RELAY", "redis://127.0.0.1:1/0")
    with serving(vllm_app(MIDDLEWARE)) as url:
        assert ask(url, "a").status_code == 200
