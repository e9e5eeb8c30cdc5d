"""Signing in at an OpenID provider, which keeps to the rules, and which does not."""

import time

import pytest

from stillwatch.config import load
from stillwatch.errors import ConfigError
from stillwatch.web.access import oidc
from stillwatch.web.access.door import Door
from stillwatch.web.access.people import People
from stillwatch.web.console import Console
from stillwatch.web.model import Role


@pytest.fixture
def console_at(provider, providers, serve, tmp_path):
    """Serves a console that trusts the provider; `back` is where the provider sends people."""
    secret = tmp_path / "oidc.secret"
    secret.write_text(providers.SECRET + "\n")

    def start(**more):
        flags = {
            "console.public_url": "http://console.example",
            "console.oidc_issuer": provider.issuer,
            "console.oidc_client": providers.CLIENT,
            "console.oidc_secret_file": secret,
            **{f"console.{name}": value for name, value in more.items()},
        }
        return serve(flags)

    return start


def way(client, then="/me"):
    """To the provider and back: the console's answer to who comes back."""
    to = client.get(f"/sign-in/oidc?then={then}")
    assert to.status_code == 303
    back = client.get(to.headers["location"]).headers["location"]
    assert back.startswith("http://console.example/sign-in/oidc/back?")
    return client.get(back.removeprefix("http://console.example"))


def test_whoever_the_provider_names_is_signed_in_and_led_back(console_at):
    with console_at() as running, running.client() as client:
        People(running.console.store.database).add("ana@example.com", Role.APPROVER)
        assert "/sign-in/oidc?then=%2Fcases" in client.get("/sign-in?then=/cases").text
        back = way(client, "/me?x=1")
        assert (back.status_code, back.headers["location"]) == (303, "/me?x=1")
        assert "stillwatch-way" not in client.cookies
        me = client.get("/me.json").json()
        assert me == me | {"name": "ana@example.com", "role": "approver", "source": "oidc"}


def test_a_newcomer_is_refused_or_a_viewer(console_at):
    with console_at() as running, running.client() as client:
        assert way(client).status_code == 403
        assert client.get("/me.json").status_code == 401
    with console_at(newcomers="viewer") as running, running.client() as client:
        assert way(client).status_code == 303
        assert client.get("/me.json").json()["role"] == "viewer"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "somebody else"},
        {"aud": ["console", "other"], "azp": "other"},
        {"nonce": "of another time"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"sub": None},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(console_at, provider, claims):
    provider.claims = claims
    with console_at(newcomers="viewer") as running, running.client() as client:
        assert way(client).status_code == 500
        assert client.get("/me.json").status_code == 401


def test_a_token_of_another_key_lets_nobody_in_and_a_new_key_of_the_provider_does(console_at, provider, monkeypatch):
    monkeypatch.setattr(oidc, "_KEYS_SECONDS", 0.0)
    with console_at(newcomers="viewer") as running, running.client() as client:
        assert way(client).status_code == 303
        provider.signing = type(provider.key).generate_key(2048, {"kid": "one"})
        assert way(client).status_code == 500
        provider.key = provider.signing
        assert way(client).status_code == 303


@pytest.mark.parametrize("answer", [{"state": "another"}, {"state": ""}, {"error": "access_denied"}])
def test_who_did_not_begin_here_is_not_let_in(console_at, provider, answer):
    provider.answer = answer
    with console_at(newcomers="viewer") as running, running.client() as client:
        assert way(client).status_code == 422
        assert "stillwatch-session" not in client.cookies


def test_the_answer_of_one_browser_is_worth_nothing_in_another(console_at):
    with console_at(newcomers="viewer") as running, running.client() as ana, running.client() as eve:
        to = eve.get("/sign-in/oidc").headers["location"]
        back = eve.get(to).headers["location"].removeprefix("http://console.example")
        assert ana.get(back).status_code == 422
        ana.get("/sign-in/oidc")
        assert ana.get(back).status_code == 422


def test_another_provider_that_answers_is_noticed(console_at, provider):
    provider.answer = {"iss": "https://other.example"}
    with console_at(newcomers="viewer") as running, running.client() as client:
        assert way(client).status_code == 500


@pytest.mark.parametrize("metadata", [{"issuer": "https://other.example"}, {"authorization_endpoint": None}])
def test_a_provider_that_says_something_else_of_itself_is_not_trusted(console_at, provider, metadata):
    provider.metadata = metadata
    with console_at() as running, running.client() as client:
        assert client.get("/sign-in/oidc").status_code == 500


def test_a_provider_that_cannot_be_reached_is_told(serve):
    flags = {
        "console.public_url": "http://console.example",
        "console.oidc_issuer": "http://127.0.0.1:9",
        "console.oidc_client": "console",
    }
    with serve(flags) as running, running.client() as client:
        page = client.get("/sign-in/oidc")
        assert page.status_code == 503
        assert "cannot be reached" in page.text


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"oidc_issuer": "https://login.example"}, "needs our client id"),
        ({"oidc_issuer": "http://login.example", "oidc_client": "x", "public_url": "https://c.example"}, "https URL"),
        (
            {
                "oidc_issuer": "https://login.example",
                "oidc_client": "x",
                "public_url": "https://c.example",
                "oidc_secret_file": "absent",
            },
            "cannot be read",
        ),
    ],
)
def test_settings_that_do_not_fit_are_told_at_the_start(empty, flags, says):
    settings = load(None, {}, {f"console.{name}": value for name, value in flags.items()})
    with pytest.raises(ConfigError, match=says):
        Door.of(Console(settings, empty.store))


def test_without_a_provider_there_is_no_way_to_one(serve):
    with serve({}) as running, running.client() as client:
        assert client.get("/sign-in/oidc").status_code == 404
        assert client.get("/sign-in/oidc/back").status_code == 404
        assert "/sign-in/oidc" not in client.get("/sign-in").text
