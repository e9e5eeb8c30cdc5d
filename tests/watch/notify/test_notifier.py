import email
import email.policy
import json
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from contextlib import closing

import pytest

from stillwatch.errors import ConfigError
from stillwatch.reports.document import Review
from stillwatch.response.model import Rung
from stillwatch.watch.metrics import Metrics
from stillwatch.watch.notify import notifier as module
from stillwatch.watch.notify.notifier import FILE, Notifier


@pytest.fixture
def notifier(settings):
    """Opens notifiers that try again at once, and closes them."""
    opened = []

    def open_one(**changes):
        opened.append(Notifier(settings(**changes), Metrics(), first_wait=0.02))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def outcomes(notifier, channel):
    metrics = notifier._metrics  # noqa: SLF001 — as whoever opened it has them
    return {name: metrics.value("notices", channel, name) for name in ("sent", "failed", "dropped")}


def test_a_webhook_is_told_what_is_new(notifier, receiver, sample):
    told = notifier(webhook=f"{receiver.url}/services/T0/B0/secret")
    told.tell(sample.document(sample.campaign()), (*sample.waiting(96), *sample.waiting(1, Rung.HOLD)))
    assert sample.eventually(lambda: receiver.bodies)
    (body,) = receiver.bodies
    assert list(body) == ["text"]
    text = body["text"]
    assert text.startswith("*stillwatch: 1 new campaign (high); 97 decisions wait for a person*\n")
    for part in ("c-1: high, 10.0 bits; 3 accounts, 4,210 requests", "text, sign-up", "stillwatch explain c-1"):
        assert part in text
    assert "c-1: 96 verify, c-1: 1 hold" in text
    path, headers, _ = receiver.requests[0]
    assert (path, headers["Content-Type"]) == ("/services/T0/B0/secret", "application/json")


def test_a_notice_names_no_account_and_no_prompt(notifier, receiver, mail_server, sample):
    server = mail_server()
    told = notifier(webhook=receiver.url, mail_to=("abuse@example.com",), smtp=server.place)
    told.tell(sample.document(sample.campaign(accounts=("acc-1", "acc-2", "acc-3"))), sample.waiting(3))
    assert sample.eventually(lambda: receiver.bodies and server.mailbox.envelopes)
    for content in (json.dumps(receiver.bodies), server.mailbox.envelopes[0].content.decode()):
        assert not any(word in content for word in ("acc-", "secret-", "a prompt"))


def test_mail_reaches_everybody_once(notifier, mail_server, sample):
    server = mail_server()
    to = ("abuse@example.com", "soc@example.com")
    told = notifier(mail_to=to, mail_from="watch@example.com", smtp=server.place)
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: server.mailbox.envelopes)
    envelope = server.mailbox.envelopes[0]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("watch@example.com", list(to))
    assert message["subject"] == "stillwatch: 1 new campaign (high)"
    assert message["auto-submitted"] == "auto-generated"
    assert "stillwatch explain c-1" in message.get_content()
    assert server.mailbox.tls == [False]


def test_mail_goes_through_tls_where_the_server_offers_it(notifier, mail_server, tmp_path, sample):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ed25519",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        key,
        "-out",
        certificate,
    )
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = mail_server(tls_context=context)
    notifier(mail_to=("abuse@example.com",), smtp=server.place).tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: server.mailbox.envelopes)
    assert server.mailbox.tls == [True]


def test_what_was_told_is_not_told_again(notifier, receiver, sample):
    told = notifier(webhook=receiver.url)
    told.tell(sample.document(sample.campaign()), sample.waiting(2))
    grown = sample.campaign(
        "c-2", accounts=("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8")
    )  # its id follows its members
    told.tell(sample.document(grown), sample.waiting(2))
    told.tell(sample.document(sample.campaign("c-3", accounts=("a1", "a2"))), sample.waiting(1))
    told.close()
    again = notifier(webhook=receiver.url)
    again.tell(sample.document(grown), sample.waiting(1))
    again.tell(sample.document(sample.campaign("c-9", accounts=("b1", "b2", "b3"))), sample.waiting(1))
    assert sample.eventually(lambda: len(receiver.bodies) == 2)
    assert "New campaign c-9" in receiver.bodies[1]["text"]
    assert "wait" not in receiver.bodies[1]["text"]


def test_a_campaign_that_becomes_more_severe_is_told_once_more(notifier, receiver, sample):
    told = notifier(webhook=receiver.url)
    for severity in ("low", "critical", "high", "critical"):
        told.tell(sample.document(sample.campaign(severity=severity)))
    assert sample.eventually(lambda: len(receiver.bodies) == 2)
    assert "More severe: c-1: critical" in receiver.bodies[1]["text"]
    told.close()
    assert len(receiver.bodies) == 2


def test_nothing_new_is_no_notice(notifier, receiver, sample):
    review = Review(verdict="rejected", author="ana", reason="a class", at=sample.campaign().last_seen)
    told = notifier(webhook=receiver.url, otlp=receiver.url)
    told.tell(sample.document(sample.campaign(review=review)))
    told.close()
    assert receiver.requests == []


@pytest.mark.parametrize("status", [302, 403, 404, 408, 429, 500, 503])
def test_what_is_not_taken_is_tried_again(notifier, receiver, status, sample):
    receiver.answers = [(status, {"Location": receiver.url}, b"")] * 2
    told = notifier(webhook=receiver.url)
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: outcomes(told, "webhook") == {"sent": 1, "failed": 2, "dropped": 0})
    assert [found for _, _, found in receiver.requests] == [status, status, 200]


def test_what_is_refused_is_dropped_and_holds_up_nothing(notifier, receiver, sample):
    receiver.answers = [(400, {}, b"invalid_payload")]
    told = notifier(webhook=receiver.url)
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: outcomes(told, "webhook")["dropped"] == 1)
    told.tell(sample.document(sample.campaign("c-9", accounts=("b1", "b2", "b3"))))
    assert sample.eventually(lambda: outcomes(told, "webhook") == {"sent": 1, "failed": 0, "dropped": 1})


def test_the_receiver_says_when_to_come_back(notifier, receiver, sample):
    receiver.answers = [(429, {"Retry-After": "1"}, b"")]
    began = time.monotonic()
    notifier(webhook=receiver.url).tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: receiver.bodies)
    assert time.monotonic() - began >= 1.0


def test_a_mail_server_that_is_away_gets_it_when_it_is_back(notifier, mail_server, sample):
    gone = mail_server()
    gone.server.close()
    told = notifier(mail_to=("abuse@example.com",), smtp=gone.place)
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: outcomes(told, "mail")["failed"] >= 1)
    back = mail_server(int(gone.place.rpartition(":")[2]))
    assert sample.eventually(lambda: len(back.mailbox.envelopes) == 1)


def test_a_mail_that_is_refused_is_dropped_a_greylisted_one_is_not(notifier, mail_server, sample):
    server = mail_server()
    server.mailbox.answers = ["451 come back", "554 this is spam"]
    told = notifier(mail_to=("abuse@example.com",), smtp=server.place)
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: outcomes(told, "mail") == {"sent": 0, "failed": 1, "dropped": 1})


def test_a_slow_receiver_holds_up_neither_the_watch_nor_the_others(
    notifier, receiver, mail_server, monkeypatch, sample
):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:  # it takes the connection and never answers
        server = mail_server()
        told = notifier(
            webhook=f"http://127.0.0.1:{silent.getsockname()[1]}", mail_to=("a@b.example",), smtp=server.place,
            otlp=receiver.url,
        )  # fmt: skip
        began = time.monotonic()
        told.tell(sample.document(sample.campaign()))
        assert time.monotonic() - began < 5.0
        assert sample.eventually(lambda: server.mailbox.envelopes and receiver.bodies)
        assert outcomes(told, "webhook") == {"sent": 0, "failed": 0, "dropped": 0}
        began = time.monotonic()
        told.close()
        assert time.monotonic() - began < 5.0


KILLED = """
import os, sys
from pathlib import Path
from stillwatch.config import WatchConfig
from stillwatch.reports.document import loads
from stillwatch.watch.notify.notifier import Notifier

notifier = Notifier.of(WatchConfig(folder=Path(sys.argv[1]), webhook=sys.argv[2]))
notifier.tell(loads(sys.stdin.read()))
os.kill(os.getpid(), 9)
"""


def test_a_notice_outlives_the_process(notifier, settings, receiver, sample):
    nobody = "http://127.0.0.1:9"  # discard: nothing listens
    text = sample.document(sample.campaign()).model_dump_json()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, settings().folder, nobody],
        input=text,
        text=True,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9, killed.stderr
    told = notifier(webhook=receiver.url)
    assert sample.eventually(lambda: len(receiver.bodies) == 1)
    told.tell(sample.document(sample.campaign()))
    told.close()
    assert len(receiver.bodies) == 1


def test_closing_hands_over_what_is_there(notifier, receiver, sample):
    told = notifier(webhook=receiver.url)
    told.tell(sample.document(sample.campaign()))
    told.close()
    assert len(receiver.bodies) == 1


def test_of_too_many_the_oldest_go(notifier, settings, receiver, monkeypatch, sample):
    monkeypatch.setattr("stillwatch.watch.notify.outbox.MOST", 3)
    receiver.answers = [(503, {"Retry-After": "600"}, b"")]
    told = notifier(webhook=receiver.url)
    for n in range(5):
        told.tell(sample.document(sample.campaign(f"c-{n}", accounts=tuple(f"{n}-{i}" for i in range(3)))))
    assert outcomes(told, "webhook")["dropped"] == 2
    told.close()
    with closing(sqlite3.connect(settings().folder / FILE)) as database:
        bodies = [json.loads(body)["text"] for (body,) in database.execute("SELECT body FROM notice ORDER BY number")]
    assert [f"c-{n}:" in text for n, text in zip((2, 3, 4), bodies, strict=True)] == [True] * 3


def test_an_outbox_that_fails_is_counted_and_told_later(notifier, settings, receiver, sample):
    told = notifier(webhook=receiver.url)
    with closing(sqlite3.connect(settings().folder / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        told.tell(sample.document(sample.campaign()))
        assert told._metrics.value("faults", "notices") >= 1  # noqa: SLF001
        other.execute("ROLLBACK")
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: len(receiver.bodies) == 1)


def test_without_a_channel_there_is_no_file_and_nothing_happens(notifier, settings, sample):
    told = notifier()
    told.tell(sample.document(sample.campaign()))
    told.close()
    assert not settings().folder.exists()


def test_the_outbox_is_its_owners_alone(notifier, settings, receiver):
    notifier(webhook=receiver.url)
    assert (settings().folder / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"webhook": "hooks.slack.com/x"}, "watch.webhook"),
        ({"webhook": "ftp://host/x"}, "watch.webhook"),
        ({"webhook": "http://hooks.example/T0/secret"}, "watch.webhook"),
        ({"webhook": "http://[::1"}, "watch.webhook"),
        ({"mail_to": ("a@b.example",), "smtp": "localhost"}, "watch.smtp"),
        ({"mail_to": ("a@b.example",), "smtp": "localhost:99999"}, "watch.smtp"),
        ({"mail_to": ("abuse",)}, "watch.mail_to"),
        ({"mail_to": ("a@b.example\nBcc: c@d.example",)}, "watch.mail_to"),
        ({"mail_to": ("a@b.example",), "mail_from": "Watch <w@b.example>"}, "watch.mail_from"),
        ({"otlp": "collector:4318"}, "watch.otlp"),
    ],
)
def test_an_address_that_is_none_is_said_before_anything_begins(settings, changes, where):
    with pytest.raises(ConfigError) as raised:
        Notifier.of(settings(**changes))
    assert raised.value.where == where
    assert "secret" not in str(raised.value).removesuffix("which is a secret, could be read. ").replace(
        "is a secret", ""
    )


def test_a_foreign_file_is_not_touched(settings, receiver):
    path = settings().folder / FILE
    path.parent.mkdir(parents=True)
    path.write_text("not a database, but long enough to be taken for one" * 40)
    before = path.read_bytes()
    with pytest.raises(ConfigError) as raised:
        Notifier.of(settings(webhook=receiver.url))
    assert raised.value.where == str(path)
    assert path.read_bytes() == before


def test_the_log_names_neither_the_address_nor_the_content(notifier, receiver, caplog, sample):
    receiver.answers = [(404, {}, b"no_service")]
    told = notifier(webhook=f"{receiver.url}/secret-path")
    told.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: receiver.bodies)
    assert "status 404" in caplog.text
    assert "secret-path" not in caplog.text
    assert "c-1" not in caplog.text
