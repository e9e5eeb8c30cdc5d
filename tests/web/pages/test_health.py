"""Health over HTTP: what works, what does not, how old the findings are and what they could not see."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from stillwatch.reports.document import dumps, to_document
from stillwatch.response.model import Rung
from stillwatch.web.following import Following
from stillwatch.web.pages import health
from stillwatch.web.store import intake
from stillwatch.web.vital import ago


@pytest.fixture
def checked(asked):
    """The checks by name."""
    return lambda: {each.name: each for each in health.health(asked("viewer")).view.checks}


def test_before_anything_is_set_up_it_says_so(running, signed_in, checked):
    found = checked()
    assert {name: each.state for name, each in found.items()} == {
        "findings": "good",
        "ledger": "absent",
        "relay": "absent",
        "exchange": "absent",
        "watch": "absent",
    }
    vera = signed_in(running, "viewer")
    page = vera.get("/health").text
    for words in ("not set up", "No relay is named", "What the findings could not see", "busiest hour"):
        assert words in page
    assert vera.get("/health.csv").text.startswith("name,state,says,hint")


def test_without_findings_it_says_how_to_get_some(serve, signed_in):
    with serve({}) as running:
        page = signed_in(running, "viewer").get("/health").text
    assert "No findings were taken in yet" in page
    assert "stillwatch scan LOGS" in page
    assert "What the findings could not see" not in page


def test_what_the_log_lacked_and_what_that_blinds(running, signed_in, console, document):
    inputs = document.inputs.model_copy(
        update={"sign_up": False, "rejected": document.inputs.requests, "notes": ("<b>No address</b>",)}
    )
    intake.take(console.store, document.model_copy(update={"inputs": inputs, "traffic": ()}), console.clock())
    vera = signed_in(running, "viewer")
    rows = {each["name"]: each for each in vera.get("/health.json").json()["coverage"]}
    assert {name for name, each in rows.items() if not each["there"]} >= {
        "rows that could be read",
        "accounts table",
        "requests by hour",
        "status of requests",
        "duration of requests",
    }
    assert "50%" in rows["rows that could be read"]["says"]
    page = vera.get("/health").text
    assert "&lt;b&gt;No address" in page
    assert "look like strangers" in page


def test_findings_grow_old(running, signed_in, console, document):
    assert "ago" in signed_in(running, "viewer").get("/health").text
    later = replace(console, clock=lambda: document.window.end + timedelta(days=3))
    found = health.checks(later, health.scans.newest(console.store), later.clock())
    assert (found[0].state, "3 days ago" in found[0].says) == ("warn", True)


def test_findings_that_cannot_be_read_are_told_with_the_reason(console, tmp_path, asked, sample):
    path = tmp_path / "findings.json"
    path.write_text(dumps(to_document(sample.findings())))
    following = Following(console.store, path, console.clock)
    followed = replace(asked("viewer"), console=replace(console, following=following))
    following.look()
    assert health.health(followed).view.checks[0].state == "good"
    path.write_text("{")
    following.look()
    (found, *_) = health.health(followed).view.checks
    assert found.state == "warn"
    assert str(path) in found.says
    assert "still shown" in found.hint


def test_the_switch_and_the_relay(serve, signed_in, ledger, decision, tmp_path):
    relay = tmp_path / "relay"
    with serve({"response.relay": str(relay)}) as running:
        ledger.propose([decision(action=Rung.HOLD)], running.console.clock())
        omar = signed_in(running, "operator")

        def states():
            found = omar.get("/health.json").json()["checks"]
            return {each["name"]: (each["state"], each["says"]) for each in found}

        assert states()["ledger"][0] == "good"
        assert "nothing was ever published" in states()["relay"][1]
        omar.post("/measures/sign", data={"id": "d-000000000001"})
        assert states()["relay"] == ("good", "It answers; gateways were told of 1 measure.")
        omar.post("/measures/switch", data={"way": "off", "reason": "customers report <errors>"})
        assert states()["ledger"][0] == states()["relay"][0] == "warn"
        assert "customers report &lt;errors&gt;" in omar.get("/health").text
        (relay / "snapshot.msgpack").write_bytes(b"nothing that a gateway knows")
        assert states()["relay"][0] == "warn"


def test_the_watch_by_what_it_wrote_last(settings, checked, console):
    folder = settings.config.watch.folder
    folder.mkdir()
    (folder / "2026-10-01.journal").write_bytes(b"")
    moment = (console.clock() - timedelta(hours=5)).timestamp()
    os.utime(folder / "2026-10-01.journal", (moment, moment))
    assert (checked()["watch"].state, "5 hours ago" in checked()["watch"].says) == ("good", True)


def test_a_part_that_fails_is_a_line_and_no_lost_page(running, signed_in, settings):
    settings.config.exchange.state.write_bytes(b"no database" * 1000)
    settings.config.exchange.state.chmod(0o600)
    answer = signed_in(running, "viewer").get("/health")
    assert answer.status_code == 200
    assert "The state cannot be used" in answer.text


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_how_long_ago(span, words):
    assert ago(span) == words
