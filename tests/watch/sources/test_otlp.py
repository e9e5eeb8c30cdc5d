"""A receiver of spans on a real socket: whatever is sent is folded once and wholly, or refused and counted."""

import gzip
import http.client
import json
import socket
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stillwatch.errors import ConfigError
from stillwatch.watch.sources import otlp, receiver
from stillwatch.watch.sources.otlp import Otlp

from .conftest import Came, folded, scanned

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def span(number, **attributes):
    said = [{"role": "user", "parts": [{"type": "text", "content": f"Explain step {number} of the proof in full."}]}]
    named = {
        "user.id": f"a{number % 5}",
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(said),
        "client.address": f"203.0.113.{number % 200}",
    } | attributes
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat",
        "startTimeUnixNano": str(1_772_000_000_000_000_000 + number),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in named.items()]
        + [{"key": "gen_ai.usage.output_tokens", "value": {"intValue": str(number)}}],
        "status": {"code": 2 if number % 3 == 0 else 1},
    }


def export(*numbers, **attributes):
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span(n, **attributes) for n in numbers]}]}]}


def as_json(*numbers, **attributes):
    return json.dumps(export(*numbers, **attributes)).encode()


def scopes(resource):
    """Field 2, which xds-protos calls as it was called once."""
    return resource.scope_spans if hasattr(resource, "scope_spans") else resource.instrumentation_library_spans


def as_protobuf(*numbers):
    """Ids as they are on the wire: bytes, where JSON has them in hexadecimal."""
    message = ExportTraceServiceRequest()
    sent = scopes(message.resource_spans.add()).add()
    for number in numbers:
        plain = {k: v for k, v in span(number).items() if k not in ("traceId", "spanId")}
        ParseDict(plain, sent.spans.add())
        sent.spans[-1].span_id = number.to_bytes(8)
        sent.spans[-1].trace_id = number.to_bytes(16)
    return message.SerializeToString()


class Watched:
    """A source, and a thread that writes down what comes, as a watch does; `hold` delays that."""

    def __init__(self, source, position=None):
        self.source, self.came, self.hold = source, Came(), threading.Event()
        self.hold.set()
        self.thread = threading.Thread(target=self._run, args=(position,))
        self.thread.start()

    def _run(self, position):
        for piece in self.source.pieces(position):
            if piece is not None:
                self.came.take(piece)
                self.hold.wait(10)
                self.source.release(piece.position)

    def post(self, body, kind=PROTOBUF, path="/v1/traces", method="POST", **headers):
        host, _, port = self.source.address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            sent = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def counted(self, least):
        until = time.monotonic() + 10
        while sum(self.came.counts.values()) < least and time.monotonic() < until:
            time.sleep(0.02)
        return self.came.counts

    def close(self):
        self.hold.set()
        self.source.close()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def watched(folding):
    running = []

    def start(position=None, **options):
        running.append(Watched(Otlp("127.0.0.1:0", folding, **options), position))
        return running[-1]

    yield start
    for one in running:
        one.close()


def test_spans_are_folded_as_a_scan_does(watched, tmp_path):
    """Of the same spans as a collector writes them to a file; protobuf or JSON, packed or not."""
    watch = watched()
    assert watch.post(as_protobuf(1, 2)) == (200, b"")
    assert watch.post(as_json(3, 4), JSON) == (200, b"{}")
    assert watch.post(gzip.compress(as_protobuf(5)), Content_Encoding="gzip") == (200, b"")
    assert watch.post(gzip.compress(as_json(6)), "application/json; charset=utf-8", Content_Encoding="gzip")[0] == 200
    log = tmp_path / "spans.jsonl"
    log.write_text("".join(json.dumps(export(n)) + "\n" for n in range(1, 7)))
    assert watch.came.requests == 6
    assert folded(watch.came) == scanned(log)


def test_it_is_answered_when_it_is_on_disk(watched):
    watch = watched()
    watch.hold.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(watch.post, as_protobuf(1))
        time.sleep(0.5)
        assert watch.came.requests == 1
        assert not answer.done()
        watch.hold.set()
        assert answer.result(5) == (200, b"")


def test_what_is_sent_again_is_folded_once(watched):
    watch = watched()
    for _ in range(3):
        assert watch.post(as_protobuf(1, 2))[0] == 200
    assert watch.post(gzip.compress(as_protobuf(1, 2)), Content_Encoding="gzip")[0] == 200
    assert watch.came.requests == 2
    again = watched(json.loads(json.dumps(watch.came.position)))  # after a restart, too
    assert again.post(as_protobuf(1, 2))[0] == 200
    assert again.post(as_protobuf(3))[0] == 200
    assert again.came.requests == 1


def test_what_is_sent_again_before_it_is_on_disk_waits_too(watched):
    watch = watched()
    watch.hold.clear()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(watch.post, as_protobuf(1)) for _ in range(2)]
        time.sleep(0.5)
        assert not any(answer.done() for answer in answers)
        watch.hold.set()
        assert [answer.result(5)[0] for answer in answers] == [200, 200]
    assert watch.came.requests == 1


def test_only_the_last_bodies_are_remembered(watched, monkeypatch):
    monkeypatch.setattr(otlp, "REMEMBERED", 3)
    watch = watched()
    for number in range(10):
        watch.post(as_protobuf(number))
    assert len(json.dumps(watch.came.position)) < 100
    watch.post(as_protobuf(9))
    assert watch.came.requests == 10


BROKEN = [
    (b"no protobuf", PROTOBUF, {}, 400),
    (as_protobuf(1)[:-3], PROTOBUF, {}, 400),
    (b"{broken", JSON, {}, 400),
    (b"\xff\xfe", JSON, {}, 400),
    (b"[]", JSON, {}, 400),
    (b'{"resourceSpans": 5}', JSON, {}, 400),
    (json.dumps({"resourceSpans": export(1)["resourceSpans"] + [7]}).encode(), JSON, {}, 400),
    (b"[" * 100_000, JSON, {}, 400),
    (b"not gzip", PROTOBUF, {"Content_Encoding": "gzip"}, 400),
    (gzip.compress(as_protobuf(1))[:-9], PROTOBUF, {"Content_Encoding": "gzip"}, 400),
    (gzip.compress(as_protobuf(1)) + b"more", PROTOBUF, {"Content_Encoding": "gzip"}, 400),
    (zlib.compress(as_protobuf(1)), PROTOBUF, {"Content_Encoding": "deflate"}, 415),
    (as_protobuf(1), "text/plain", {}, 415),
    (as_protobuf(1), "", {}, 415),
    (as_protobuf(1), PROTOBUF, {"path": "/v1/logs"}, 404),
    (as_protobuf(1), PROTOBUF, {"method": "PUT"}, 405),
]


def test_what_cannot_be_read_is_refused_as_a_whole_and_counted(watched):
    watch = watched()
    for body, kind, options, status in BROKEN:
        assert watch.post(body, kind, **options)[0] == status, (body[:40], kind, options)
    counts = watch.counted(len(BROKEN))
    assert sum(counts.values()) == len(BROKEN)
    assert all(name.startswith("otlp_refused.") for name in counts)
    assert watch.came.requests == 0
    assert len(watch.came.profiles) == 0
    assert watch.post(as_protobuf(1))[0] == 200


def test_spans_that_cannot_be_read_are_told_and_the_others_count(watched):
    watch = watched()
    bad = export(1, 2, 3)
    bad["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["startTimeUnixNano"] = "never"
    status, said = watch.post(json.dumps(bad).encode(), JSON)
    assert (status, json.loads(said)["partialSuccess"]["rejectedSpans"]) == (200, "1")
    assert (watch.came.requests, watch.came.rejected) == (2, 1)
    message = ExportTraceServiceRequest.FromString(as_protobuf(4, 5))
    scopes(message.resource_spans[0])[0].spans[0].start_time_unix_nano = 5
    status, said = watch.post(message.SerializeToString())
    assert (status, said) == (200, b"\x0a\x1b\x08\x01\x12\x17spans could not be read")


def test_a_bomb_is_not_inflated(watched, monkeypatch):
    monkeypatch.setattr(otlp, "MOST_INFLATED", 1 << 20)
    watch = watched()
    bomb = gzip.compress(bytes(200 << 20))
    assert watch.post(bomb, Content_Encoding="gzip")[0] == 413
    assert watch.post(gzip.compress(bomb), Content_Encoding="gzip")[0] == 400  # inflated once, it is no protobuf
    assert watch.came.requests == 0


def test_a_huge_body_is_refused_before_it_is_read(watched, monkeypatch):
    monkeypatch.setattr(receiver, "MOST_BYTES", 10_000)
    watch = watched()
    assert watch.post(bytes(20_000))[0] == 413
    assert watch.post(iter([bytes(1000)] * 20))[0] == 413  # chunked: nobody says how long it is
    assert watch.counted(2) == {"otlp_refused.too large": 2}


def raw(watch, content):
    host, _, port = watch.source.address.rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(content)
    return connection


HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


def test_an_endless_body_is_given_up(watched, monkeypatch):
    monkeypatch.setattr(receiver, "BODY_SECONDS", 0.5)
    watch = watched()
    with raw(watch, HEAD + b"Content-Length: 1000\r\n\r\nabc") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    with raw(watch, HEAD + b"Transfer-Encoding: chunked\r\n\r\n") as connection:
        answered = b""
        for _ in range(100):
            try:
                connection.sendall(b"1\r\nx\r\n")
                connection.settimeout(0.02)
                answered += connection.recv(100)
            except TimeoutError:
                continue
            except OSError:
                break
            if answered:
                break
        assert answered.startswith(b"HTTP/1.1 408")
    with raw(watch, HEAD + b"Content-Length: 1000\r\n\r\nabc"):
        pass  # who leaves in the middle
    assert watch.counted(3) == {"otlp_refused.too slow": 2, "otlp_refused.broken off": 1}


def test_more_than_fits_is_told_to_come_again(watched, monkeypatch):
    monkeypatch.setattr(receiver, "MOST_HELD", 3000)
    watch = watched()
    watch.hold.clear()
    body = as_json(1, **{"gen_ai.conversation.id": "x" * 1500})
    with ThreadPoolExecutor() as pool:
        first = pool.submit(watch.post, body, JSON)
        time.sleep(0.5)
        assert watch.post(as_json(2, **{"gen_ai.conversation.id": "x" * 1500}), JSON)[0] == 503
        watch.hold.set()
        assert first.result(5)[0] == 200
    assert watch.post(as_json(2, **{"gen_ai.conversation.id": "x" * 1500}), JSON)[0] == 200


def test_what_is_not_written_down_in_time_is_to_be_sent_again(watched, monkeypatch):
    monkeypatch.setattr(receiver, "ANSWER_SECONDS", 0.3)
    watch = watched()
    watch.hold.clear()
    assert watch.post(as_protobuf(1))[0] == 503
    watch.hold.set()
    assert watch.post(as_protobuf(1))[0] == 200
    assert watch.came.requests == 1


def test_who_waits_while_it_ends_is_still_answered(watched):
    watch = watched()
    watch.hold.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(watch.post, as_protobuf(1))
        time.sleep(0.5)
        watch.source.close()
        time.sleep(0.3)
        watch.hold.set()
        assert answer.result(5)[0] == 200


def test_a_token(watched):
    watch = watched(token="sixteen letters or more")  # noqa: S106 — of this test
    assert watch.post(as_protobuf(1))[0] == 401
    assert watch.post(as_protobuf(1), Authorization="Bearer wrong")[0] == 401
    assert watch.post(as_protobuf(1), Authorization="Bearer sixteen letters or more")[0] == 200


def test_strangers_need_one(folding):
    with pytest.raises(ConfigError, match="Anybody"):
        Otlp("0.0.0.0:0", folding)
    for address in ("localhost", "127.0.0.1:99999", "127.0.0.1:http"):
        with pytest.raises(ConfigError, match="no HOST:PORT"):
            Otlp(address, folding)
    first = Otlp("127.0.0.1:0", folding)
    with pytest.raises(ConfigError, match="listen"):
        Otlp(first.address, folding)
    first.close()
