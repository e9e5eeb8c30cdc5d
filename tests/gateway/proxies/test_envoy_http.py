import json
import uuid

import pytest

from stillwatch.response.model import Limits, Rung


@pytest.fixture(scope="module")
def envoy(model, http_gateway, envoy_with, tmp_path_factory):
    ports = {8000: model, 8089: http_gateway}
    with envoy_with("envoy-http.yaml", tmp_path_factory.mktemp("envoy"), ports) as running:
        yield running


def test_a_request_of_nobodys_interest_arrives_as_it_was_sent(envoy, in_force, client):
    sent, before, faults = client.body("Hello", n=3), in_force.counted("decided"), in_force.counted("fault.too_large")
    forged = {"x_stillwatch_action": "forged", "x_envoy_auth_partial_body": "true"}
    response = client.ask(envoy.url, sent=sent, x_own="kept", **forged)
    arrived = client.arrived(response)
    assert arrived["body"] == sent
    assert arrived["headers"]["x-own"] == "kept"
    assert not [name for name in (*arrived["headers"], *response.headers) if "stillwatch" in name]
    assert "x-envoy-auth-failure-mode-allowed" not in arrived["headers"]
    assert in_force.counted("decided") == before + 1
    assert in_force.counted("fault.too_large") == faults


def test_a_denial_is_ours_with_headers_and_body(envoy, in_force, client, decided):
    in_force.put(decided("held", Rung.HOLD))
    mark = str(uuid.uuid4())
    response = client.ask(envoy.url, "held", mark=mark)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["retry-after"]) > 3000
    assert response.json()["error"]["decision"] == "d-0123456789ab"
    anthropic = client.ask(envoy.url, "nobody", path="/v1/messages", x_api_key="sk-held")
    assert anthropic.json()["error"]["type"] == "permission_error"


def test_a_budget_that_is_used_up_is_answered_429(envoy, in_force, client, decided):
    in_force.put(decided("pool", Rung.BUDGET, limits=Limits(requests_per_hour=1), campaign="c-http"))
    assert [client.ask(envoy.url, "pool").status_code for _ in range(2)] == [200, 429]
    assert client.ask(envoy.url, "pool").headers["ratelimit-policy"] == '"hourly";q=1;w=3600'


def test_what_passes_under_a_measure_is_told_upstream_downstream_and_in_the_log(envoy, in_force, client, decided):
    in_force.put(decided("warned", Rung.WARN))
    mark = str(uuid.uuid4())
    response = client.ask(envoy.url, "warned", mark=mark)
    headers = client.arrived(response)["headers"]
    assert (headers["x-stillwatch-action"], headers["x-stillwatch-decision"]) == ("warn", "d-0123456789ab")
    assert "terms of service" in response.headers["stillwatch-notice"]
    assert json.loads(envoy.logged(mark))["decision"] == "d-0123456789ab"


def test_a_simulated_measure_changes_nothing(envoy, in_force, client, decided):
    in_force.put(decided("held", Rung.HOLD, simulated=True))
    response = client.ask(envoy.url, "held")
    arrived = client.arrived(response)
    assert not [name for name in (*arrived["headers"], *response.headers) if "stillwatch" in name]


def test_a_body_that_envoy_shows_in_part_passes_and_is_counted(envoy, in_force, client):
    before = in_force.counted("fault.too_large")
    sent = client.body("long " * 300_000)
    assert client.arrived(client.ask(envoy.url, sent=sent))["body"] == sent
    assert in_force.counted("fault.too_large") == before + 1


def test_where_nobody_answers_traffic_flows_and_envoy_counts_it(model, envoy_with, client, port_of, tmp_path):
    with envoy_with("envoy-http.yaml", tmp_path, {8000: model, 8089: port_of()}) as envoy:
        arrived = client.arrived(client.ask(envoy.url))
        assert arrived["headers"]["x-envoy-auth-failure-mode-allowed"] == "true"
        assert envoy.stat("ext_authz.failure_mode_allowed") > 0
