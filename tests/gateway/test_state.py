import pytest

from stillwatch.gateway import state as states
from stillwatch.gateway.state import MEMORY_SECONDS, State, Turns, fingerprint
from stillwatch.response.model import Limits, Rung, Spent
from stillwatch.response.snapshot import Measure, Snapshot

LONG = "Explain why the treaty of 1982 leaves the question of inspection to the port state. "


def test_short_texts_have_no_fingerprint():
    assert fingerprint("go on") == 0
    assert fingerprint(None) == 0
    assert fingerprint(LONG) == fingerprint("".join(LONG)) != 0


def test_a_fingerprint_looks_at_both_ends_and_the_length_of_what_is_long():
    text = LONG * 500
    assert fingerprint(text) == fingerprint(text + "")
    assert len({fingerprint(text), fingerprint(text + "x"), fingerprint("x" + text), fingerprint(text[1:])}) == 4


def test_what_was_denied_to_one_and_comes_from_another_is_failover():
    turns = Turns()
    turns.deny("a", "c", (7, 0), 100.0)
    assert turns.recognise("a", 7, 0, 101.0) == ("", None)
    assert turns.recognise("b", 8, 0, 101.0) == ("", None)
    assert turns.recognise("b", 7, 0, 101.0) == ("c", "failover")


def test_who_goes_on_where_another_was_denied_carries_on_the_conversation():
    turns = Turns()
    turns.deny("a", "c", (7, 6), 100.0)
    assert turns.recognise("b", 9, 6, 101.0) == ("c", "conversation")


def test_only_the_first_to_come_with_it_is_told():
    turns = Turns()
    turns.deny("a", "c", (7, 0), 100.0)
    assert turns.recognise("b", 7, 0, 101.0)[0] == "c"
    assert turns.recognise("d", 7, 0, 101.0)[0] == ""
    assert turns.recognise("b", 7, 0, 102.0)[0] == "c"


def test_what_others_asked_before_is_everybodys():
    turns = Turns()
    turns.recognise("innocent", 7, 0, 99.0)
    turns.deny("a", "c", (7, 0), 100.0)
    assert turns.recognise("b", 7, 0, 101.0)[0] == ""


def test_it_is_forgotten_after_an_hour():
    turns = Turns()
    turns.deny("a", "c", (7, 0), 100.0)
    assert turns.recognise("b", 7, 0, 100.0 + MEMORY_SECONDS + 1)[0] == ""


def test_a_prompt_that_is_denied_again_is_remembered_again():
    turns = Turns()
    turns.deny("a", "c", (7, 0), 100.0)
    turns.deny("a", "c", (7, 0), 100.0 + MEMORY_SECONDS)
    assert turns.recognise("b", 7, 0, 200.0 + MEMORY_SECONDS)[0] == "c"


def test_a_chain_of_accounts_is_followed():
    turns = Turns()
    turns.deny("a", "c", (7, 0), 100.0)
    assert turns.recognise("b", 7, 0, 101.0)[0] == "c"
    turns.deny("b", "c", (7, 0), 101.0)
    assert turns.recognise("d", 7, 0, 102.0)[0] == "c"


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(states, "DENIED", 10)
    monkeypatch.setattr(states, "RECEIVED", 10)
    turns, state = Turns(), State()
    for n in range(1, 101):
        turns.deny("a", "c", (n, 0), 100.0)
        state.receive("a", [f"block-{n}"])
    assert [turns.recognise("b", n, 0, 101.0)[0] for n in (90, 91, 100)] == ["", "c", "c"]
    assert (state.receiver("b", ["block-90"]), state.receiver("b", ["block-91"])) == ("", "a")


def budgeted():
    measure = Measure("d-1", Rung.BUDGET, 0, 1e10, "unspecified", "c", limits=Limits(requests_per_hour=10))
    state = State(Snapshot(campaigns={"c": measure, "w": Measure("d-2", Rung.WARN, 0, 1e10, "unspecified", "w")}))
    state.at(3600.0 * 5)
    return state


def test_what_was_charged_is_told_and_comes_back_with_what_others_spent():
    state = budgeted()
    state.charge("c", 2, 50)
    assert state.owed() == (5, {"c": Spent(2, 50)})
    state.charge("c", 1, 0)
    state.settle(5, {"c": Spent(7, 150)})
    assert state.spent == {"c": Spent(8, 150)}
    assert state.owed() == (5, {"c": Spent(1, 0)})


def test_of_campaigns_with_a_budget_the_total_is_asked():
    assert budgeted().owed() == (5, {"c": Spent()})


def test_what_could_not_be_told_is_told_later():
    state = budgeted()
    state.charge("c", 2, 50)
    state.owe(*state.owed())
    state.charge("c", 1, 1)
    assert state.owed()[1] == {"c": Spent(3, 51)}


@pytest.mark.parametrize("then", [3600.0 * 6, 3600.0 * 4, 0.0])
def test_another_hour_forgets_and_old_answers_are_not_taken(then):
    state = budgeted()
    state.charge("c", 2, 50)
    hour, own = state.owed()
    state.at(then)
    assert state.spent == {}
    state.settle(hour, {"c": Spent(7, 150)})
    state.owe(hour, own)
    assert state.spent == {}
    assert state.owed()[1] == {"c": Spent()}
