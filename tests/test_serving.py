import signal
import subprocess
import sys
import threading

import httpx2
import pytest

from stillwatch.errors import ConfigError
from stillwatch.serving import Server, listen

CHILD = """
from stillwatch.serving import Server, listen

async def app(scope, receive, send): ...

with listen("127.0.0.1", 0) as socket:
    Server(app, socket, ready=lambda: print("ready", flush=True), ending=lambda: print("ending", flush=True)).run()
print("ended")
"""


async def app(scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def test_it_says_when_it_is_ready_and_when_it_ends():
    ready, ending = threading.Event(), threading.Event()
    server = Server(app, listen("127.0.0.1", 0), ready=ready.set, ending=ending.set)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(10)
    assert httpx2.get(f"http://127.0.0.1:{server.port}/path").text == "/path"
    assert not ending.is_set()
    server.stop()
    thread.join(10)
    assert ending.is_set()
    assert not thread.is_alive()


def test_a_second_signal_while_the_first_is_obeyed_is_none():
    told = []

    def ending():
        told.append(len(told))
        server.stop()

    with listen("127.0.0.1", 0) as socket:
        server = Server(app, socket, ending=ending)
        server.stop()
    assert told == [0]


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(told):
    with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(told)
        assert child.stdout.read() == "ending\nended\n"
    assert child.returncode == 0


def test_where_somebody_listens_already_nobody_else_does():
    with listen("127.0.0.1", 0) as opened, pytest.raises(ConfigError, match="cannot listen here"):
        listen("127.0.0.1", opened.getsockname()[1])


def test_without_uvicorn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "stillwatch.serving")
    with pytest.raises(ConfigError, match=r"needs uvicorn\. .*stillwatch\[gateway\]"):
        import stillwatch.serving  # noqa: F401, PLC0415
