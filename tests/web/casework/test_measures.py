import pytest

from stillwatch.errors import ConfigError
from stillwatch.response.model import Rung
from stillwatch.response.relay.places import open_relay
from stillwatch.web.asking import NotAllowed, NotThere, Stale
from stillwatch.web.casework import measures
from stillwatch.web.model import Person, Role
from stillwatch.web.store import cases

CASE = "c-3f9a1b72"
ANA, BEN = Person("ana", Role.APPROVER), Person("ben", Role.OPERATOR)


def said(console):
    """What the case's history says."""
    return [each.says for each in cases.case(console.store, CASE).events]


@pytest.fixture
def waiting(console, ledger, decision):
    """Two proposals of which nothing acts yet."""
    made = [decision(f"acct-{n}", action=Rung.HOLD) for n in range(2)]
    ledger.propose(made, console.clock())
    return made


def test_who_signs_answers_for_it(console, ledger, waiting):
    now = console.clock()
    assert measures.sign(console, [waiting[0].id], ANA, now)
    (standing,) = ledger.standing(now)
    assert (standing.id, standing.by) == (waiting[0].id, "ana")
    assert ledger.waiting(now) == (waiting[1],)
    assert said(console) == [f"ana signed {waiting[0].id}"]


def test_of_two_who_sign_at_once_the_second_is_told(console, ledger, waiting):
    now = console.clock()
    measures.sign(console, [waiting[0].id], ANA, now)
    with pytest.raises(Stale) as raised:
        measures.sign(console, [waiting[1].id, waiting[0].id], BEN, now)
    assert "by ana" in raised.value.now[-1]
    assert ledger.waiting(now) == (waiting[1],), "nothing of a list is signed where one cannot be"


def test_what_is_ended_is_ended_once(console, ledger, decision):
    now, measure = console.clock(), decision()
    ledger.decide([measure], by="watch", now=now)
    measures.lift(console, [measure.id], ANA, "the key was stolen", now)
    assert ledger.standing(now) == ()
    with pytest.raises(Stale, match="ended already") as raised:
        measures.lift(console, [measure.id], BEN, "the same", now)
    assert "lifted" in raised.value.now[-1]
    assert said(console) == [f"ana ended {measure.id}"]


def test_what_nobody_decided_is_not_there(console, ledger):
    for act in (
        lambda: measures.sign(console, ["d-000000000000"], ANA, console.clock()),
        lambda: measures.lift(console, ["d-000000000000"], ANA, "why", console.clock()),
    ):
        with pytest.raises(NotThere):
            act()
    assert ledger.head().number == 1


def test_only_those_whom_the_settings_name_answer_for_measures(console, with_settings, waiting):
    named = with_settings(response__people="carol,ana")
    with pytest.raises(NotAllowed, match="ben is not among those"):
        measures.sign(named, [waiting[0].id], BEN, console.clock())
    assert measures.sign(named, [waiting[0].id], ANA, console.clock())


def test_the_switch_is_used_once(console, ledger):
    now = console.clock()
    measures.switch(console, on=False, person=BEN, reason="customers report errors", now=now)
    assert not ledger.enabled
    with pytest.raises(Stale, match="off already"):
        measures.switch(console, on=False, person=ANA, reason="the same", now=now)
    measures.switch(console, on=True, person=BEN, reason="corrected", now=now)
    assert ledger.enabled
    assert ledger.switched().body.by == "ben"


def test_gateways_hear_of_it_at_once(with_settings, waiting, tmp_path):
    console = with_settings(response__relay=str(tmp_path / "relay"))
    assert measures.sign(console, [waiting[0].id], ANA, console.clock())
    gateway = open_relay(str(tmp_path / "relay"))
    assert gateway.snapshot(-1) is not None
    gateway.close()


def test_where_they_cannot_be_told_it_stands_and_that_is_said(with_settings, ledger, waiting, tmp_path):
    (tmp_path / "relay").write_text("no folder")
    console = with_settings(response__relay=str(tmp_path / "relay"))
    assert not measures.sign(console, [waiting[0].id], ANA, console.clock())
    assert len(ledger.standing(console.clock())) == 1


def test_measures_of_campaigns_that_the_console_never_saw_are_signed_all_the_same(console, ledger, decision):
    made = decision("acct-1", campaign="c-elsewhere", action=Rung.HOLD)
    ledger.propose([made], console.clock())
    assert measures.sign(console, [made.id], ANA, console.clock())


@pytest.mark.usefixtures("waiting")
def test_what_stands_and_waits_against_accounts(console, ledger, decision, campaign):
    own = campaign.accounts[0].account_id
    ledger.decide([decision(own), decision("acct-9")], by="watch", now=console.clock())
    found = measures.against(console, [own, "acct-0"], console.clock())
    assert [(each.value, each.waits, each.measure) for each in found] == [("acct-0", True, "hold"), (own, False, "cap")]


def test_without_a_ledger_nothing_stands(console):
    assert measures.against(console, ["acct-1"], console.clock()) == ()
    with pytest.raises(ConfigError, match="no ledger"), measures.opened(console):
        pass
