"""What a ledger says was done about campaigns, from a real ledger."""

from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.reports.measures import Step, taken
from stillwatch.response.appeals import answer, open_appeal, reverse
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def decision(number, account, action=Rung.WARN, campaign="c-1", days=7, **changes):
    given = {
        "scope": "account",
        "reason": "coordinated_extraction",
        "evidence": (f"{campaign}:text:shared_text",),
        "origin": "own",
        "simulated": False,
        "until": NOW + timedelta(days=days),
        "since": NOW,
    }
    return Decision(id=f"d-{number:012x}", value=account, action=action, campaign=campaign, **(given | changes))


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(str(tmp_path / "ledger.sqlite")) as book:
        yield book


CAMPAIGNS = {"c-new": ["a", "b", "c"], "c-other": ["z"]}


def read(ledger, now=LATER):
    return taken(ledger.entries(), CAMPAIGNS, now)


def test_a_campaign_is_known_by_its_accounts_whatever_it_was_called(ledger):
    ledger.decide([decision(1, "a"), decision(2, "b", Rung.BUDGET), decision(3, "nobody")], by="policy", now=NOW)
    together, each = read(ledger)
    assert together.steps == each["c-new"].steps == (Step(Rung.WARN, 1, 1), Step(Rung.BUDGET, 1, 1))
    assert each["c-other"].steps == ()
    assert not each["c-other"].touched
    assert together.first == NOW


def test_a_decision_about_a_whole_campaign_is_known_by_its_id(ledger):
    ledger.decide([decision(1, "c-new", campaign="c-new", scope="campaign")], by="policy", now=NOW)
    assert read(ledger)[1]["c-new"].steps == (Step(Rung.WARN, 1, 1),)


def test_what_was_simulated_observed_or_waits_did_nothing(ledger):
    made = [decision(1, "a", simulated=True), decision(2, "b", Rung.OBSERVE)]
    ledger.decide(made, by="policy", now=NOW)
    ledger.propose([decision(3, "c", Rung.HOLD)], NOW)
    together, _ = read(ledger)
    assert (together.steps, together.simulated, together.waiting, together.signed) == ((), 1, 1, 0)
    assert together.first is None


def test_what_a_person_signed_stands_and_is_counted_as_signed(ledger):
    ledger.propose([decision(3, "c", Rung.HOLD)], NOW)
    ledger.sign(["d-000000000003"], "alice", NOW)
    together, _ = read(ledger)
    assert (together.steps, together.waiting, together.signed) == ((Step(Rung.HOLD, 1, 1),), 0, 1)


def test_a_measure_that_ended_or_was_lifted_stands_no_more(ledger):
    ledger.decide([decision(1, "a"), decision(2, "b", days=30)], by="policy", now=NOW)
    ledger.lift(["d-000000000001"], "alice", "a mistake", NOW)
    together, _ = read(ledger)
    assert (together.steps, together.lifted) == ((Step(Rung.WARN, 2, 1),), 1)
    assert read(ledger, NOW + timedelta(days=40))[0].steps == (Step(Rung.WARN, 2, 0),)


def test_appeals_are_counted_by_what_became_of_them(ledger):
    ledger.decide([decision(n, account) for n, account in enumerate("abcz", 1)], by="policy", now=NOW)
    opened = [open_appeal(ledger, f"d-{n:012x}", "Why?", "me@example.com", NOW) for n in (1, 2, 3, 4)]
    answer(ledger, opened[0].id, "Because.", "bob", LATER)
    reverse(ledger, opened[1].id, "You are right.", "bob", LATER)
    together, each = read(ledger)
    assert together.appeals == {"open": 2, "upheld": 1, "reversed": 1}
    assert each["c-other"].appeals == {"open": 1}
    assert read(ledger, NOW + timedelta(days=20))[0].appeals == {"overdue": 2, "upheld": 1, "reversed": 1}


def test_the_switch_is_told(ledger):
    ledger.switch(False, "carol", "errors", NOW)
    assert not read(ledger)[0].enabled
    ledger.switch(True, "carol", "fixed", NOW)
    assert read(ledger)[0].enabled
