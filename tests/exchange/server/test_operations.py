"""What the operator sees and sets: measurements, log, bounds, health, faults."""

import io
import json
import logging
import threading
import time

import httpx2
import pytest

from stillwatch.errors import ExchangeError
from stillwatch.exchange.server import journal
from stillwatch.exchange.server.limits import Limits
from stillwatch.exchange.store.store import Store

TAXII = "application/taxii+json;version=2.1"
TOKEN = "metrics-token-of-the-operator"  # noqa: S105


@pytest.fixture
def log():
    """What the server writes to its log, as it stands when the test asks."""
    stream = io.StringIO()
    before = {}
    for name in (journal.LOGGER, "uvicorn.error"):
        logger = logging.getLogger(name)
        before[name] = (logger.handlers, logger.propagate, logger.level)
    journal.log_to(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for name, (handlers, propagate, level) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def scraped(forum):
    answer = forum.client.get(f"{forum.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_measurements_count_requests_and_objects_and_name_nobody(forum_of):
    forum = forum_of(metrics_token=TOKEN)
    forum.filled(3)
    for _ in range(2):
        forum.get(f"{forum.path}/objects/")
    forum.get("/nothing/at/all/")
    found = scraped(forum)
    route = 'route="/{root}/collections/{collection}/objects/"'
    assert found[f'stillwatch_requests_total{{method="GET",{route},status="200"}}'] == 2
    assert found[f'stillwatch_requests_total{{method="POST",{route},status="202"}}'] == 1
    assert found['stillwatch_requests_total{method="GET",route="none",status="404"}'] == 1
    assert found[f'stillwatch_request_seconds_count{{method="GET",{route}}}'] == 2
    assert found["stillwatch_objects_added_total"] == 3
    assert found["stillwatch_objects_read_total"] == 6
    assert found["stillwatch_requests_at_work"] == 1
    assert not any(secret in "".join(found) for secret in ("ana", "alliance", forum.collection, "indicator"))


def test_measurements_are_the_operators_alone(forum_of):
    forum = forum_of(metrics_token=TOKEN)
    assert forum.get("/metrics").status_code == 404  # a member would learn what others publish
    assert forum.get("/metrics", None).status_code == 404
    assert forum.get("/metrics", None, headers={"Authorization": "Bearer é".encode()}).status_code == 404
    without = forum_of()
    assert without.get("/metrics", None, headers={"Authorization": "Bearer None"}).status_code == 404


def test_the_log_has_a_line_for_each_request_and_no_secret_in_it(forum, log, stix):
    sent = stix(description="words that stay")
    forum.post([sent])
    forum.get(f"{forum.path}/objects/?match[type]=indicator&limit=1&next=abcdef")
    forum.get(f"{forum.path}/objects/{sent['id']}/", headers={"X-Other": "whatever"})
    answer = forum.client.get(f"{forum.url}/taxii2/", auth=("ana", "a wrong secret"))
    lines = [each for each in log() if each["event"] == "request"]
    assert [(each["method"], each["status"]) for each in lines] == [
        ("POST", 202),
        ("GET", 400),
        ("GET", 200),
        ("GET", 401),
    ]
    assert lines[2]["route"] == "/{root}/collections/{collection}/objects/{object_id}/"
    assert lines[3]["request_id"] == answer.json()["error_id"]
    assert all(
        set(each) == {"time", "level", "event", "request_id", "method", "route", "status", "ms"} for each in lines
    )
    text = json.dumps(log())
    hidden = ("ana", "alliance", forum.collection, sent["id"], "words", "abcdef", "wrong", "127.0.0.1", "whatever")
    assert not [word for word in hidden if word in text]
    assert not [secret for secret in forum.secrets.values() if secret in text]


def test_a_fault_of_ours_is_a_500_whose_log_line_says_where_and_not_what(forum, log, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("a secret of the member")

    monkeypatch.setattr(forum.exchange.store, "read", fails)
    answer = forum.get(f"{forum.path}/objects/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == TAXII
    message = answer.json()
    assert message["http_status"] == "500"
    line = next(each for each in log() if each["event"] == "fault")
    assert line["error_id"] == message["error_id"]
    assert line["error"] == "ZeroDivisionError"
    assert line["place"].partition(":")[0] == "objects.py"
    assert "secret" not in json.dumps(log()) + answer.text


def test_a_database_that_fails_is_a_503_to_try_again(forum, log, monkeypatch):
    def fails(*_):
        raise ExchangeError("The database failed (disk I/O error).", where="forum.sqlite")

    monkeypatch.setattr(forum.exchange.store, "root", fails)
    answer = forum.get("/alliance/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "forum.sqlite" not in answer.text
    assert any("disk I/O error" in each.get("error", "") for each in log())


def test_health(forum, monkeypatch):
    assert forum.get("/healthz", None).json() == {"status": "ok"}

    def fails(*_):
        raise ExchangeError("The database failed.")

    monkeypatch.setattr(forum.exchange.store, "roots", fails)
    assert forum.get("/healthz", None).status_code == 503


def test_too_many_at_a_time_is_503_and_health_answers_still(forum_of, monkeypatch):
    forum = forum_of(limits=Limits(at_work=2, member_at_work=2))
    go_on, inside = threading.Event(), threading.Semaphore(0)
    read = forum.exchange.store.read

    def slow(*asked):
        inside.release()
        assert go_on.wait(10)
        return read(*asked)

    monkeypatch.setattr(forum.exchange.store, "read", slow)
    answers = []

    def ask():
        with httpx2.Client(timeout=20) as client:
            url = f"{forum.url}{forum.path}/objects/"
            answers.append(client.get(url, auth=("ana", forum.secrets["ana"])).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=10)
    refused = forum.get("/alliance/", "ben")
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert forum.get("/healthz", None).status_code == 200
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [200, 200]
    assert forum.get("/alliance/", "ben").status_code == 200


def test_one_member_who_asks_too_much_is_429_and_the_others_go_on(forum_of):
    forum = forum_of(limits=Limits(member_rate=0.5, member_burst=3))
    assert [forum.get("/alliance/").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = forum.get("/alliance/")
    assert refused.json()["http_status"] == "429"
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert forum.get("/alliance/", "ben").status_code == 200
    time.sleep(2.1)
    assert forum.get("/alliance/").status_code == 200


def test_writers_and_a_reader_beside_them_see_all_of_it_in_order(forum_of, database_url, stix):
    """The tail of a collection: what a reader has passed never grows behind its back."""
    forum = forum_of(Store.open(database_url, create=True))
    sent, done = [], threading.Event()

    def write():
        with httpx2.Client(timeout=30) as client:
            for _ in range(15):
                objects = [stix() for _ in range(3)]
                url = f"{forum.url}{forum.path}/objects/"
                headers = {"Content-Type": TAXII}
                answer = client.post(
                    url, json={"objects": objects}, headers=headers, auth=("ana", forum.secrets["ana"])
                )
                assert answer.status_code == 202, answer.text
                sent.extend(each["id"] for each in objects)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for each in writers:
        each.start()
    found, query = [], {"limit": 4}
    while not done.is_set():
        if not any(each.is_alive() for each in writers):
            done.set()
        while True:
            answer = forum.get(f"{forum.path}/objects/", "ben", params=query)
            page = answer.json()
            found += [each["id"] for each in page.get("objects", [])]
            query["added_after"] = answer.headers["x-taxii-date-added-last"]
            if not page.get("more"):
                break
    assert len(found) == len(set(found)) == len(sent) == 135
    assert set(found) == set(sent)
    assert found == [each["id"] for each in forum.get(f"{forum.path}/manifest/").json()["objects"]]
