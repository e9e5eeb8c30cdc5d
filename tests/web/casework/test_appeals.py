from datetime import timedelta

import pytest

from stillwatch.response.model import Rung
from stillwatch.web.asking import Invalid, NotAllowed, NotThere, Stale
from stillwatch.web.casework import appeals, verdicts
from stillwatch.web.model import Person, Role
from stillwatch.web.store import cases

CASE, OTHER = "c-3f9a1b72", "c-b07e55d1"
ANA, BEN, EVE = (Person(name, Role.APPROVER) for name in ("ana", "ben", "eve"))
DAY = timedelta(days=1)


@pytest.fixture
def measure(console, ledger, decision):
    """A measure that ana signed."""
    made = decision(action=Rung.HOLD, by="ana")
    ledger.decide([made], by="ana", now=console.clock())
    return made


@pytest.fixture
def appeal(console, measure):
    """An appeal of it."""
    return appeals.file(console, measure.id, "It is my class.", EVE, console.clock(), contact="ann@example.com")


def test_an_appeal_is_written_down_and_noted_in_the_case(console, appeal, measure):
    (found,) = appeals.listed(console, console.clock())
    assert (found.id, found.text, found.contact, found.status) == (
        appeal.id,
        "It is my class.",
        "ann@example.com",
        "open",
    )
    assert cases.case(console.store, CASE).events[-1].says == f"eve took appeal {appeal.id} of {measure.id}"
    assert appeals.wordless(found).text is appeals.wordless(found).contact is None


def test_who_decided_cannot_answer(console, appeal):
    for act in (appeals.answer, appeals.reverse):
        with pytest.raises(NotAllowed, match="nobody answers an appeal of his own decision"):
            act(console, appeal.id, "No.", ANA, console.clock())


def test_an_answer_leaves_the_measure(console, ledger, appeal):
    done = appeals.answer(console, appeal.id, "Your key was used by many.", BEN, console.clock())
    assert (done.appeal.status, done.appeal.by, done.ended) == ("upheld", "ben", ())
    assert len(ledger.standing(console.clock())) == 1


def test_of_two_who_answer_at_once_the_second_is_told_what_the_first_wrote(console, appeal):
    appeals.answer(console, appeal.id, "Your key was used by many.", BEN, console.clock())
    with pytest.raises(Stale) as raised:
        appeals.reverse(console, appeal.id, "You are right.", EVE, console.clock())
    assert "upheld by ben" in raised.value.now[0]
    assert "used by many" in raised.value.now[0]


def test_granted_it_ends_all_that_is_against_the_account(console, ledger, appeal, decision, reviews, campaign):  # noqa: PLR0917  fixtures
    ledger.propose([decision(action=Rung.HOLD, campaign="")], console.clock())
    done = appeals.reverse(console, appeal.id, "You are right.", BEN, console.clock())
    assert (done.appeal.status, len(done.ended)) == ("reversed", 2)
    picture = ledger.picture(console.clock())
    assert (picture.standing, picture.waiting) == ({}, {})
    assert reviews.recall(campaign) is None, "the campaign is another matter"


def test_where_the_whole_campaign_was_a_mistake_its_case_is_rejected(console, appeal, reviews, campaign):
    appeals.reverse(console, appeal.id, "You are right.", BEN, console.clock(), campaign_wrong=True)
    assert cases.row(console.store, CASE).status == "rejected"
    found = reviews.recall(campaign)
    assert (found.verdict, found.author, found.reason) == ("rejected", "ben", f"The appeal {appeal.id} was granted.")


@pytest.fixture
def two(with_settings):
    """The console where two persons reject."""
    return with_settings(reviews__two_persons=("rejected",))


@pytest.fixture
def beside(console, ledger, decision):
    """Another account's measure in the same campaign, which ana signed."""
    made = decision("acct-beside", action=Rung.HOLD, by="ana")
    ledger.decide([made], by="ana", now=console.clock())
    return made


def test_where_two_must_say_so_the_campaign_waits_for_the_second_and_the_account_does_not(  # noqa: PLR0917  fixtures
    two, console, ledger, appeal, measure, beside, desk, reviews, campaign
):
    done = appeals.reverse(two, appeal.id, "You are right.", BEN, console.clock(), campaign_wrong=True)
    assert [each.id for each in done.ended] == [measure.id], "nobody waits for his right"
    assert beside.id in ledger.picture(console.clock()).standing
    assert cases.row(console.store, CASE).status == "open"
    assert reviews.recall(campaign) is None
    assert appeals.waits(console, done.appeal, measure) == CASE
    with pytest.raises(NotAllowed, match="second person"):
        verdicts.agree(desk("Ben", console=two), CASE)
    verdicts.agree(desk("eve", console=two), CASE)
    assert ledger.picture(console.clock() + DAY).standing == {}
    found = reviews.recall(campaign)
    assert (found.verdict, found.author, found.second) == ("rejected", "ben", "eve")
    assert appeals.waits(console, done.appeal, measure) == ""
    lifted = ledger.history(beside.id)[-1].body
    assert (lifted.by, lifted.reason) == ("ben", f"{appeal.id} was granted")


@pytest.mark.usefixtures("beside")
def test_whoever_grants_it_may_be_the_second(two, console, ledger, appeal, desk, reviews, campaign):  # noqa: PLR0917  fixtures
    verdicts.judge(desk("ana", console=two), verdicts.Said("rejected", "My class."), CASE)
    appeals.reverse(two, appeal.id, "You are right.", BEN, console.clock(), campaign_wrong=True)
    assert ledger.picture(console.clock()).standing == {}
    assert (reviews.recall(campaign).author, reviews.recall(campaign).second) == ("ana", "ben")


@pytest.mark.usefixtures("beside")
def test_whoever_said_so_before_is_not_his_own_second(two, console, ledger, appeal, desk):
    verdicts.judge(desk("ben", console=two), verdicts.Said("rejected", "A class."), CASE)
    appeals.reverse(two, appeal.id, "You are right.", BEN, console.clock(), campaign_wrong=True)
    assert len(ledger.picture(console.clock()).standing) == 1
    assert cases.row(console.store, CASE).status == "open"
    verdicts.judge(desk("eve", console=two), verdicts.Said("rejected", "I see it, too."), CASE)
    assert ledger.picture(console.clock() + DAY).standing == {}


def test_who_took_the_verdict_back_leaves_the_measures(two, console, ledger, appeal, beside, desk):  # noqa: PLR0917
    appeals.reverse(two, appeal.id, "You are right.", BEN, console.clock(), campaign_wrong=True)
    waiting = cases.case(console.store, CASE).state.waiting
    verdicts.undo(desk("ben", console=two), waiting.number, "I was too fast.")
    assert beside.id in ledger.picture(console.clock()).standing
    with pytest.raises(Invalid, match="No verdict waits"):
        verdicts.agree(desk("eve", console=two), CASE)


def test_the_case_may_be_merged_meanwhile(console, desk, appeal, reviews, document):
    desk("ana").merge(OTHER, "One reseller.")
    appeals.reverse(console, appeal.id, "You are right.", BEN, console.clock(), campaign_wrong=True)
    assert cases.row(console.store, OTHER).status == "rejected"
    assert {reviews.recall(document.campaign(each)).verdict for each in (CASE, OTHER)} == {"rejected"}


def test_a_campaign_that_the_console_never_saw_cannot_be_judged_and_nothing_is_granted(console, ledger, decision):
    made = decision(campaign="c-elsewhere")
    ledger.decide([made], by="watch", now=console.clock())
    opened = appeals.file(console, made.id, "No.", EVE, console.clock())
    with pytest.raises(NotThere, match="knows no case"):
        appeals.reverse(console, opened.id, "Yes.", BEN, console.clock(), campaign_wrong=True)
    assert len(ledger.standing(console.clock())) == 1
    assert appeals.reverse(console, opened.id, "Yes.", BEN, console.clock()).appeal.status == "reversed"


@pytest.mark.usefixtures("appeal")
def test_a_second_appeal_of_the_same_is_refused(console, measure):
    with pytest.raises(Invalid, match="open already"):
        appeals.file(console, measure.id, "Again.", EVE, console.clock())


@pytest.mark.usefixtures("ledger")
def test_what_is_not_there(console):
    now = console.clock()
    with pytest.raises(NotThere, match="no decision"):
        appeals.file(console, "d-000000000000", "No.", EVE, now)
    for act in (appeals.answer, appeals.reverse):
        with pytest.raises(NotThere, match="no appeal"):
            act(console, "a-000000000000", "No.", BEN, now)
    with pytest.raises(NotThere, match="no appeal"):
        appeals.erase(console, "a-000000000000", BEN, now)


def test_what_is_due_soonest_stands_on_top_and_answered_ones_last(console, ledger, decision):
    now = console.clock()
    made = [decision(f"acct-{n}") for n in range(3)]
    ledger.decide(made, by="watch", now=now)
    opened = [appeals.file(console, each.id, "No.", EVE, now + n * DAY) for n, each in enumerate(made)]
    appeals.answer(console, opened[0].id, "Yes.", BEN, now + 3 * DAY)
    found = appeals.listed(console, now + 3 * DAY)
    assert [each.id for each in found] == [opened[1].id, opened[2].id, opened[0].id]
    assert [each.id for each in appeals.of_accounts(console, ["acct-2"], now + 3 * DAY)] == [opened[2].id]


def test_erased_words_are_gone_and_that_there_was_an_appeal_is_not(console, appeal):
    appeals.erase(console, appeal.id, BEN, console.clock())
    (found,) = appeals.listed(console, console.clock())
    assert (found.text, found.contact, found.status) == (None, None, "open")


def test_without_a_ledger_there_is_no_appeal(console):
    assert appeals.listed(console, console.clock()) == ()
