"""Figures over all members, as they are asked for over the network."""

import pytest

from stillwatch.exchange.statistics.ledger import Answer, Ledger
from stillwatch.exchange.statistics.report import DOCUMENT

PATH = "/alliance/ext/statistics/"
TOLD = Answer(topic="indicators", period="2026-01", epsilon=0.5, within=96, cells={"stix": "10-99", "cadence": None})


def known(forum, *answers):
    forum.exchange.store.put_document("alliance", DOCUMENT, Ledger(answers=answers).model_dump(mode="json"))


def test_what_was_told_and_what_is_left(forum):
    assert forum.get(PATH).json() == {"reports": [], "budget": 4.0, "left": {}}
    known(forum, TOLD)
    assert forum.get(PATH).json() == {
        "reports": [TOLD.model_dump(mode="json")],
        "budget": 4.0,
        "left": {"2026Q1": 3.5},
    }


def test_a_report_is_the_one_that_was_made(forum):
    known(forum, TOLD)
    answer = forum.get(f"{PATH}?topic=indicators&period=2026-01", "reader")
    assert answer.json() == TOLD.model_dump(mode="json")
    assert answer.headers["content-type"] == "application/taxii+json;version=2.1"


def test_too_few_members_are_not_told_of(forum):
    answer = forum.get(f"{PATH}?topic=campaigns&period=2026-01")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "privacy")


@pytest.mark.parametrize(
    "query",
    [
        "topic=indicators",
        "period=2026-01",
        "topic=prices&period=2026-01",
        "topic=indicators&period=January",
        "topic=indicators&period=2026-13",
        "topic=indicators&period=9999-01",
        "topic=indicators&period=2190-01",
        "topic=indicators&period=%00",
    ],
)
def test_what_is_no_question_is_a_400(forum, query):
    answer = forum.get(f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["http_status"]) == (400, "400")


def test_outsiders_are_told_nothing(forum):
    assert forum.get(PATH, "outsider").status_code == 404
    assert forum.get(PATH, None).status_code == 401
