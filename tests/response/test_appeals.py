from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from stillwatch.errors import InputError, TrustError
from stillwatch.response.appeals import MOST_TEXT, answer, appeal, appeals, erase, open_appeal, reverse
from stillwatch.response.model import Rung

DAY = timedelta(days=1)
WORDS = "It is my class: thirty students and one exercise. \x00 \u202e"


@pytest.fixture
def measure(ledger, decision, now):
    """A measure that alice applied."""
    made = decision(action=Rung.VERIFY)
    ledger.decide([made], by="alice", now=now)
    return made


@pytest.fixture
def opened(ledger, measure, now):
    """An appeal of it."""
    return open_appeal(ledger, measure.id, WORDS, "ann@example.com", now)


def test_what_was_said_is_kept_with_a_deadline(ledger, measure, opened, now):
    assert appeal(ledger, opened.id) == opened
    assert appeals(ledger) == (opened,)
    assert (opened.decision, opened.value, opened.text, opened.contact, opened.status) == (
        measure.id, "acct-1", WORDS, "ann@example.com", "open",
    )  # fmt: skip
    assert [opened.overdue(now + 14 * DAY), opened.overdue(now + 15 * DAY)] == [False, True]


def test_an_answer_leaves_the_measure(ledger, measure, opened, now):
    answered = answer(ledger, opened.id, "Two of the accounts pay with one card.", by="bob", now=now + DAY)
    assert (answered.status, answered.by, answered.answered) == ("upheld", "bob", now + DAY)
    assert answered.reply == "Two of the accounts pay with one card."
    assert ledger.standing(now) == (measure,)
    assert not answered.overdue(now + 99 * DAY)


def test_a_reversal_ends_all_that_is_against_the_account_and_nothing_else(ledger, decision, measure, opened, now):
    others = [
        decision("acct-1", campaign="c-2", since=now + DAY),
        decision("acct-2"),
        decision("c-1", scope="campaign"),
    ]
    ledger.decide(others, by="alice", now=now)
    waiting = decision("acct-1", action=Rung.HOLD)
    ledger.propose([waiting], now)
    granted, ended = reverse(ledger, opened.id, "You are right.", by="bob", now=now)
    assert (granted.status, granted.reply) == ("reversed", "You are right.")
    assert {each.id for each in ended} == {measure.id, others[0].id, waiting.id}
    assert ledger.standing(now) == (others[1], others[2])
    assert ledger.waiting(now) == ()
    assert ledger.exempt(now) == {"acct-1"}


def test_a_reversal_leaves_a_trail(ledger, opened, now):
    reverse(ledger, opened.id, "You are right.", by="bob", now=now)
    kinds = [each.kind for each in ledger.history("acct-1")]
    assert kinds == ["decided", "appealed", "answered", "lifted", "exempted"]
    assert [each.body.by for each in ledger.history("acct-1")[2:]] == ["bob"] * 3
    ledger.verify()


def test_the_next_judgement_does_not_bring_it_back(ledger, decision, opened, now):
    reverse(ledger, opened.id, "You are right.", by="bob", now=now)
    same, less = decision(), decision(evidence=("c-9:text:another",), campaign="c-9")
    new = decision(evidence=("c-9:text:x", "c-9:sign_up:one card"), campaign="c-9")
    recorded = ledger.decide([same, less, new, decision("acct-2")], by="alice", now=now + DAY)
    assert recorded.dropped == [same, less]
    assert recorded.waiting == [new], "evidence of another kind: a person looks first"
    assert [each.value for each in ledger.standing(now + DAY)] == ["acct-2"]
    assert ledger.propose([decision(action=Rung.HOLD)], now + DAY).waiting == []


def test_whoever_signs_new_evidence_ends_the_exemption(ledger, decision, opened, now):
    reverse(ledger, opened.id, "You are right.", by="bob", now=now)
    new = decision(evidence=("c-9:sign_up:one card",), campaign="c-9")
    ledger.decide([new], by="alice", now=now)
    ledger.sign([new.id], "carol", now)
    assert ledger.standing(now) == (replace(new, by="carol"),)
    assert ledger.exempt(now) == frozenset()


def test_an_exemption_ends(ledger, decision, opened, now):
    reverse(ledger, opened.id, "You are right.", by="bob", now=now, exempt=10 * DAY)
    assert [bool(ledger.exempt(now + days * DAY)) for days in (9, 10)] == [True, False]
    again = decision(since=now + 10 * DAY, until=now + 17 * DAY)
    assert ledger.decide([again], by="alice", now=now + 10 * DAY).decided == [again]


def test_the_whole_campaign_was_a_mistake(ledger, decision, opened, now):
    campaign = [decision("acct-2"), decision("c-1", scope="campaign"), decision("acct-3", simulated=True)]
    other = decision("acct-4", campaign="c-2")
    ledger.decide([*campaign, other], by="alice", now=now)
    ledger.propose([decision("acct-5", action=Rung.HOLD)], now)
    reverse(ledger, opened.id, "All of them.", by="bob", now=now, campaign_wrong=True)
    assert ledger.standing(now) == (other,)
    assert ledger.waiting(now) == ()
    assert ledger.exempt(now) == {"acct-1"}


@pytest.mark.parametrize("act", [answer, reverse])
def test_who_decided_cannot_answer(ledger, opened, now, act):
    with pytest.raises(TrustError, match="alice decided this"):
        act(ledger, opened.id, "No.", by="alice", now=now)
    assert appeal(ledger, opened.id).status == "open"


@pytest.mark.parametrize("act", [answer, reverse])
def test_who_signed_cannot_answer(ledger, decision, now, act):
    hold = decision(action=Rung.HOLD)
    ledger.propose([hold], now)
    ledger.sign([hold.id], "bob", now)
    opened = open_appeal(ledger, hold.id, "Why?", "", now)
    with pytest.raises(TrustError, match="bob decided this"):
        act(ledger, opened.id, "No.", by="bob", now=now)
    act(ledger, opened.id, "No.", by="alice", now=now)


def test_who_decided_what_stands_now_cannot_answer_an_appeal_of_the_measure_before(ledger, decision, opened, now):
    ledger.decide([decision()], by="bob", now=now)
    with pytest.raises(TrustError, match="bob decided this"):
        answer(ledger, opened.id, "No.", by="bob", now=now)


@pytest.mark.parametrize("act", [answer, reverse])
def test_an_appeal_is_answered_once(ledger, opened, now, act):
    answer(ledger, opened.id, "No.", by="bob", now=now)
    with pytest.raises(InputError, match="answered by bob already: upheld"):
        act(ledger, opened.id, "Yes.", by="carol", now=now)


def test_one_appeal_at_a_time_and_another_after_the_answer(ledger, measure, opened, now):
    with pytest.raises(InputError, match=opened.id):
        open_appeal(ledger, measure.id, "Again!", "", now)
    answer(ledger, opened.id, "No.", by="bob", now=now)
    assert open_appeal(ledger, measure.id, "Again!", "", now).status == "open"


def test_whoever_was_recognised_appeals_for_his_own_account(ledger, decision, now):
    campaign = decision("c-1", scope="campaign", action=Rung.BUDGET, template=(1, 2))
    ledger.decide([campaign], by="alice", now=now)
    with pytest.raises(InputError, match="Name the account"):
        open_appeal(ledger, campaign.id, "Why?", "", now)
    opened = open_appeal(ledger, campaign.id, "Why?", "", now, account="acct-7")
    reverse(ledger, opened.id, "You are right.", by="bob", now=now)
    assert ledger.standing(now) == (campaign,), "others are recognised as before"
    assert ledger.exempt(now) == {"acct-7"}


def test_a_measure_that_ended_can_still_be_appealed(ledger, measure, now):
    opened = open_appeal(ledger, measure.id, "It cost me a week.", "", now + 30 * DAY)
    reverse(ledger, opened.id, "We are sorry.", by="bob", now=now + 31 * DAY)
    assert ledger.exempt(now + 31 * DAY) == {"acct-1"}


def test_words_can_be_erased_and_the_chain_holds(ledger, opened, now):
    answer(ledger, opened.id, "A secret of Ann's.", by="bob", now=now)
    erase(ledger, opened.id, "carol", now)
    told = appeal(ledger, opened.id)
    assert (told.text, told.contact, told.reply, told.status) == (None, None, None, "upheld")
    ledger.verify()
    with ledger.database.reading() as connection:
        left = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in ("ledger_entry", "ledger_words")]  # noqa: S608
    assert "ann@example.com" not in str(left)
    assert "secret" not in str(left)
    assert not left[1]


def test_no_two_appeals_of_the_same_words_look_alike_in_the_chain(ledger, decision, now):
    told = [decision("acct-1"), decision("acct-2")]
    ledger.decide(told, by="alice", now=now)
    for each in told:
        open_appeal(ledger, each.id, "Why?", "", now)
    seals = [each.body.words for each in ledger.entries() if each.kind == "appealed"]
    assert len(set(seals)) == 2


@pytest.mark.parametrize("act", [answer, reverse, lambda ledger, id_, _text, **who: erase(ledger, id_, **who)])
def test_an_appeal_that_is_none(ledger, now, act):
    with pytest.raises(InputError, match="no appeal of this id"):
        act(ledger, "a-nonesuch", "No.", by="bob", now=now)


@pytest.mark.parametrize(("words", "contact"), [("", ""), (" \n", ""), ("x" * (MOST_TEXT + 1), ""), ("x", "y" * 501)])
def test_what_is_no_appeal(ledger, measure, now, words, contact):
    with pytest.raises(InputError, match="characters"):
        open_appeal(ledger, measure.id, words, contact, now)


def test_an_appeal_of_nothing_or_for_somebody_else(ledger, measure, now):
    with pytest.raises(InputError, match="no decision"):
        open_appeal(ledger, "d-nonesuch", "Why?", "", now)
    with pytest.raises(InputError, match="somebody else"):
        open_appeal(ledger, measure.id, "Why?", "", now, account="acct-2")


def test_an_answer_says_something(ledger, opened, now):
    with pytest.raises(InputError, match="somebody waits"):
        answer(ledger, opened.id, " ", by="bob", now=now)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_erased_is_in_no_file(ledger, opened, now, tmp_path):
    def on_disk():
        return b"".join(each.read_bytes() for each in tmp_path.iterdir())

    assert b"thirty students" in on_disk()
    erase(ledger, opened.id, "bob", now)
    assert b"thirty students" not in on_disk()
