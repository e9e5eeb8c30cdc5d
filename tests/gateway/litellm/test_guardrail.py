"""LiteLLM's generic guardrail API, asked by a real LiteLLM proxy (deploy/litellm/guardrail.yaml)."""

import hashlib
import json
import signal
from contextlib import contextmanager

import httpx2
import pytest

from stillwatch.response.model import Rung

pytestmark = pytest.mark.slow

TOKEN = "a token of sixteen letters or more"  # noqa: S105 — of this test alone
PATH = "/beta/litellm_basic_guardrail_api"
PASSED = "error (fail-open)"  # where such a request is counted: LiteLLM's own log


@pytest.fixture(scope="module")
def guard(litellm, gateway, model):
    """Starts all of it: the proxy, the process that it asks, and where that serves."""

    @contextmanager
    def started(folder):
        (folder / "token").write_text(TOKEN)
        with gateway(folder, "--token", str(folder / "token")) as (process, url):
            keys = {"STILLWATCH_API_BASE": url, "STILLWATCH_TOKEN": TOKEN}
            with litellm(folder, "guardrail.yaml", model, **keys) as proxy:
                yield proxy, process, url

    return started


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, guard):
    """One that all tests share which leave it as it was."""
    with guard(tmp_path_factory.mktemp("guardrail")) as all_of_it:
        yield all_of_it


def test_a_request_of_nobody_under_a_measure_passes_as_it_is(guarded):
    answer = guarded[0].ask("passer", temperature=0.5, logprobs=True)
    assert answer.status_code == 200
    assert answer.headers["llm_provider-x-model"] == "kept"
    body = json.loads(answer.json()["choices"][0]["message"]["content"])["body"]
    assert body == {
        "model": "frontier-1",
        "messages": [{"role": "user", "content": "What is a still?"}],
        "temperature": 0.5,
        "logprobs": True,
    }


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_asked_reaches_the_watch_with_its_account(guarded, stream):
    proxy = guarded[0]
    name = f"counted-{stream}"
    assert proxy.ask(name, stream=stream).status_code == 200
    assert proxy.wait(lambda: proxy.seen(name)["requests"] == 1)


def test_without_a_user_the_account_is_the_key_s_hash(guarded):
    proxy = guarded[0]
    assert proxy.ask("nobody-1").status_code == 200
    assert proxy.wait(lambda: proxy.seen(hashlib.sha256(b"sk-nobody-1").hexdigest())["requests"] == 1)


@pytest.mark.parametrize("action", [Rung.VERIFY, Rung.HOLD])
def test_who_is_denied_reads_why_and_where_to_appeal(guarded, action):
    proxy = guarded[0]
    decision = proxy.impose(f"denied-{action.word}", action)
    answer = proxy.ask(f"denied-{action.word}")
    assert answer.status_code == 400  # LiteLLM's, whatever was decided
    message = answer.json()["error"]["message"]
    assert "coordinated_extraction" in message
    assert f"https://provider.example/appeal/{decision}" in message
    assert proxy.ask("neighbour").status_code == 200


def test_what_this_interface_cannot_do_is_counted(guarded):
    proxy = guarded[0]
    proxy.impose("capped", Rung.CAP)
    assert proxy.ask("capped").status_code == 200
    assert proxy.wait(lambda: proxy.counted().get("unenforced.cap", 0) == 1)


def test_a_simulated_decision_changes_nothing(guarded):
    proxy = guarded[0]
    proxy.impose("simulated", Rung.HOLD, simulated=True)
    assert proxy.ask("simulated").status_code == 200
    assert proxy.wait(lambda: proxy.counted().get("simulated.hold", 0) == 1)


def test_a_measure_ends_by_itself(guarded):
    proxy = guarded[0]
    proxy.impose("released", Rung.HOLD, seconds=4)
    assert proxy.ask("released").status_code == 400
    assert proxy.wait(lambda: proxy.ask("released").status_code == 200, 10)


def test_the_switch_turns_all_off(guarded):
    proxy = guarded[0]
    proxy.impose("switched", Rung.HOLD)
    proxy.publish(enabled=False)
    assert proxy.wait(lambda: proxy.ask("switched").status_code == 200)
    proxy.publish()
    assert proxy.ask("switched").status_code == 400


def test_a_stream_is_not_held_back(guarded, model):
    body = {"model": "frontier-1", "stream": True, "messages": [{"role": "user", "content": "held, piece by piece"}]}
    head = {"authorization": "Bearer sk-streamer"}
    where = f"{guarded[0].url}/v1/chat/completions"
    with httpx2.stream("POST", where, json=body, headers=head, timeout=20) as answer:
        lines = (line for line in answer.iter_lines() if "piece" in line)
        assert "piece 0" in next(lines)
        for number in (1, 2):
            httpx2.post(f"{model}/release")
            assert f"piece {number}" in next(lines)


def test_prometheus_may_read_the_counts_with_the_token_alone(guarded):
    proxy, _, url = guarded
    assert proxy.ask("measured").status_code == 200
    assert httpx2.get(f"{url}/metrics").status_code == 401
    page = httpx2.get(f"{url}/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text
    assert 'stillwatch_gateway_events_total{event="decided"}' in page
    assert httpx2.get(f"{url}/healthz").text == "ok\n"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"input_type": 7}', b"\xff\xfe", b"[" * 100_000, b'{"structured_messages": [7], "texts": "?"}'],
)
def test_a_question_that_is_none_is_answered_none_and_counted(guarded, body):
    proxy, _, url = guarded
    before = proxy.counted().get("fault.unreadable", 0)
    answer = httpx2.post(url + PATH, content=body, headers={"x-api-key": TOKEN})
    assert (answer.status_code, answer.json()) == (200, {"action": "NONE"})
    assert proxy.wait(lambda: proxy.counted().get("fault.unreadable", 0) == before + 1)


def test_an_answer_of_the_model_is_never_touched(guarded):
    body = {"input_type": "response", "texts": ["so it is"], "request_data": {"user_api_key_user_id": "denied-hold"}}
    guarded[0].impose("denied-hold", Rung.HOLD)
    answer = httpx2.post(guarded[2] + PATH, json=body, headers={"x-api-key": TOKEN})
    assert answer.json() == {"action": "NONE"}


def test_slow_or_killed_it_stops_nobody(tmp_path, guard):
    with guard(tmp_path) as (proxy, process, _):
        proxy.impose("held", Rung.HOLD)
        assert proxy.ask("held").status_code == 400
        process.send_signal(signal.SIGSTOP)
        assert proxy.ask("held").status_code == 200
        assert proxy.log.read_text().count(PASSED) == 1
        process.send_signal(signal.SIGCONT)
        assert proxy.wait(lambda: proxy.ask("held").status_code == 400)
        process.kill()
        process.wait()
        before = proxy.log.read_text().count(PASSED)
        assert proxy.ask("held").status_code == 200
        assert proxy.log.read_text().count(PASSED) == before + 1
