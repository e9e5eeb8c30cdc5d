"""Real receivers: an HTTP server and a mail server on free ports of this machine; documents with campaigns to tell."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from aiosmtpd.smtp import SMTP

from stillwatch.config import WatchConfig
from stillwatch.reports.document import Account, Campaign, Evidence, FindingsDocument, Inputs, Window
from stillwatch.response.model import Decision, Rung

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 20.0  # seconds: a machine may be busy; nothing here waits so long when all is well


def _eventually(holds):
    """Waits until something holds, and says whether it does."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if holds():
            return True
        pause.wait(0.02)
    return False


def _campaign(name="c-1", accounts=("a1", "a2", "a3"), *, severity="high", **changes):
    fields = {
        "id": name,
        "bits": 10.0,
        "prior": 0.0,
        "severity": severity,
        "families": ("text", "sign_up"),
        "first_seen": NOW - timedelta(days=2),
        "crossed_at": NOW,
        "last_seen": NOW,
        "requests": 4210,
        "requests_before_crossing": 120,
        "usage_input_tokens": 1,
        "usage_output_tokens": 1,
        "accounts": tuple(
            Account(account_id=each, bits=2.5, requests=5, first_seen=NOW, last_seen=NOW) for each in accounts
        ),
        "evidence": (
            Evidence(
                family="text", name="x", bits=10.0, observed=1.0, expected=0.0, technique="AML.T0065", says="a prompt",
            ),
        ),
        "lookalikes_considered": (),
        "timeline": (),
        "links": (),
        "shared_text": (),
    }  # fmt: skip
    return Campaign(**fields | changes)


def _document(*campaigns):
    inputs = Inputs(files=1, requests=1, accounts=1, rejected=0, sign_up=False, notes=())
    return FindingsDocument(
        version="1", generator="t", window=Window(start=NOW, end=NOW), campaigns=campaigns, inputs=inputs
    )


def _waiting(number, action=Rung.VERIFY):
    """So many decisions against accounts of c-1, which wait for a person."""
    return tuple(
        Decision(
            f"d-{action:06d}{n:06d}",
            "account",
            f"secret-{n}",
            action,
            NOW,
            NOW,
            "coordinated_extraction",
            (),
            "own",
            simulated=False,
            campaign="c-1",
        )
        for n in range(number)
    )


@pytest.fixture(scope="session")
def sample():
    """What there is to tell, and patience."""
    return SimpleNamespace(document=_document, campaign=_campaign, waiting=_waiting, eventually=_eventually)


class Receiver:
    """An HTTP server that keeps what it is sent, and answers as `answers` says, then with 200."""

    def __init__(self):
        self.bodies, self.requests, self.answers = [], [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def handler(receiver):  # noqa: N805 — the handler's own self is another
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = receiver.answers.pop(0) if receiver.answers else (200, {}, b"{}")
                receiver.requests.append((self.path, dict(self.headers), status))
                if status == 200:
                    receiver.bodies.append(json.loads(body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


class Mailbox:
    """What a mail server does with a message: keep it, or answer as `answers` says."""

    def __init__(self):
        self.envelopes, self.answers, self.tls = [], [], []

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 — aiosmtpd's name
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.envelopes.append(envelope)
            self.tls.append(session.ssl is not None)
        return answer


class MailServer:
    """A mail server in a thread, on a port of its own or on a given one."""

    def __init__(self, port=0, **options):
        self.mailbox, self.loop = Mailbox(), asyncio.new_event_loop()
        factory = partial(SMTP, self.mailbox, hostname="mail.test", loop=self.loop, **options)
        self.server = self.loop.run_until_complete(self.loop.create_server(factory, "127.0.0.1", port))
        self.place = f"127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def close(self):
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _end(self):
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def mail_server():
    """Starts mail servers, and ends them."""
    running = []

    def start(port=0, **options):
        running.append(MailServer(port, **options))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def settings(tmp_path):
    return lambda **changes: WatchConfig(folder=tmp_path / "watch", **changes)
