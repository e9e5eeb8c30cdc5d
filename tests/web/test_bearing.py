"""What speaks for an account and what against it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.reports.document import Lookalike
from stillwatch.response.ledger.entries import Exempted
from stillwatch.response.model import Rung
from stillwatch.response.policy.policy import Declared
from stillwatch.web.bearing import Part, Shelter, speaks_against, speaks_for
from stillwatch.web.store import accounts, cases

NOW = datetime(2026, 10, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
CASE = "c-3f9a1b72"


@pytest.fixture
def part(console):
    """An account's part in the sample's first case: `part(0)` belongs most surely, `part(-1)` least."""

    def made(place, **changes):
        case = cases.case(console.store, CASE)
        case = replace(case, campaign=case.campaign.model_copy(update=changes))
        account_id = sorted(case.campaign.accounts, key=lambda each: -each.bits)[place].account_id
        membership = accounts.account(console.store, account_id).memberships[0]
        return Part.of(membership, case, frozenset({account_id}))

    return made


def titles(points):
    return [point.title for point in points]


def test_of_the_surest_little_speaks_for_it(part):
    assert titles(speaks_for([part(0)], Shelter(), NOW)) == [
        "\N{MINUS SIGN}1.6 bits for the whole case: day and night."
    ]
    against = titles(speaks_against([part(0)]))
    assert "It fits by 9.7 bits." in against
    assert "The case as a whole has 28.0 bits." in against


def test_of_the_least_sure_more_does(part):
    told = titles(speaks_for([part(-1)], Shelter(), NOW))
    assert {"It hardly fits.", "It shares nothing that was told."} <= set(told)
    assert not any(title.startswith("It fits") for title in titles(speaks_against([part(-1)])))


def test_what_people_decided_comes_first(part):
    granted = Exempted("acct", LATER, ("text",), "d-1", "bob")
    shelter = Shelter((granted,), listed=True, declared=(Declared(what="An evaluation", until=LATER, account="a"),))
    told = speaks_for([part(0)], replace(shelter, spared=True), NOW)
    assert titles(told)[:4] == [
        "An appeal was granted.",
        "The policy exempts it.",
        "Its use was declared beforehand.",
        "It may serve customers of its own.",
    ]
    assert told[2].says == "An evaluation. Until 31 Oct 2026 nothing above observe touches it."


def test_what_has_ended_is_not_told_as_if_it_held():
    granted = Exempted("acct", NOW - timedelta(days=1), ("text",), "d-1", "bob")
    declared = Declared(what="An evaluation", until=NOW - timedelta(days=1), account="a", most=Rung.WARN)
    told = speaks_for([], Shelter((granted,), declared=(declared,)), NOW)
    assert titles(told) == ["An appeal was granted."]
    assert told[0].says.startswith("It ended")


def test_an_explanation_that_fits_speaks_for_it_and_one_that_does_not_is_silent(part):
    considered = (
        Lookalike(name="class", fits=True, says="A school signed up."),
        Lookalike(name="popular-prompt", fits=False, says="Nobody else sends it."),
    )
    told = speaks_for([part(0, lookalikes_considered=considered)], Shelter(), NOW)
    assert (told[0].title, told[0].says, told[0].case) == (
        "An innocent explanation fits: class.",
        "A school signed up.",
        CASE,
    )
    assert "Nobody else sends it." not in {point.says for point in told}


def test_who_fell_silent_before_the_line(part):
    assert "It fell silent before the evidence sufficed." in titles(
        speaks_for([part(0, crossed_at=LATER)], Shelter(), NOW)
    )


def test_a_case_of_one_family_is_called_so(part):
    whole = part(0)
    evidence = tuple(each.model_copy(update={"family": "text"}) for each in whole.campaign.evidence)
    told = titles(speaks_for([part(0, evidence=evidence)], Shelter(), NOW))
    assert "The case rests on one family of evidence." in told


def test_things_in_fewest_hands_are_named_first(part):
    things = part(0).things
    assert things
    assert [thing.accounts for thing in things] == sorted(thing.accounts for thing in things)
    assert things[0].name in next(p.says for p in speaks_against([part(0)]) if p.title.startswith("It shares"))


def test_no_word_convicts(part):
    points = (*speaks_for([part(0), part(-1)], Shelter(), NOW), *speaks_against([part(0), part(-1)]))
    words = " ".join(f"{point.title} {point.says}" for point in points).lower()
    assert not [word for word in ("guilty", "attacker", "thief", "criminal", "fraudster", "proves") if word in words]
