"""Strain over HTTP: the load of the newest scan, and the cases that put most of it."""

import pytest

from stillwatch.reports.document import Hour
from stillwatch.reports.impact.load import load_of
from stillwatch.web.store import intake
from stillwatch.web.store.events import Reviewed


@pytest.fixture
def counted(console, document):
    """The sample's findings, with everybody's load by hour."""
    hours = sorted({each.time for campaign in document.campaigns for each in campaign.timeline})
    whole = {"with_status": 5000, "throttled": 150, "with_duration": 5000, "busy_seconds": 20_000.0}
    traffic = tuple(Hour(time=time, requests=5000, **whole) for time in hours)
    made = document.model_copy(update={"traffic": traffic})
    intake.take(console.store, made.model_copy(update={"generator": "a later scan"}), console.clock())
    return made


def test_without_findings_it_says_how_to_get_some(serve, signed_in):
    with serve({}) as running:
        answer = signed_in(running, "viewer").get("/strain")
    assert answer.status_code == 200
    assert "No findings were taken in yet" in answer.text


def test_the_load_is_that_of_the_reports(running, signed_in, counted):
    vera, load = signed_in(running, "viewer"), load_of(counted)
    told = vera.get("/strain.json").json()
    assert told["scan"]["load"]["campaigns_requests"] == load.campaigns_requests
    assert told["scan"]["load"]["busiest"]["campaigns"] == load.busiest.campaigns
    page = vera.get("/strain").text
    assert told["scan"]["load"]["throttling"]["campaigns"] == load.throttling.campaigns > 0
    for words in ("requests in the busiest hour", "under way at once", "status 429", "<figure", "The figures"):
        assert words in page
    assert "Throttled requests of others" in page
    assert "which shows no cause" in page
    assert "What cannot be told" in page, "the share of tokens"
    heading, *rows = vera.get("/strain.csv").text.splitlines()
    assert heading.startswith("time,everybody,campaigns,everybody_with_status")
    assert len(rows) == len(counted.traffic)


def test_what_these_findings_do_not_tell_is_said(running, signed_in):
    page = signed_in(running, "viewer").get("/strain").text
    assert "The busiest hour cannot be told" in page
    assert "Throttled requests of others" not in page
    assert "<figure" not in page


def test_cases_with_most_requests_without_those_that_were_rejected(running, signed_in, document):
    vera = signed_in(running, "viewer")
    heaviest = vera.get("/strain.json").json()["heaviest"]
    expected = sorted(document.campaigns, key=lambda each: -each.requests)
    assert [each["requests"] for each in heaviest] == [each.requests for each in expected if not each.dismissed]
    first, console = heaviest[0]["id"], running.console
    verdict = Reviewed("rejected", "a class", heaviest[0]["campaign_id"])
    console.store.record(first, verdict, who="ana", now=console.clock())
    assert [each["id"] for each in vera.get("/strain.json").json()["heaviest"]] == [each["id"] for each in heaviest[1:]]
