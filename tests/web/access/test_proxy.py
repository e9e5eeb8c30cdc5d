"""Somebody who is signed in at a proxy in front."""

import pytest

from stillwatch.config import load
from stillwatch.errors import ConfigError
from stillwatch.web.access.people import People
from stillwatch.web.access.proxy import Proxy
from stillwatch.web.model import Role

HEADER = {"console.proxy_header": "X-Forwarded-User"}
TRUSTED = HEADER | {"console.proxy_addresses": ["127.0.0.1", "10.0.0.0/8"]}


def proxy(flags):
    return Proxy.of(load(None, {}, flags).config.console)


def test_whoever_the_proxy_names_is_in_and_stays_who_he_is(serve):
    with serve(TRUSTED) as running:
        People(running.console.store.database).add("ana", Role.ANALYST)
        with running.client(headers={"x-forwarded-user": "Ana"}) as client:
            me = client.get("/me.json")
            assert me.json() == me.json() | {"name": "ana", "role": "analyst", "source": "proxy"}
            assert "stillwatch-session" in client.cookies
            assert "set-cookie" not in client.get("/me.json").headers
            del client.headers["x-forwarded-user"]
            assert client.get("/me.json").status_code == 401


def test_the_proxy_can_name_another_person_in_the_same_browser(serve):
    with serve(TRUSTED | {"console.newcomers": "viewer"}) as running, running.client() as client:
        for name in ("ana", "bob", "bob"):
            assert client.get("/me.json", headers={"x-forwarded-user": name}).json()["name"] == name


def test_somebody_unknown_is_refused_or_a_viewer(serve):
    named = {"x-forwarded-user": "carl"}
    with serve(TRUSTED) as running, running.client(headers=named) as client:
        assert client.get("/me.json").status_code == 403
        assert "does not know this person" in client.get("/me").text
    with serve(TRUSTED | {"console.newcomers": "viewer"}) as running, running.client(headers=named) as client:
        assert client.get("/me.json").json()["role"] == "viewer"


def test_anybody_else_who_sends_the_header_is_nobody(serve):
    with (
        serve(HEADER | {"console.proxy_addresses": ["10.0.0.0/8"]}) as running,
        running.client(headers={"x-forwarded-user": "ana"}) as client,
    ):
        People(running.console.store.database).add("ana", Role.OPERATOR)
        assert client.get("/me.json").status_code == 401


def test_a_header_that_anybody_could_send_is_no_setting():
    with pytest.raises(ConfigError, match="Anybody could send this header"):
        proxy(HEADER)
    with pytest.raises(ConfigError, match=r"console\.proxy_addresses"):
        proxy(HEADER | {"console.proxy_addresses": ["proxy.example"]})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        ("", "1.1.1.1", ""),
    ],
)
def test_the_clients_address_is_the_last_that_no_proxy_of_ours_has(peer, forwarded, client):
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert proxy(TRUSTED).address(headers, peer) == client
