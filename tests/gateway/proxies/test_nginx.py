import json
import shutil
import socket
from contextlib import contextmanager

import httpx2
import pyarrow as pa
import pytest

from stillwatch.response.model import Limits, Rung
from stillwatch.signatures.kernel import sign

PATH = "/v1/chat/completions"


class Nginx:
    def __init__(self, port, log):
        self.url, self._log = f"http://127.0.0.1:{port}", log

    def logged(self, waiting, status):
        """What the access log says of stillwatch, of the last request with this status."""
        waiting(lambda: f" {status} " in self._log.read_text(), "the log line")
        line = [line for line in self._log.read_text().splitlines() if f" {status} " in line][-1]
        return line.partition("stillwatch=")[2]


@contextmanager
def running(site, folder, process_of, waiting):
    """nginx with a site of `deploy/nginx-gateway/`."""
    binary = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if binary is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx)")
    port = int(site[1])
    text = site[0].read_text().replace("/var/log/nginx/model.log", str(folder / "access.log"))
    site[0].write_text(text)
    kept = "".join(f"{n}_temp_path {folder / n};" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder / 'pid'}; error_log stderr warn; worker_processes 1;\n"
        f"events {{}}\nhttp {{ {kept} include {site[0]}; }}\n"
    )
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with process_of(command, folder, "nginx") as started:
        waiting(lambda: _listens(port), "nginx", of=started)
        yield Nginx(port, folder / "access.log")


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def nginx_with(configuration, port_of, process_of, waiting, tmp_path_factory):
    def start(ports, *change):
        folder, port = tmp_path_factory.mktemp("nginx"), port_of()
        site = configuration("nginx-gateway/model.conf", {10080: port, **ports}, folder, *change)
        return running((site, port), folder, process_of, waiting)

    return start


@pytest.fixture(scope="module")
def nginx(model, http_gateway, nginx_with):
    with nginx_with({8000: model, 8089: http_gateway}) as started:
        yield started


def test_a_request_of_nobodys_interest_arrives_as_it_was_sent(nginx, in_force, client, waiting):
    sent, before = client.body("Hello", n=3), in_force.remembered()
    faults = in_force.counted("fault.too_large")
    forged = {"x_stillwatch_action": "forged", "x_stillwatch_strip": "cap", "x_envoy_auth_partial_body": "true"}
    response = client.ask(nginx.url, sent=sent, x_own="kept", **forged)
    arrived = client.arrived(response)
    assert arrived["body"] == sent
    assert arrived["headers"]["x-own"] == "kept"
    assert not [name for name in (*arrived["headers"], *response.headers) if "stillwatch" in name]
    waiting(lambda: in_force.remembered() == before + 1, "the copy")
    assert in_force.counted("fault.too_large") == faults
    assert nginx.logged(waiting, 200).startswith("204 ")


def test_a_denial_is_ours_with_headers_and_body(nginx, in_force, client, decided, waiting):
    in_force.put(decided("held", Rung.HOLD))
    before = in_force.remembered()
    response = client.ask(nginx.url, "held")
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["retry-after"]) > 3000
    error = response.json()["error"]
    assert (error["code"], error["decision"]) == ("account_on_hold", "d-0123456789ab")
    assert nginx.logged(waiting, 403) == "403 decision=d-0123456789ab"
    anthropic = client.ask(nginx.url, "nobody", path="/v1/messages", x_api_key="sk-held")
    assert anthropic.json()["error"]["type"] == "permission_error"
    assert client.ask(nginx.url, "another").status_code == 200
    waiting(lambda: in_force.remembered() == before + 3, "what was denied, and what passed")


def test_a_notice_in_any_script_arrives(nginx, in_force, client, decided):
    in_force.put(decided("held", Rung.HOLD), notices={"hold": 'Gehalten: "größer"\n查看'})
    assert client.ask(nginx.url, "held").json()["error"]["message"] == 'Gehalten: "größer"\n查看'


def test_a_budget_that_is_used_up_is_answered_429(nginx, in_force, client, decided):
    in_force.put(decided("pool", Rung.BUDGET, limits=Limits(requests_per_hour=2), campaign="c-nginx"))
    assert [client.ask(nginx.url, "pool").status_code for _ in range(3)] == [200, 200, 429]
    denied = client.ask(nginx.url, "pool")
    assert denied.headers["ratelimit-policy"] == '"hourly";q=2;w=3600'
    assert denied.json()["error"]["type"] == "rate_limit_error"


def test_what_passes_under_a_measure_is_told(nginx, in_force, client, decided):
    in_force.put(decided("warned", Rung.WARN))
    response = client.ask(nginx.url, "warned")
    headers = client.arrived(response)["headers"]
    assert (headers["x-stillwatch-action"], headers["x-stillwatch-decision"]) == ("warn", "d-0123456789ab")
    assert "terms of service" in response.headers["stillwatch-notice"]


def test_a_simulated_measure_changes_nothing(nginx, in_force, client, decided):
    in_force.put(decided("held", Rung.HOLD, simulated=True))
    response = client.ask(nginx.url, "held")
    arrived = client.arrived(response)
    assert not [name for name in (*arrived["headers"], *response.headers) if "stillwatch" in name]


def test_who_is_recognised_by_the_copy_is_reported(nginx, in_force, client, decided, waiting):
    text = "Rewrite the following passage as a dialogue between a careful teacher and an impatient student of law. " * 4
    template = tuple(sign(pa.array([text])).shingles.tolist())
    campaign = decided("c-copy", Rung.VERIFY, scope="campaign", value="c-copy", campaign="c-copy", template=template)
    in_force.put(campaign)
    names, remembered = ("recognised.template", "too_late", "decided", "denied.verify"), in_force.remembered()
    before = [in_force.counted(name) for name in names]
    assert client.ask(nginx.url, "fresh", client.body(text)).status_code == 200
    waiting(lambda: in_force.remembered() == remembered + 1, "the copy")
    assert [in_force.counted(name) - was for name, was in zip(names, before, strict=True)] == [1, 1, 1, 0]


def test_a_budget_is_charged_once_though_the_copy_is_judged_too(nginx, in_force, client, decided, waiting):
    in_force.put(decided("pool", Rung.BUDGET, limits=Limits(requests_per_hour=9), campaign="c-once"))
    before = in_force.remembered()
    client.ask(nginx.url, "pool")
    waiting(lambda: in_force.remembered() == before + 1, "the copy")
    assert in_force.guarding.state.spent["c-once"].requests == 1


@pytest.mark.usefixtures("in_force")
def test_an_answer_that_streams_is_not_held_back(nginx, model, client):
    sent = client.body("held", stream=True)
    with httpx2.stream("POST", nginx.url + PATH, json=sent, headers={"authorization": "Bearer sk-a"}) as response:
        lines = (line for line in response.iter_lines() if line.startswith("data: {"))
        assert json.loads(next(lines)[6:])["choices"][0]["delta"]["content"] == "piece 0"
        for _ in range(2):
            httpx2.post(f"http://127.0.0.1:{model}/release")
        assert json.loads(next(lines)[6:])["choices"][0]["delta"]["content"] == "piece 1"


def test_where_nobody_answers_traffic_flows_and_the_log_says_so(model, nginx_with, client, port_of, waiting):
    with nginx_with({8000: model, 8089: port_of()}) as nginx:
        assert client.arrived(client.ask(nginx.url))["body"] == client.body()
        assert nginx.logged(waiting, 200).startswith("502 ")


def test_where_the_answer_is_slow_traffic_flows_and_the_log_says_so(model, nginx_with, client, waiting):
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, nginx_with({8000: model, 8089: silent.getsockname()[1]}, str) as nginx:
        assert client.arrived(client.ask(nginx.url))["body"] == client.body()
        assert nginx.logged(waiting, 200).startswith("504 ")
