import pytest

from stillwatch.config import GatewayConfig
from stillwatch.gateway.checks import Checks
from stillwatch.gateway.guarding import Guarding
from stillwatch.gateway.server import Call

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'


@pytest.fixture(scope="module")
def checks():
    return Checks(Guarding(GatewayConfig(account="header:x-account-id", organization="header:x-org")))


def call(**more):
    fields = {"method": "POST", "path": "/v1/chat/completions", "headers": {"x-account-id": "a-1"}, "body": BODY}
    return Call(**fields | {"client": "192.0.2.7"} | more)


def test_who_asks_and_what(checks):
    heard = checks.hear(call(headers={"x-account-id": "a-1", "x-org": "o-1", "authorization": "Bearer k"}))
    assert (heard.account, heard.organization, heard.address) == ("a-1", "o-1", "192.0.2.7")
    assert len(heard.api_key) == 64
    assert heard.prompt.model == "m"


@pytest.mark.parametrize("more", [{"method": "GET"}, {"path": "/v1/models"}, {"path": ""}])
def test_what_is_no_prompt_is_not_guarded(checks, more):
    assert checks.hear(call(**more)) is None
    assert checks.check(call(**more)) is None


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"body": None}, "too_large"),
        ({"body": b"\xff"}, "unreadable"),
        ({"body": b""}, "unreadable"),
        ({"headers": {"x-account-id": "a", "content-encoding": "br"}}, "encoded"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_fault_and_passes(checks, more, fault):
    before = checks.guarding.counts.get(f"fault.{fault}", 0)
    checked = checks.check(call(**more))
    assert (checked.heard.fault, checked.verdict.status) == (fault, 0)
    assert checks.guarding.counts[f"fault.{fault}"] == before + 1


def test_a_proxy_that_shows_no_body_makes_no_fault(checks):
    heard = checks.hear(call(body=b""), shown=False)
    assert (heard.fault, heard.account) == ("", "a-1")


def test_a_missing_account_is_counted(checks):
    checks.check(call(headers={}))
    assert checks.guarding.counts["fault.no_account"] == 1


def test_where_the_settings_say_so_what_cannot_be_judged_is_answered_503():
    closed = Checks(Guarding(GatewayConfig(fail="closed")))
    assert closed.check(call(headers={})).verdict.status == 503
