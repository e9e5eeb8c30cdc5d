"""The callback inside a real LiteLLM proxy (deploy/litellm/hook.yaml)."""

import hashlib
import json
import shutil
import time

import httpx2
import pytest

from stillwatch.response.model import Limits, Rung

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, litellm, model):
    with litellm(tmp_path_factory.mktemp("hook"), "hook.yaml", model) as started:
        yield started


def arrived(answer):
    """The body and the headers that the model got."""
    return json.loads(answer.json()["choices"][0]["message"]["content"])


def test_a_request_of_nobody_under_a_measure_passes_as_it_is(proxy):
    asked = {"temperature": 0.5, "logprobs": True, "max_tokens": 500, "n": 2}
    answer = proxy.ask("passer", **asked)
    assert answer.status_code == 200
    assert answer.headers["llm_provider-x-model"] == "kept"
    assert not [name for name in answer.headers if name.startswith("stillwatch")]
    heard = arrived(answer)
    assert heard["body"] == {
        "model": "frontier-1",
        "messages": [{"role": "user", "content": "What is a still?"}],
        **asked,
    }
    assert heard["headers"]["authorization"] == "Bearer the-model-s-own"


def test_what_was_asked_reaches_the_watch_with_its_account_and_its_tokens(proxy):
    assert proxy.ask("counted").status_code == 200
    assert proxy.ask("counted", stream=True).status_code == 200
    expected = {"requests": 2, "failed": 0, "input_tokens": 14, "output_tokens": 22}
    assert proxy.wait(lambda: proxy.seen("counted") == expected), proxy.seen("counted")


def test_without_a_user_the_account_is_the_key_s_hash_as_in_litellm_s_logs(proxy):
    assert proxy.ask("nobody-1").status_code == 200
    account = hashlib.sha256(b"sk-nobody-1").hexdigest()
    assert proxy.wait(lambda: proxy.seen(account)["requests"] == 1)


def test_a_call_that_the_model_refuses_is_remembered_as_failed(proxy):
    assert proxy.ask("unlucky", "fail with 400").status_code == 400
    assert proxy.wait(
        lambda: proxy.seen("unlucky") == {"requests": 1, "failed": 1, "input_tokens": 0, "output_tokens": 0}
    )


@pytest.mark.parametrize(("action", "code"), [(Rung.VERIFY, "verification_required"), (Rung.HOLD, "account_on_hold")])
def test_verify_and_hold_are_403_with_the_decision_and_where_to_appeal(proxy, action, code):
    name = f"denied-{action.word}"
    decision = proxy.impose(name, action)
    answer = proxy.ask(name)
    assert answer.status_code == 403
    assert answer.headers["stillwatch-decision"] == decision
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("permission_error", "403")  # LiteLLM's code is the status
    told = error["provider_specific_fields"]
    assert told["code"] == code
    assert told["reason"] == "coordinated_extraction"
    assert told["decision"] == decision
    assert told["appeal_url"] == f"https://provider.example/appeal/{decision}"
    assert "wrapper" not in answer.text, "what told is not said"
    assert proxy.ask(f"{name}-neighbour").status_code == 200
    assert proxy.wait(lambda: proxy.seen(name) == {"requests": 1, "failed": 1, "input_tokens": 0, "output_tokens": 0})


def test_the_notice_of_the_policy_is_the_message(proxy):
    decision = proxy.impose("noticed", Rung.VERIFY)
    message = proxy.ask("noticed").json()["error"]["message"]
    assert message == f"Please verify who you are (decision {decision})."


def test_a_denial_reads_as_an_error_for_clients_of_anthropic(proxy):
    proxy.impose("anthropic", Rung.HOLD)
    answer = proxy.ask("anthropic", path="/v1/messages", max_tokens=10, system="Be brief.")
    assert answer.status_code == 403
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["message"]


def test_who_is_on_hold_gets_no_embeddings_either(proxy):
    proxy.impose("embedding", Rung.HOLD)
    head = {"authorization": "Bearer sk-embedding"}
    answer = httpx2.post(f"{proxy.url}/v1/embeddings", json={"model": "frontier-1", "input": "x"}, headers=head)
    assert answer.status_code == 403


def test_beyond_the_budget_it_is_429_with_the_limit_in_headers(proxy):
    decision = proxy.impose("spender", Rung.BUDGET, limits=Limits(requests_per_hour=2))
    answered = [proxy.ask("spender", f"Question {n}") for n in range(3)]
    assert [answer.status_code for answer in answered] == [200, 200, 429]
    last = answered[-1]
    assert last.headers["ratelimit-policy"] == '"hourly";q=2;w=3600'
    assert last.headers["ratelimit"].startswith('"hourly";r=0;t=')
    assert 0 < int(last.headers["retry-after"]) <= 3600
    error = last.json()["error"]
    assert error["type"] == "rate_limit_error"
    assert error["provider_specific_fields"]["decision"] == decision


def test_a_cap_withholds_before_the_model_sees_it(proxy):
    decision = proxy.impose("capped", Rung.CAP, limits=Limits(max_tokens=64))
    answer = proxy.ask("capped", max_tokens=4000, logprobs=True, top_logprobs=5, n=4, logit_bias={"1": 2})
    assert answer.status_code == 200
    assert answer.headers["stillwatch-decision"] == decision
    assert arrived(answer)["body"] == {
        "model": "frontier-1",
        "messages": [{"role": "user", "content": "What is a still?"}],
        "max_tokens": 64,
    }


def test_nobody_turns_a_watermark_off(proxy):
    answer = proxy.ask("marked", watermarking=False, watermark={"enabled": False})
    assert not {"watermarking", "watermark"} & arrived(answer)["body"].keys()


@pytest.mark.parametrize("stream", [False, True])
def test_a_warning_comes_with_the_answer(proxy, stream):
    name = f"warned-{stream}"
    proxy.impose(name, Rung.WARN)
    answer = proxy.ask(name, stream=stream)
    assert answer.status_code == 200
    assert "terms of service" in answer.headers["stillwatch-notice"]
    assert "https://provider.example/terms" in answer.headers["link"]


def test_a_simulated_decision_changes_nothing_and_is_counted(proxy):
    proxy.impose("simulated", Rung.HOLD, simulated=True)
    answer = proxy.ask("simulated", logprobs=True)
    assert answer.status_code == 200
    assert arrived(answer)["body"]["logprobs"] is True
    assert not [name for name in answer.headers if name.startswith("stillwatch")]
    assert proxy.wait(lambda: proxy.counted().get("simulated.hold", 0) >= 1)


def test_a_measure_ends_by_itself(proxy):
    proxy.impose("released", Rung.HOLD, seconds=4)
    assert proxy.ask("released").status_code == 403
    assert proxy.wait(lambda: proxy.ask("released").status_code == 200, 10)


def test_the_switch_turns_all_off_and_on_again(proxy):
    proxy.impose("switched", Rung.HOLD)
    assert proxy.ask("switched").status_code == 403
    proxy.publish(enabled=False)
    assert proxy.wait(lambda: proxy.ask("switched").status_code == 200)
    proxy.publish()
    assert proxy.ask("switched").status_code == 403


def test_a_stream_is_not_held_back(proxy, model):
    proxy.impose("streamer", Rung.CAP)
    body = {"model": "frontier-1", "stream": True, "messages": [{"role": "user", "content": "held, piece by piece"}]}
    head = {"authorization": "Bearer sk-streamer"}
    with httpx2.stream("POST", f"{proxy.url}/v1/chat/completions", json=body, headers=head, timeout=20) as answer:
        lines = (line for line in answer.iter_lines() if "piece" in line)
        assert "piece 0" in next(lines)  # the model says the next piece only when it is told to: each has come alone
        for number in (1, 2):
            httpx2.post(f"{model}/release")
            assert f"piece {number}" in next(lines)


def test_a_client_that_leaves_before_the_end_is_remembered(proxy, model):
    body = {"model": "frontier-1", "stream": True, "messages": [{"role": "user", "content": "held, and left"}]}
    head = {"authorization": "Bearer sk-leaver"}
    with httpx2.stream("POST", f"{proxy.url}/v1/chat/completions", json=body, headers=head, timeout=20) as answer:
        assert "piece 0" in next(line for line in answer.iter_lines() if "piece" in line)
    httpx2.post(f"{model}/release")
    httpx2.post(f"{model}/release")
    assert proxy.wait(lambda: proxy.seen("leaver")["requests"] == 1)


def test_a_body_that_cannot_be_read_passes_and_is_counted(proxy):
    assert proxy.ask("odd", path="/v1/completions", prompt=[1, 2, 3], messages=None).status_code != 403
    assert proxy.wait(lambda: proxy.counted().get("fault.unreadable", 0) >= 1)
    assert proxy.wait(lambda: proxy.counted().get("failed_open", 0) >= 1)


def test_no_prompt_and_no_key_is_in_the_log(proxy):
    recipe = "the recipe of the liqueur"
    proxy.impose("private", Rung.HOLD)
    assert proxy.ask("private", recipe).status_code == 403
    assert proxy.ask("other", recipe).status_code == 200
    log = proxy.log.read_text()
    assert recipe not in log
    assert "sk-private" not in log


def test_without_a_relay_traffic_flows_and_measures_hold_until_they_end(proxy):
    proxy.impose("kept", Rung.HOLD, seconds=6)
    shutil.rmtree(proxy.relay)
    time.sleep(0.5)
    assert proxy.ask("kept").status_code == 403
    assert proxy.ask("free").status_code == 200
    assert proxy.wait(lambda: proxy.ask("kept").status_code == 200, 12)
    assert proxy.wait(lambda: proxy.seen("free")["requests"] == 1), "what was seen goes on where there is a relay again"


def test_where_judging_is_too_slow_traffic_flows_and_is_counted(tmp_path, litellm, model):
    with litellm(tmp_path, "hook.yaml", model, STILLWATCH_GATEWAY__BUDGET_MS="0.0001") as slow:
        for n in range(12):
            assert slow.ask("hurried", f"Question {n}").status_code == 200
        assert slow.wait(lambda: slow.counted().get("breaker_opened", 0) >= 1), slow.counted()


def test_a_wrong_setting_is_said_when_the_proxy_starts(tmp_path, litellm, model):
    with pytest.raises(pytest.fail.Exception, match="report_seconds"):  # noqa: SIM117 — the second never begins
        with litellm(tmp_path, "hook.yaml", model, STILLWATCH_GATEWAY__REPORT_SECONDS="never"):
            pytest.fail("It began.")
