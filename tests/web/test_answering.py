"""Whole requests: what a page raises, what was typed, what a database that fails does, what every response carries."""

import sqlite3

import pytest

from stillwatch import database
from stillwatch.errors import ConfigError, ExchangeError, InputError, PrivacyError, TrustError
from stillwatch.web import pages
from stillwatch.web.asking import Invalid, NotThere, Page, Redirect, Stale
from stillwatch.web.bodies import MOST
from stillwatch.web.headers import POLICY
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages

ERRORS = {
    "stale": Stale("Bob reviewed it.", now=("rejected, says bob",), fields={"version": "8"}),
    "invalid": Invalid("This field is needed.", where="reason"),
    "nothing": NotThere("No such case.", where="c-<1>"),
    "input": InputError("This cannot be read."),
    "setting": ConfigError("There is no ledger.", hint="Set response.ledger."),
    "database": ExchangeError("The database failed.", where="console.sqlite"),
    "trust": TrustError("The ledger does not hold."),
    "private": PrivacyError("More would leave than may."),
    "fault": ValueError("a prompt that nobody may read"),
}


@pytest.fixture(autouse=True)
def trial(monkeypatch):
    made = Pages("Trial", "/trial")

    @made.get("/trial/{name}")
    def read(asked):
        return Page("me.html", asked.places["name"], dict(asked.places), rows=())

    @made.post("/trial/{name}", needs=Role.VIEWER)
    def write(asked):
        if error := ERRORS.get(asked.places["name"]):
            raise error
        return Redirect("/trial/done")

    monkeypatch.setattr(pages, "ALL", (made,))


@pytest.fixture
def running(serve):
    with serve({}) as started:
        yield started


@pytest.fixture
def client(running):
    with running.signed_in("viewer") as signed:
        yield signed


TYPED = {"reason": "they wrote to us <b>\u200d", "version": "7", "old_password": "never shown"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("stale", 409),
        ("invalid", 422),
        ("nothing", 404),
        ("input", 422),
        ("setting", 503),
        ("database", 503),
        ("trust", 500),
        ("private", 403),
        ("fault", 500),
    ],
)
def test_an_error_is_a_page_with_its_status_that_keeps_what_was_typed(client, name, status):
    page = client.post(f"/trial/{name}", data=TYPED)
    assert page.status_code == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "they wrote to us &lt;b&gt;\u200d" in page.text
    assert "never shown" not in page.text
    assert "a prompt that nobody may read" not in page.text
    assert ("Send this again" in page.text) == (status not in {403, 404})


def test_a_stale_form_shows_how_it_stands_and_can_be_sent_again(client):
    page = client.post("/trial/stale", data=TYPED)
    assert "rejected, says bob" in page.text
    assert '<input type="hidden" name="version" value="8">' in page.text


def test_a_fault_names_its_place_and_not_its_message(client, caplog):
    page = client.post("/trial/fault", data={})
    assert "ValueError in test_answering.py" in page.text or "ValueError in answering.py" in page.text
    assert "a prompt" not in caplog.text


def test_htmx_is_told_above_the_page_which_stays(client):
    sent = {"hx-request": "true", "hx-target": "section#notes", "hx-source": "form#note"}
    told = client.post("/trial/invalid", data=TYPED, headers=sent)
    assert told.status_code == 422
    assert (told.headers["hx-retarget"], told.headers["hx-reswap"]) == ("#notices", "innerHTML")
    assert told.text.lstrip().startswith("<section")
    assert "<html" not in told.text


def test_programs_get_a_problem_document(client):
    told = client.get("/nowhere.json")
    assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")
    assert told.json() == told.json() | {"status": 404, "detail": "There is no such page.", "where": "/nowhere"}


def test_names_in_the_path_are_taken_as_they_are(client):
    for name in ("c-1", "ü", "%2e%2e", "a b"):
        assert client.get(f"/trial/{name}.json").json() == {"name": name.replace("%2e", ".")}


def test_every_response_says_what_the_browser_may_do(client):
    for path in ("/me", "/me.json", "/nowhere", "/sign-in", "/static/0/style.css", "/static/0/absent", "/"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


def test_a_form_that_is_none_or_too_much_is_told(client):
    assert client.post("/trial/x", content=b"{}", headers={"content-type": "application/json"}).status_code == 422
    assert client.post("/trial/x", data={"text": "x" * MOST}).status_code == 413
    assert client.post("/trial/x", data={"text": "x" * (MOST - 100)}).status_code == 303
    assert client.put("/trial/x").status_code == 405


def test_a_database_that_is_gone_is_told_and_what_was_typed_is_kept(running, client):
    file, away = running.console.store.database.file, running.console.store.database.file.with_name("away")
    running.console.store.close()
    file.rename(away)
    file.mkdir()  # so that nothing makes a new one there
    page = client.post("/trial/done", data=TYPED)
    assert page.status_code == 503
    assert "The database failed" in page.text
    assert "they wrote to us" in page.text
    file.rmdir()
    running.console.store.close()
    away.rename(file)
    assert client.post("/trial/done", data=TYPED).status_code == 303


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_while_somebody_else_writes_pages_are_read_and_writing_says_that_it_must_wait(serve):
    with serve({}) as running, running.signed_in("viewer") as client:
        other = sqlite3.connect(running.console.store.database.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert client.get("/me").status_code == 200
        held = client.post("/sign-out", data={"note": "kept"})
        assert held.status_code == 503
        assert "database is locked" in held.text
        assert "kept" in held.text
        other.execute("ROLLBACK")
        other.close()
        assert client.post("/sign-out").status_code == 303
