import sqlite3
from datetime import timedelta

import pytest

from stillwatch.errors import StillwatchError
from stillwatch.reports import reviews as reviews_module
from stillwatch.reports.document import with_reviews
from stillwatch.web.asking import Invalid, NotAllowed, Stale
from stillwatch.web.casework import verdicts
from stillwatch.web.casework.verdicts import Said
from stillwatch.web.store import cases, intake
from stillwatch.web.store.events import Assigned, Closed, Noted

CASE, OTHER = "c-3f9a1b72", "c-b07e55d1"
CLASSROOM = Said("rejected", "A classroom.")


def status(console, case=CASE):
    return cases.row(console.store, case).status


def number(desk, which=-1):
    return desk.case.events[which].number


def test_a_verdict_is_remembered_for_every_scan_to_come(console, desk, reviews, campaign):
    at = desk("ana")
    until = at.now + timedelta(days=90)
    verdicts.judge(at, Said("rejected", "A classroom.", until), CASE)
    assert status(console) == "rejected"
    found = reviews.recall(campaign)
    assert (found.verdict, found.author, found.reason, found.until) == ("rejected", "ana", "A classroom.", until)
    assert found.at == at.now


def test_of_two_at_once_the_second_is_told_and_nothing_of_his_is_written(console, desk, reviews, campaign):
    ana, ben = desk("ana"), desk("ben")
    verdicts.judge(ana, CLASSROOM, CASE)
    with pytest.raises(Stale) as raised:
        verdicts.judge(ben, Said("confirmed", "They wrote so."), CASE)
    assert raised.value.status == 409
    assert "ana judged it rejected" in raised.value.now[0]
    assert raised.value.fields == {"version": "1", "campaign": CASE}
    assert (status(console), reviews.recall(campaign).author) == ("rejected", "ana")
    verdicts.judge(desk("ben", revision=int(raised.value.fields["version"])), Said("confirmed", "They wrote so."), CASE)
    assert (status(console), reviews.recall(campaign).author) == ("confirmed", "ben")


def test_a_verdict_on_what_a_scan_has_changed_meanwhile_is_stale(desk, reviews, campaign):
    with pytest.raises(Stale, match="A scan changed") as raised:
        verdicts.judge(desk(), CLASSROOM, "c-before")
    assert raised.value.fields["campaign"] == CASE
    assert raised.value.now[0].startswith(f"{CASE}: 28.0 bits, 212 accounts")
    assert reviews.recall(campaign) is None


def test_a_note_or_an_assignment_between_them_is_told_as_well(desk):
    ana = desk("ana")
    desk("ben").record(Assigned("ben"))
    desk("ben").record(Noted("Looking at it."))
    with pytest.raises(Stale) as raised:
        verdicts.judge(ana, CLASSROOM, CASE)
    assert len(raised.value.now) == 2


@pytest.fixture
def two(with_settings):
    """A console where a rejection needs two."""
    return with_settings(reviews__two_persons="rejected")


def test_where_two_must_say_so_one_does_nothing(two, desk, reviews, campaign):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    assert (status(two), reviews.recall(campaign)) == ("open", None)
    assert cases.case(two.store, CASE).state.waiting.who == "ana"


def test_the_second_person_makes_it_stand_and_both_are_remembered(two, desk, reviews, campaign):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    verdicts.agree(desk("ben", console=two), CASE)
    assert (status(two), reviews.recall(campaign).people) == ("rejected", "ana and ben")
    assert cases.case(two.store, CASE).state.waiting is None


def test_the_same_verdict_in_own_words_is_the_second_persons_too(two, desk, reviews, campaign):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    verdicts.judge(desk("ben", console=two), Said("rejected", "I called the school."), CASE)
    assert reviews.recall(campaign).people == "ana and ben"


@pytest.mark.parametrize("name", ["ana", "ANA"])
def test_nobody_is_his_own_second_person(two, desk, reviews, campaign, name):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    with pytest.raises(NotAllowed, match="said so yourself"):
        verdicts.agree(desk(name, console=two), CASE)
    with pytest.raises(NotAllowed, match="said so yourself"):
        verdicts.judge(desk(name, console=two), CLASSROOM, CASE)
    assert reviews.recall(campaign) is None


def test_a_verdict_that_one_may_give_takes_the_place_of_one_that_waits(two, desk, reviews, campaign):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    verdicts.judge(desk("ben", console=two), Said("confirmed", "They wrote so."), CASE)
    assert (status(two), reviews.recall(campaign).people) == ("confirmed", "ben")
    with pytest.raises(Invalid, match="No verdict waits"):
        verdicts.agree(desk("eve", console=two), CASE)


@pytest.fixture
def next_scan(two, document, reviews):
    """Takes in a later scan, in which some accounts of CASE are gone: `next_scan(kept=212)`."""

    def scan(kept, day=1):
        first = document.campaigns[0]
        later = first.model_copy(update={"id": "c-later", "accounts": first.accounts[:kept]})
        window = document.window.model_copy(update={"end": document.window.end + timedelta(days=day)})
        found = document.model_copy(update={"campaigns": (later,), "window": window})
        intake.take(two.store, with_reviews(found, reviews.recall), two.clock() + timedelta(days=day))

    return scan


def test_a_verdict_of_two_falls_with_its_evidence(two, desk, next_scan):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    verdicts.agree(desk("ben", console=two), CASE)
    next_scan(kept=200)
    assert status(two) == "rejected"
    next_scan(kept=150, day=2)
    assert status(two) == "open"
    last = cases.case(two.store, CASE).events[-1]
    assert (last.who, last.body.reason) == ("scan", "Since then 0 accounts joined and 62 left.")


def test_a_verdict_given_elsewhere_ends_here_when_it_ends_there(two, reviews, campaign, next_scan):
    until = two.clock() + timedelta(days=2)
    reviews.add(campaign, verdict="unsure", author="eve", reason="I will ask.", at=two.clock(), until=until)
    next_scan(kept=212)
    state = cases.case(two.store, CASE).state
    assert (state.status, state.verdict.who, state.until) == ("unsure", "eve", until)
    assert two.store.expire(until) == 1
    assert status(two) == "open"


def test_what_was_taken_back_does_not_come_back_with_findings_of_before(two, desk, next_scan, reviews, campaign):
    verdicts.judge(desk("ana", console=two), Said("confirmed", "They wrote so."), CASE)
    remembered = reviews.recall(campaign)
    at = desk("ana", console=two)
    verdicts.undo(at, number(at), "the wrong case")
    reviews.recall = lambda _campaign: remembered
    next_scan(kept=212)
    assert status(two) == "open"


def test_two_second_persons_at_once_are_one(two, desk):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    ben, eve = desk("ben", console=two), desk("eve", console=two)
    verdicts.agree(ben, CASE)
    with pytest.raises(Stale):
        verdicts.agree(eve, CASE)


def test_a_verdict_taken_back_is_gone_from_the_reviews_and_the_one_before_stands_again(
    console, desk, reviews, campaign
):
    verdicts.judge(desk("ana"), CLASSROOM, CASE)
    verdicts.judge(desk("ben"), Said("confirmed", "They wrote so."), CASE)
    at = desk("ben")
    verdicts.undo(at, number(at), "the wrong case")
    assert (status(console), reviews.recall(campaign).verdict) == ("rejected", "rejected")
    at = desk("ana")
    verdicts.undo(at, number(at, 0), "the wrong case, too")
    assert (status(console), reviews.recall(campaign)) == ("open", None)


def test_a_verdict_of_two_taken_back_waits_again(two, desk, reviews, campaign):
    verdicts.judge(desk("ana", console=two), CLASSROOM, CASE)
    verdicts.agree(desk("ben", console=two), CASE)
    at = desk("ben", console=two)
    verdicts.undo(at, number(at), "I had the wrong school")
    assert (status(two), reviews.recall(campaign)) == ("open", None)
    assert cases.case(two.store, CASE).state.waiting.who == "ana"


def test_a_closed_case_is_as_it_was_once_that_is_taken_back(console, desk):
    verdicts.judge(desk("ana"), CLASSROOM, CASE)
    desk("ben").record(Closed("Nothing to do."))
    assert status(console) == "closed"
    at = desk("ana")
    verdicts.undo(at, number(at), "there is")
    assert status(console) == "rejected"


def test_only_what_has_an_effect_can_be_taken_back(desk):
    desk("ana").record(Assigned("ana"))
    verdicts.judge(desk("ana"), CLASSROOM, CASE)
    verdicts.judge(desk("ana"), Said("confirmed", "They wrote so."), CASE)
    at = desk("ben")
    assert verdicts.undoable(at.case) == {number(at)}
    for entry in (number(at, 0), number(at, 1), 999):
        with pytest.raises(Invalid, match="cannot be taken back"):
            verdicts.undo(at, entry, "why not")


def test_a_case_that_is_shown_as_another_is_judged_there(desk, reviews, document):
    desk("ana").merge(OTHER, "One reseller.")
    with pytest.raises(Invalid, match="merged into another"):
        verdicts.judge(desk("ana"), CLASSROOM, CASE)
    verdicts.judge(desk("ana", OTHER), Said("confirmed", "One reseller."), OTHER)
    for each in (CASE, OTHER):
        assert reviews.recall(document.campaign(each)).verdict == "confirmed"
    at = desk("ana", OTHER)
    verdicts.undo(at, number(at), "two after all")
    assert reviews.recall(document.campaign(CASE)) is None


def test_a_merger_and_a_split_are_taken_back(console, desk, campaign):
    desk("ana").merge(OTHER, "One reseller.")
    at = desk("ana")
    verdicts.undo(at, number(at), "two after all")
    assert cases.case(console.store, CASE).into is None
    chosen = tuple(account.account_id for account in campaign.accounts[:10])
    new = desk("ana").split(chosen, "A class.")
    assert {account.account_id for account in cases.case(console.store, new).campaign.accounts} == set(chosen)
    at = desk("ana")
    verdicts.undo(at, number(at), "no class")
    assert cases.case(console.store, new).into == CASE
    whole = cases.case(console.store, CASE)
    assert (whole.split, [each.id for each in whole.merged]) == ((), [new])


def test_a_split_case_is_judged_by_its_own_accounts(desk, reviews, campaign):
    chosen = tuple(account.account_id for account in campaign.accounts[:10])
    new = desk("ana").split(chosen, "A class.")
    verdicts.judge(desk("ana", new), CLASSROOM, CASE)
    assert reviews.recall(campaign) is None, "the rest is another matter"


def test_where_the_reviews_cannot_be_written_the_case_is_not_changed(console, desk, reviews, campaign, monkeypatch):
    monkeypatch.setattr(reviews_module, "_WAIT_SECONDS", 0.05)
    verdicts.judge(desk("ana"), CLASSROOM, CASE)
    other = sqlite3.connect(reviews.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StillwatchError, match="locked"):
        verdicts.judge(desk("ben"), Said("confirmed", "They wrote so."), CASE)
    other.close()
    assert status(console) == "rejected"
    assert len(cases.case(console.store, CASE).events) == 1
    assert reviews.recall(campaign).verdict == "rejected"


@pytest.mark.parametrize("days", ["0", "-1", "3651", "1e3", "٣", "many"])
def test_days_are_a_number(desk, days):
    with pytest.raises(Invalid) as raised:
        verdicts.said("rejected", "why", days, desk().now)
    assert raised.value.where == "days"


def test_what_a_form_says(desk):
    now = desk().now
    assert verdicts.said("rejected", "why", "", now) == Said("rejected", "why")
    assert verdicts.said("unsure", "why", "30", now).until == now + timedelta(days=30)
    with pytest.raises(Invalid, match="Choose a verdict"):
        verdicts.said("guilty", "why", "", now)
