import json
import threading
import time
from contextlib import contextmanager

import httpx2
import pytest

from stillwatch.exchange.model import Right
from stillwatch.exchange.server import stream
from stillwatch.exchange.server.limits import Limits


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.2)


class Listener:
    """Reads a stream in a thread."""

    def __init__(self, response):
        self.lines, self.ended, self._response = [], threading.Event(), response
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for line in self._response.iter_lines():
                self.lines.append(line)
        except httpx2.HTTPError:
            pass
        self.ended.set()

    @property
    def events(self):
        ids = [line.removeprefix("id: ") for line in self.lines if line.startswith("id: ")]
        objects = [json.loads(line.removeprefix("data: ")) for line in self.lines if line.startswith("data: ")]
        return list(zip(ids, objects, strict=False))

    def wait_for(self, count):
        until = time.monotonic() + 10
        while len(self.events) < count:
            assert time.monotonic() < until, self.lines
            time.sleep(0.01)
        return self.events


@pytest.fixture
def listen(forum):
    @contextmanager
    def opened(who="ana", headers=None, **query):
        path = f"{forum.url}/alliance/ext/stream/{forum.collection}/"
        with (
            httpx2.Client(timeout=15) as client,
            client.stream(
                "GET",
                path,
                params=query,
                auth=(who, forum.secrets[who]),
                headers={"Accept": "text/event-stream"} | (headers or {}),
            ) as response,
        ):
            yield response, Listener(response) if response.status_code == 200 else None

    return opened


def test_what_is_there_and_what_comes_in_the_order_of_its_addition(forum, listen):
    first = forum.filled(2)
    with listen() as (response, listener):
        assert response.headers["content-type"].startswith("text/event-stream")
        listener.wait_for(2)
        then = forum.filled(3)
        events = listener.wait_for(5)
    assert [each for _, each in events] == first + then
    dates = [each["date_added"] for each in forum.get(f"{forum.path}/manifest/").json()["objects"]]
    assert [date for date, _ in events] == dates


def test_it_resumes_by_the_last_event_and_by_added_after(forum, listen):
    sent = forum.filled(4)
    date = forum.get(f"{forum.path}/manifest/").json()["objects"][1]["date_added"]
    with listen(headers={"Last-Event-ID": date}) as (_, listener):
        assert [each for _, each in listener.wait_for(2)] == sent[2:]
    with listen(added_after=date) as (_, listener):
        assert [each for _, each in listener.wait_for(2)] == sent[2:]


def test_filters_and_rights_hold_as_for_pages(forum, listen, stix):
    red = {"object_marking_refs": ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}
    forum.post([stix(**red), campaign := stix("campaign"), stix(), last := stix("campaign")])
    with listen("ben", **{"match[type]": "campaign"}) as (_, listener):
        assert [each for _, each in listener.wait_for(2)] == [campaign, last]
    with listen("ben") as (_, listener):
        listener.wait_for(3)
        time.sleep(0.1)
        assert len(listener.events) == 3


@pytest.mark.parametrize(
    ("who", "headers", "query", "status"),
    [
        ("writer", {}, {}, 403),
        ("outsider", {}, {}, 404),
        ("ana", {"Accept": "application/taxii+json"}, {}, 406),
        ("ana", {"Last-Event-ID": "17"}, {}, 400),
        ("ana", {}, {"added_after": "now"}, 400),
        ("ana", {}, {"match[type]": "*"}, 400),
    ],
)
def test_what_is_refused_is_a_message_of_taxii(listen, who, headers, query, status):
    with listen(who, headers, **query) as (response, _):
        assert response.status_code == status
        response.read()
        assert response.json()["http_status"] == str(status)


def test_a_comment_tells_that_it_lives(listen):
    with listen() as (_, listener):
        time.sleep(1)
        assert listener.lines.count(": alive") >= 2


def test_who_is_suspended_or_loses_the_right_hears_no_more(forum, listen):
    store = forum.exchange.store
    changes = (
        lambda: store.suspend("ana"),
        lambda: store.resume("ana") and store.grant("ana", {forum.collection: Right(read=False, write=True)}),
    )
    with listen() as (_, listener):
        changes[0]()
        assert listener.ended.wait(5)
    changes[1]()
    store.grant("ben", {forum.collection: Right(read=True, write=False)})
    with listen("ben") as (_, listener):
        store.grant("ben", {forum.collection: Right(read=False, write=True)})
        assert listener.ended.wait(5)
        assert listener.events == []


def test_there_are_so_many_streams_and_requests_go_on_beside_them(forum_of):
    forum = forum_of(limits=Limits(at_work=1, streams=2, member_streams=1))
    url = f"{forum.url}/alliance/ext/stream/{forum.collection}/"
    headers = {"Accept": "text/event-stream"}

    def opened(client, who):
        request = client.build_request("GET", url, headers=headers)
        return client.send(request, auth=(who, forum.secrets[who]), stream=True)

    with httpx2.Client(timeout=10) as client:
        first, second = opened(client, "ana"), opened(client, "ana")
        assert (first.status_code, second.status_code) == (200, 429)
        other, third = opened(client, "ben"), opened(client, "reader")
        assert (other.status_code, third.status_code) == (200, 503)
        assert third.headers["retry-after"]
        assert forum.get("/alliance/").status_code == 200
        first.close()
        until = time.monotonic() + 5
        while (again := opened(client, "ana")).status_code != 200:
            again.close()
            assert time.monotonic() < until
            time.sleep(0.05)
        for each in (again, second, other, third):
            each.close()


def test_the_server_ends_though_somebody_listens(forum, listen):
    with listen() as (_, listener):
        begun = time.monotonic()
        forum.restart()
        assert time.monotonic() - begun < 5
        assert listener.ended.wait(5)
