"""Who comes in: signed in or not, with which role, from which page, for how long."""

from datetime import timedelta

import pytest

from stillwatch.web import pages
from stillwatch.web.access.people import People
from stillwatch.web.asking import Page, Redirect
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages

WORDS = "correct horse battery"


@pytest.fixture(autouse=True)
def noting(monkeypatch):
    """Two pages that need something."""
    trial = Pages("Trial", "/trial")

    @trial.get("/trial")
    def read(asked):
        return Page("me.html", "Trial", asked.places, rows=())

    @trial.post("/trial", needs=Role.APPROVER)
    def write(asked):
        return Redirect(f"/trial?{asked.form.needed('text')}")

    monkeypatch.setattr(pages, "ALL", (trial,))


@pytest.fixture
def running(serve):
    with serve({}) as started:
        People(started.console.store.database).add("ana", Role.APPROVER, password=WORDS)
        yield started


def sign_in(client, name="ana", said=WORDS, then="/me", **options):
    return client.post("/sign-in", data={"name": name, "password": said, "then": then}, **options)


def test_without_a_session_a_page_leads_to_the_sign_in_page_and_back(running):
    with running.client() as client:
        asked = client.get("/trial?q=severity%3Ahigh")
        assert asked.status_code == 303
        assert asked.headers["location"] == "/sign-in?then=%2Ftrial%3Fq%3Dseverity%253Ahigh"
        page = client.get(asked.headers["location"])
        assert 'name="then" value="/trial?q=severity%3Ahigh"' in page.text
        done = sign_in(client, then="/trial?q=severity%3Ahigh")
        assert (done.status_code, done.headers["location"]) == (303, "/trial?q=severity%3Ahigh")
        assert client.get("/trial.json").status_code == 200


def test_programs_are_told_and_not_led_anywhere(running):
    with running.client() as client:
        told = client.get("/trial.json")
        assert (told.status_code, told.headers["content-type"]) == (401, "application/problem+json")
        assert told.json()["detail"] == "Nobody is signed in, or the session has ended."


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil.example", "/%5cevil.example", "x"]
)
def test_nobody_is_led_out_of_the_console(running, then):
    with running.client() as client:
        assert sign_in(client, then=then).headers["location"] == "/"


@pytest.mark.parametrize(("name", "said"), [("ana", "incorrect"), ("nobody", WORDS), ("", ""), ("ana", "")])
def test_a_wrong_name_and_a_wrong_password_read_the_same(running, name, said):
    with running.client() as client:
        page = sign_in(client, name, said)
        assert page.status_code == 422
        assert "The name or the password is wrong." in page.text
        assert "set-cookie" not in page.headers
        assert not said or said not in page.text


def test_signing_in_gives_a_new_cookie_and_ends_the_session_before(running):
    with running.client() as client:
        client.cookies.set("stillwatch-session", "chosen by somebody else")
        first = sign_in(client).cookies["stillwatch-session"]
        second = sign_in(client).cookies["stillwatch-session"]
        assert len({first, second, "chosen by somebody else"}) == 3
        for old in (first, "chosen by somebody else"):
            with running.client(cookies={"stillwatch-session": old}) as other:
                assert other.get("/me.json").status_code == 401


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(running):
    with running.client() as client:
        assert sign_in(client).headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Lax")


def test_behind_tls_the_cookie_is_bound_to_it(serve):
    with serve({"console.public_url": "https://console.example"}, secure=True) as running:
        People(running.console.store.database).add("bob", Role.VIEWER, password=WORDS)
        with running.client() as client:
            done = sign_in(client, "bob", headers={"origin": "https://console.example"})
            cookie = done.headers["set-cookie"]
            assert cookie.startswith("__Host-stillwatch-session=")
            assert "; Secure" in cookie
            assert "max-age" in done.headers["strict-transport-security"]


def test_signing_out_ends_the_session(running):
    with running.signed_in("viewer") as client:
        assert client.get("/me").status_code == 200
        assert client.post("/sign-out").headers["location"] == "/sign-in"
        assert client.get("/me.json").status_code == 401


def test_a_session_ends_when_idle_and_at_its_last_moment(running):
    sessions, now = running.sessions, running.console.clock()
    person = People(running.console.store.database).named("ana")
    token = sessions.begun(person, "password", now)
    for minutes in range(0, 12 * 60, 50):
        assert sessions.found(token, now + timedelta(minutes=minutes)) is not None
    assert sessions.found(token, now + timedelta(hours=12)) is None
    token = sessions.begun(person, "password", now)
    assert sessions.found(token, now + timedelta(minutes=61)) is None


def test_another_role_counts_at_once_and_a_removed_person_is_out(running):
    people = People(running.console.store.database)
    with running.signed_in("viewer", "carl") as client:
        assert client.post("/trial", data={"text": "x"}).status_code == 403
        people.set_role("carl", Role.OPERATOR)
        assert client.post("/trial", data={"text": "x"}).status_code == 303
        people.remove("carl")
        assert client.get("/me.json").status_code == 401


def test_a_new_password_signs_out(running):
    people = People(running.console.store.database)
    with running.client() as client:
        sign_in(client)
        people.set_password("ana", "another long password")
        assert client.get("/me.json").status_code == 401
        assert sign_in(client).status_code == 422
        assert sign_in(client, said="another long password").status_code == 303


def test_a_role_that_is_less_is_told_which_is_needed(running):
    with running.signed_in("analyst") as client:
        page = client.post("/trial", data={"text": "x"})
        assert page.status_code == 403
        assert "This needs the role approver." in page.text


def test_a_form_without_its_secret_is_shown_again_with_what_was_typed(running):
    with running.signed_in("approver") as client:
        secret = client.headers.pop("x-csrf-token")
        page = client.post("/trial", data={"text": "<b>a long note</b>", "csrf": "old"})
        assert page.status_code == 409
        assert "&lt;b&gt;a long note&lt;/b&gt;" in page.text
        assert f'name="csrf" value="{secret}"' in page.text
        assert client.post("/trial", data={"text": "x", "csrf": secret}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused_and_nothing_of_it_kept(running, headers):
    with running.signed_in("approver") as client:
        page = client.post("/trial", data={"text": "from elsewhere"}, headers=headers)
        assert page.status_code == 403
        assert 'action="/trial"' not in page.text
    with running.client() as client:
        assert sign_in(client, headers=headers).status_code == 403


def test_a_lost_session_keeps_what_was_typed(running):
    with running.client() as client:
        page = client.post("/trial", data={"text": "an hour of work", "password": "never shown"})
        assert page.status_code == 401
        assert "an hour of work" in page.text
        assert "never shown" not in page.text
        assert 'href="/sign-in"' in page.text


def test_many_wrong_passwords_are_slowed_down_and_the_person_can_still_come_in_elsewhere(running):
    with running.client() as client:
        for _ in range(5):
            assert sign_in(client, said="incorrect").status_code == 422
        held = sign_in(client)
        assert held.status_code == 429
        assert "Try again in" in held.text
        assert sign_in(client, name="somebody else", said="incorrect").status_code == 422
