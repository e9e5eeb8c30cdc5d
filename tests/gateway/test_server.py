import socket
import threading

import httpx2
import pytest

from stillwatch.gateway import server
from stillwatch.gateway.server import Answer, App, plain
from stillwatch.serving import Server, listen

TOKEN = "a token of sixteen letters or more"  # noqa: S105 — of this test alone


def echo(call):
    """What came, in headers."""
    told = {"method": call.method, "path": call.path, "size": str(None if call.body is None else len(call.body))}
    return Answer(202, tuple(told.items()), call.headers.get("x-said", "").encode("utf-8", "surrogateescape"))


def broken(call):
    raise ValueError(call.path)


ROUTES = {"/exact": echo, "/below/": echo, "/below/deeper/": lambda _: plain(200, "deeper"), "/broken": broken}


@pytest.fixture
def serve():
    """Starts servers in threads; they are stopped in the end."""
    running = []

    def start(**settings):
        app = App(ROUTES, **({"token": None, "most_body_bytes": 1000} | settings))
        ready = threading.Event()
        opened = listen("127.0.0.1", 0)
        made = Server(app, opened, ready=ready.set)
        thread = threading.Thread(target=made.run)
        thread.start()
        running.append((made, thread, opened))
        assert ready.wait(10)
        return f"http://127.0.0.1:{opened.getsockname()[1]}"

    yield start
    for made, thread, opened in running:
        made.stop()
        thread.join(10)
        opened.close()
        assert not thread.is_alive()


def test_a_path_or_all_below_it_leads_to_its_handler(serve):
    url = serve()
    answer = httpx2.put(f"{url}/exact?x=1", content=b"abc", headers={"X-Said": "naïve".encode()})
    assert answer.status_code == 202
    assert [answer.headers[name] for name in ("method", "path", "size")] == ["PUT", "/exact", "3"]
    assert answer.text == "naïve"
    assert httpx2.get(f"{url}/below/a/b").headers["path"] == "/below/a/b"
    assert httpx2.get(f"{url}/below/deeper/a").text == "deeper"
    assert httpx2.get(f"{url}/exact/more").status_code == 404
    assert httpx2.get(f"{url}/healthz").text == "ok\n"


@pytest.mark.parametrize("name", ["x-stillwatch-token", "x-api-key", "authorization"])
def test_the_token_is_taken_where_callers_can_bring_it(serve, name):
    url = serve(token=TOKEN)
    brought = {name: f"Bearer {TOKEN}" if name == "authorization" else TOKEN}
    assert httpx2.get(f"{url}/exact", headers=brought).status_code == 202
    assert httpx2.get(f"{url}/exact", headers={name: TOKEN[:-1]}).status_code == 401
    assert httpx2.get(f"{url}/exact").status_code == 401
    assert httpx2.get(f"{url}/healthz").status_code == 200


@pytest.mark.parametrize(("size", "kept"), [(1000, "1000"), (1001, "None"), (5_000_000, "None")])
def test_a_body_beyond_the_limit_is_not_kept(serve, size, kept):
    url = serve()
    with httpx2.Client() as client:
        assert client.post(f"{url}/exact", content=b"x" * size).headers["size"] == kept
        assert client.post(f"{url}/exact", content=b"x").headers["size"] == "1", "the connection can be used again"


def test_a_body_that_never_ends_is_given_up(serve, monkeypatch):
    monkeypatch.setattr(server, "BODY_SECONDS", 0.3)
    url = serve()
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"POST /exact HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nabc")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_a_fault_of_ours_is_counted_and_says_nothing(serve):
    faults = []
    url = serve(fault=faults.append)
    answer = httpx2.get(f"{url}/broken")
    assert (answer.status_code, answer.text) == (500, "This could not be judged.\n")
    assert [type(fault) for fault in faults] == [ValueError]
    assert httpx2.get(f"{url}/exact").status_code == 202
