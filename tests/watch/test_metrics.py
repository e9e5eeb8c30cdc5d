import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from stillwatch.campaigns.findings import Findings, Inputs
from stillwatch.reports.document import to_document
from stillwatch.response.model import Decision, Rung, Sighting
from stillwatch.watch import metrics as module
from stillwatch.watch.metrics import PREFIX, SERIES, Metrics, app

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def decision(action, *, simulated=False):
    return Decision(
        "d-0123456789ab", "account", "a", action, NOW, NOW + timedelta(days=1), "coordinated_extraction", (), "own",
        simulated,
    )  # fmt: skip


@contextmanager
def served(asgi):
    server = uvicorn.Server(uvicorn.Config(asgi, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def values(text):
    return {
        (sample.name.removeprefix(PREFIX), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def metrics():
    return Metrics()


def page(metrics):
    with served(app(metrics)) as client:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        return values(answer.text)


def test_what_was_told_stands_on_the_page(metrics):
    metrics.alive(accounts=70, newest=1_772_000_000.0)
    metrics.read("files", requests=1000, rejected=2)
    metrics.read("files", requests=500)
    metrics.told([("decided", 9), ("denied.verify", 2)], [Sighting("a", "c-1", "failover", 0.0)])
    metrics.told((("decided", 1),))
    metrics.evicted(3)
    metrics.failed("relay")
    metrics.decided([decision(Rung.WARN), decision(Rung.WARN, simulated=True)])
    metrics.standing([decision(Rung.CAP)], [decision(Rung.HOLD)], enabled=False)
    metrics.noticed("webhook", "failed")
    metrics.notices("webhook", waiting=2)
    found = page(metrics)
    expected = {
        ("accounts", ()): 70,
        ("newest_request_timestamp_seconds", ()): 1_772_000_000,
        ("requests_total", ("files",)): 1500,
        ("rejected_total", ("files",)): 2,
        ("gateway_total", ("decided",)): 10,
        ("gateway_total", ("denied.verify",)): 2,
        ("sightings_total", ("failover",)): 1,
        ("sightings_total", ("template",)): 0,
        ("evicted_total", ()): 3,
        ("faults_total", ("relay",)): 1,
        ("decisions_total", ("warn", "false")): 1,
        ("decisions_total", ("warn", "true")): 1,
        ("measures", ("cap", "false")): 1,
        ("measures", ("hold", "false")): 0,
        ("waiting", ("hold",)): 1,
        ("enabled", ()): 0,
        ("notices_total", ("webhook", "failed")): 1,
        ("notices_waiting", ("webhook",)): 2,
        ("well", ()): 1,
    }
    assert expected.items() <= found.items()


def test_a_judgement_is_told_by_severity(metrics):
    nobody = to_document(Findings(NOW, NOW, (), Inputs(1, 1, 1, 0, sign_up=False, notes=())))
    metrics.judged(nobody, seconds=0.5)
    metrics.judged(nobody, seconds=0.25)
    assert (metrics.value("judgements"), metrics.value("judgement_seconds")) == (2, 0.75)
    assert metrics.value("judged_timestamp_seconds") > NOW.timestamp()
    found = page(metrics)
    assert [found["campaigns", (severity,)] for severity in ("low", "medium", "high", "critical")] == [0, 0, 0, 0]


def test_every_series_is_there_from_the_beginning_save_those_of_unknown_labels(metrics):
    told = {name.removesuffix("_total") for name, _ in page(metrics)}
    later = {"requests", "rejected", "gateway", "decisions", "faults", "notices", "notices_waiting"}
    assert SERIES.keys() - later <= told


def test_hostile_names_do_not_break_the_page(metrics):
    metrics.told([('a"b\n} 1\\', 4)])
    assert page(metrics)["gateway_total", ('a"b\n} 1\\',)] == 4


def test_what_stands_is_replaced_not_added_to(metrics):
    metrics.standing([decision(Rung.CAP)] * 3, [])
    metrics.standing([replace(decision(Rung.BUDGET), simulated=True)], [])
    assert (metrics.value("measures", "cap"), metrics.value("measures", "budget", "true")) == (0, 1)


def test_threads_lose_no_count(metrics):
    def many():
        for _ in range(2000):
            metrics.read("taps", requests=1)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.value("requests", "taps") == 8000


def test_healthz_says_when_the_loop_hangs(metrics, monkeypatch):
    with served(app(metrics)) as client:
        assert client.get("/healthz").status_code == 200
        monkeypatch.setattr(module, "SILENT_SECONDS", 0.0)
        silent = client.get("/healthz")
        assert (silent.status_code, silent.text) == (503, "silent\n")
        monkeypatch.undo()
        metrics.alive(accounts=0)
        assert client.head("/healthz").status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405)])
def test_nothing_else_is_served(metrics, method, path, status):
    with served(app(metrics)) as client:
        assert client.request(method, path).status_code == status
