import json

import pytest

from stillwatch.gateway.answers import answer, headers, style_of
from stillwatch.response.decide import PASS, Verdict
from stillwatch.response.model import Limits, Rung
from stillwatch.response.snapshot import Gate

NOW = 1_800_000_000.0
GATE = Gate(
    appeal_url="https://p.example/appeal/",
    terms_url="https://p.example/terms",
    verify_url="https://p.example/verify",
    notices={"hold": "On hold until {until}. Appeal: {appeal_url}", "warn": "See {terms_url}\n\nplease: {nothing}"},
)


def verdict(action, status, **more):
    given = {"decision": "d-1", "reason": "coordinated_extraction", "until": NOW + 1000, "retry_after": 1000}
    return Verdict(action, status, **(given | more))


def test_openai():
    status, given, body = answer(verdict(Rung.VERIFY, 403), "openai", GATE, NOW)
    assert (status, given["retry-after"], given["stillwatch-decision"]) == (403, "1000", "d-1")
    assert json.loads(body) == {
        "error": {
            "message": "Please verify who you are, to go on using this account.", "type": "permission_error",
            "param": None, "code": "verification_required", "reason": "coordinated_extraction", "decision": "d-1",
            "until": "2027-01-15T08:16:40+00:00", "appeal_url": "https://p.example/appeal/d-1",
            "verify_url": "https://p.example/verify",
        }
    }  # fmt: skip


def test_anthropic():
    status, _, body = answer(verdict(Rung.HOLD, 403), "anthropic", GATE, NOW)
    told = json.loads(body)
    assert (status, told["type"], told["error"]["type"]) == (403, "error", "permission_error")
    assert told["error"]["message"] == (
        "On hold until 15 January 2027, 08:16 UTC. Appeal: https://p.example/appeal/d-1"
    )
    assert told["error"]["details"]["error_code"] == "account_on_hold"


def test_a_budget_is_429_with_rate_limit_headers():
    status, given, body = answer(
        verdict(Rung.BUDGET, 429, limits=Limits(requests_per_hour=60), retry_after=600), "openai", GATE, NOW
    )
    assert (status, given["retry-after"]) == (429, "600")
    assert given["ratelimit-policy"] == '"hourly";q=60;w=3600'
    assert given["ratelimit"].startswith('"hourly";r=0;t=')
    assert json.loads(body)["error"]["type"] == "rate_limit_error"


def test_a_warning_goes_along_with_the_models_answer_on_one_line():
    given = headers(verdict(Rung.WARN, 0), GATE, NOW)
    assert given["stillwatch-notice"] == "See https://p.example/terms please: {nothing}"
    assert given["link"] == '<https://p.example/terms>; rel="terms-of-service"'


def test_nothing_is_said_of_simulated_measures_and_of_none():
    assert headers(PASS, GATE, NOW) == {}
    assert headers(verdict(Rung.HOLD, 0, simulated=True), GATE, NOW) == {}


@pytest.mark.parametrize("style", ["openai", "anthropic"])
def test_what_could_not_be_judged_is_503_and_accuses_nobody(style):
    status, given, body = answer(Verdict(status=503, fault="unreadable"), style, GATE, NOW)
    assert (status, given["retry-after"]) == (503, "1")
    assert b"unreadable" not in body
    assert b"decision" not in body


def test_who_reads_which_form():
    assert style_of("/v1/messages") == "anthropic"
    assert style_of("/v1/messages/") == "anthropic"
    assert style_of("/v1/chat/completions") == "openai"
