"""A quarter's budget is spent once, and no answer twice."""

import pytest

from stillwatch.errors import PrivacyError
from stillwatch.exchange.statistics.ledger import BUDGET, EPSILON, Answer, Ledger
from stillwatch.exchange.statistics.periods import Month


def said(topic, period):
    return Answer(topic=topic, period=period, epsilon=EPSILON, within=3, cells={"a": "10-99", "b": None})


def full():
    ledger = Ledger()
    for number in range(int(BUDGET / EPSILON)):
        ledger = ledger.spend(said(f"topic-{number}", "2026-10"))
    return ledger


def test_a_quarter_has_room_for_eight_reports_and_refuses_the_ninth():
    ledger = full()
    assert ledger.left("2026Q4") == 0
    with pytest.raises(PrivacyError, match="2026Q4"):
        ledger.spend(said("one-more", "2026-12"))


def test_the_next_quarter_has_its_own():
    assert full().spend(said("campaigns", "2027-01")).left("2027Q1") == BUDGET - EPSILON


def test_an_answer_is_found_again_and_another_is_not():
    ledger = full()
    assert ledger.found("topic-3", Month(2026, 10)) == said("topic-3", "2026-10")
    assert ledger.found("topic-3", Month(2026, 11)) is None
    assert ledger.found("topic-9", Month(2026, 10)) is None


def test_it_comes_back_from_json_as_it_was():
    assert Ledger.model_validate_json(full().model_dump_json()) == full()
