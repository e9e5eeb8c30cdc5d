import gzip
import json
import socket
import threading
import uuid
from datetime import UTC, datetime, timedelta

import grpc
import httpx2
import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from envoy.service.auth.v3.external_auth_pb2_grpc import AuthorizationStub

from stillwatch.errors import ConfigError
from stillwatch.gateway.envoy.grpc_server import GrpcServer
from stillwatch.response.model import Limits, Rung

PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def grpc_port(standing):
    server = GrpcServer(standing.guarding, "127.0.0.1:0", most_body_bytes=16 << 20)
    server.start()
    yield server.port
    server.stop()


@pytest.fixture(scope="module")
def envoy(model, grpc_port, envoy_with, tmp_path_factory):
    with envoy_with("envoy.yaml", tmp_path_factory.mktemp("envoy"), {8000: model, 9191: grpc_port}) as running:
        yield running


@pytest.fixture
def mark():
    """By which the access log's line is found."""
    return str(uuid.uuid4())


def test_a_request_of_nobodys_interest_arrives_as_it_was_sent(envoy, in_force, client):
    sent = client.body("Hello", logprobs=True, n=3, metadata={"a": ["ü"]})
    before = in_force.counted("decided")
    faults = in_force.counted("fault.too_large")
    response = client.ask(envoy.url, sent=sent, x_own="kept", x_envoy_auth_partial_body="true")
    arrived = client.arrived(response)
    assert arrived["body"] == sent
    assert arrived["headers"]["x-own"] == "kept"
    assert response.headers["x-model"] == "kept"
    assert not [name for name in arrived["headers"] if "stillwatch" in name or "failure-mode" in name]
    assert not [name for name in response.headers if "stillwatch" in name]
    assert in_force.counted("decided") == before + 1
    assert in_force.counted("fault.too_large") == faults


@pytest.mark.usefixtures("in_force")
def test_what_only_stillwatch_says_no_client_says(envoy, client):
    forged = {
        "x_stillwatch_decision": "d-1",
        "x_stillwatch_action": "warn",
        "x_stillwatch_campaign": "c",
        "x_stillwatch_strip": "cap",
    }
    sent = client.body("Hello", n=3)
    arrived = client.arrived(client.ask(envoy.url, sent=sent, **forged))
    assert not [name for name in arrived["headers"] if "stillwatch" in name]
    assert arrived["body"] == sent


def test_a_hold_is_answered_403_in_the_words_of_openai(envoy, in_force, client, decided, mark):
    in_force.put(decided("held", Rung.HOLD))
    response = client.ask(envoy.url, "held", mark=mark)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json"
    assert response.headers["stillwatch-decision"] == "d-0123456789ab"
    assert int(response.headers["retry-after"]) > 3000
    error = response.json()["error"]
    assert (error["code"], error["decision"]) == ("account_on_hold", "d-0123456789ab")
    assert error["appeal_url"] == "https://model.example/appeal/d-0123456789ab"
    assert client.ask(envoy.url, "another").status_code == 200
    log = json.loads(envoy.logged(mark))
    assert (log["response_code"], log["decision"], log["action"]) == (403, "d-0123456789ab", "hold")


def test_a_denial_of_anthropics_path_is_in_the_words_of_anthropic(envoy, in_force, client, decided):
    in_force.put(decided("held", Rung.VERIFY))
    response = client.ask(envoy.url, "nobody", path="/v1/messages", x_api_key="sk-held")
    assert response.status_code == 403
    assert response.json()["type"] == "error"
    assert response.json()["error"]["type"] == "permission_error"


def test_a_budget_that_is_used_up_is_answered_429(envoy, in_force, client, decided):
    in_force.put(decided("pool", Rung.BUDGET, limits=Limits(requests_per_hour=2), campaign="c-429"))
    statuses = [client.ask(envoy.url, "pool").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    denied = client.ask(envoy.url, "pool")
    assert denied.headers["ratelimit-policy"] == '"hourly";q=2;w=3600'
    assert denied.headers["ratelimit"].startswith('"hourly";r=0;t=')
    assert 0 < int(denied.headers["retry-after"]) <= 3600
    assert denied.json()["error"]["type"] == "rate_limit_error"


def test_a_budget_is_envoys_metadata(envoy, in_force, client, decided, mark):
    in_force.put(decided("pool", Rung.BUDGET, limits=Limits(tokens_per_hour=12345)))
    response = client.ask(envoy.url, "pool", mark=mark)
    headers = client.arrived(response)["headers"]
    assert headers["x-stillwatch-decision"] == "d-0123456789ab"
    assert headers["x-stillwatch-action"] == "budget"
    assert headers["x-stillwatch-campaign"] == "c-1"
    assert response.headers["stillwatch-decision"] == "d-0123456789ab"
    log = json.loads(envoy.logged(mark))
    assert (log["limit"], log["unit"]) == (12345, "HOUR")
    assert (log["decision"], log["action"]) == ("d-0123456789ab", "budget")


def test_a_cap_takes_out_of_the_body_what_it_withholds(envoy, in_force, client, decided):
    in_force.put(decided("capped", Rung.CAP, limits=Limits(max_tokens=50)))
    sent = client.body("Hello " * 1000, logprobs=True, top_logprobs=5, n=4, max_tokens=4000, watermarking=False)
    arrived = client.arrived(client.ask(envoy.url, "capped", sent))
    assert arrived["body"]["messages"] == sent["messages"]
    assert arrived["body"]["max_tokens"] == 50
    assert not {"logprobs", "top_logprobs", "n", "watermarking"} & set(arrived["body"])
    assert arrived["headers"]["x-stillwatch-strip"] == "cap;max_tokens=50"
    assert client.arrived(client.ask(envoy.url, "another", sent))["body"]["n"] == 4


def test_a_cap_reads_a_body_that_is_packed(envoy, in_force, client, decided):
    in_force.put(decided("capped", Rung.CAP))
    packed = gzip.compress(json.dumps(client.body(n=4)).encode())
    arrived = client.arrived(client.ask(envoy.url, "capped", packed, content_encoding="gzip"))
    assert "n" not in arrived["body"]
    assert "content-encoding" not in arrived["headers"]


def test_a_cap_is_not_escaped_by_a_long_body(envoy, in_force, client, decided):
    in_force.put(decided("capped", Rung.CAP))
    sent = client.body("long " * 400_000, n=4)  # longer than what is shown, shorter than what is held back
    assert "n" not in client.arrived(client.ask(envoy.url, "capped", sent))["body"]
    longer = client.body("long " * 1_000_000, n=4)
    refused = client.ask(envoy.url, "capped", longer)  # as soon as Envoy sees that it is more than it holds back
    assert refused.status_code == 413 or "n" not in client.arrived(refused)["body"]
    assert client.arrived(client.ask(envoy.url, "another", longer))["body"]["n"] == 4


@pytest.mark.usefixtures("in_force")
def test_nobody_turns_a_watermark_off(envoy, client):
    sent = client.body(watermarking=False, watermark={"enabled": False}, n=2)
    assert client.arrived(client.ask(envoy.url, sent=sent))["body"] == client.body(n=2)


def test_a_warning_is_told_with_the_answer(envoy, in_force, client, decided):
    in_force.put(decided("warned", Rung.WARN))
    response = client.ask(envoy.url, "warned")
    assert response.status_code == 200
    assert "terms of service" in response.headers["stillwatch-notice"]
    assert response.headers["link"] == '<https://model.example/terms>; rel="terms-of-service"'


def test_a_simulated_measure_changes_nothing(envoy, in_force, client, decided, mark):
    in_force.put(decided("held", Rung.HOLD, simulated=True))
    sent, before = client.body("Hello", n=3, logprobs=True), in_force.counted("simulated.hold")
    response = client.ask(envoy.url, "held", sent, mark=mark)
    arrived = client.arrived(response)
    assert arrived["body"] == sent
    assert not [name for name in (*arrived["headers"], *response.headers) if "stillwatch" in name]
    assert in_force.counted("simulated.hold") == before + 1
    assert json.loads(envoy.logged(mark))["decision"] is None


def test_a_measure_ends_without_a_restart(envoy, in_force, client, decided):
    soon = datetime.now(UTC) + timedelta(seconds=2)
    in_force.put(decided("held", Rung.HOLD, until=soon))
    assert client.ask(envoy.url, "held").status_code == 403
    while datetime.now(UTC) <= soon:
        threading.Event().wait(0.1)
    assert client.ask(envoy.url, "held").status_code == 200


def test_the_switch_and_the_exempt_list(envoy, in_force, client, decided):
    held = decided("held", Rung.HOLD)
    in_force.put(held, enabled=False)
    assert client.ask(envoy.url, "held").status_code == 200
    in_force.put(held, exempt=(held.value,))
    assert client.ask(envoy.url, "held").status_code == 200


@pytest.mark.usefixtures("in_force")
def test_an_answer_that_streams_is_not_held_back(envoy, model, client):
    sent = client.body("held", stream=True)
    with httpx2.stream("POST", envoy.url + PATH, json=sent, headers={"authorization": "Bearer sk-a"}) as response:
        lines = (line for line in response.iter_lines() if line.startswith("data: {"))
        first = json.loads(next(lines)[6:])
        assert first["choices"][0]["delta"]["content"] == "piece 0"  # the model sends no more until it is told to
        for _ in range(2):
            httpx2.post(f"http://127.0.0.1:{model}/release")
        assert json.loads(next(lines)[6:])["choices"][0]["delta"]["content"] == "piece 1"


def test_a_body_that_envoy_shows_in_part_passes_and_is_counted(envoy, in_force, client):
    before = in_force.counted("fault.too_large")
    sent = client.body("long " * 300_000)
    assert client.arrived(client.ask(envoy.url, sent=sent))["body"] == sent
    assert in_force.counted("fault.too_large") == before + 1


@pytest.mark.parametrize("sent", [b"{", b"\xff\xfe", b"[1]", b'{"messages": 7}', b"{" * 100_000])
def test_a_body_that_is_no_prompt_is_the_models_to_refuse(envoy, in_force, client, sent):
    before = in_force.counted("fault.unreadable")
    response = client.ask(envoy.url, sent=sent)
    assert "stillwatch" not in response.text
    assert in_force.counted("fault.unreadable") == before + 1


def test_other_paths_pass_unasked(envoy, in_force, decided):
    in_force.put(decided("held", Rung.HOLD))
    before = in_force.counted("decided")
    assert httpx2.get(envoy.url + "/healthz", headers={"authorization": "Bearer sk-held"}).status_code == 200
    assert in_force.counted("decided") == before


def test_where_nobody_answers_traffic_flows_and_envoy_counts_it(model, envoy_with, client, port_of, tmp_path):
    with envoy_with("envoy.yaml", tmp_path, {8000: model, 9191: port_of()}) as envoy:
        arrived = client.arrived(client.ask(envoy.url))
        assert arrived["headers"]["x-envoy-auth-failure-mode-allowed"] == "true"
        assert envoy.stat("ext_authz.failure_mode_allowed") > 0


def test_where_the_answer_is_slow_traffic_flows_and_envoy_counts_it(model, envoy_with, client, tmp_path):
    silent = socket.create_server(("127.0.0.1", 0))  # takes connections and says nothing
    ports = {8000: model, 9191: silent.getsockname()[1]}
    with silent, envoy_with("envoy.yaml", tmp_path, ports, str) as envoy:
        response = client.ask(envoy.url)
        assert client.arrived(response)["headers"]["x-envoy-auth-failure-mode-allowed"] == "true"
        assert envoy.stat("ext_authz.timeout") + envoy.stat("ext_authz.error") > 0


@pytest.fixture
def guarded_by_a_token(standing):
    server = GrpcServer(standing.guarding, "127.0.0.1:0", most_body_bytes=1 << 20, token="sesame")  # noqa: S106
    server.start()
    yield server.port
    server.stop()


def test_with_a_token_others_are_not_answered(guarded_by_a_token, in_force):
    stub = AuthorizationStub(grpc.insecure_channel(f"127.0.0.1:{guarded_by_a_token}"))
    before = in_force.counted("decided")
    for metadata in (None, [("x-stillwatch-token", "wrong")]):
        with pytest.raises(grpc.RpcError) as refused:
            stub.Check(CheckRequest(), metadata=metadata)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    asked = CheckRequest()
    asked.attributes.request.http.method, asked.attributes.request.http.path = "POST", PATH
    stub.Check(asked, metadata=[("x-stillwatch-token", "sesame")])
    assert in_force.counted("decided") == before + 1


def test_a_port_of_others_is_a_clear_error(standing, grpc_port):
    with pytest.raises(ConfigError, match=str(grpc_port)):
        GrpcServer(standing.guarding, f"127.0.0.1:{grpc_port}", most_body_bytes=1 << 20).start()
