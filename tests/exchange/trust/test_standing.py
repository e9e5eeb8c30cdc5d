"""The two state machines, step by step and as laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.trust.decay import DAY, LIFETIMES
from stillwatch.exchange.trust.standing import DISPUTERS, PROVEN, Standing, State, indication, standing
from stillwatch.exchange.trust.statements import Claim, Outcome, Statement

CLAIM = Claim("indicator--1", "publisher", "cadence", time=0, base=0.8, valid_until=200 * DAY)
RIGHT, WRONG, UNSURE = Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE, Outcome.UNSURE


def place(*, suspended=False, admitted=False, caught=False, confirmed=None):
    return standing(suspended=suspended, admitted=admitted, caught=caught, confirmed=confirmed or {})


def proven(count, *tellers):
    return {f"indicator--{n}": set(tellers) for n in range(count)}


@pytest.mark.parametrize(
    ("merits", "where"),
    [
        ({}, Standing.QUARANTINED),
        ({"admitted": True}, Standing.ADMITTED),
        ({"confirmed": proven(PROVEN, "m", "n")}, Standing.ADMITTED),
        ({"confirmed": proven(PROVEN - 1, "m", "n")}, Standing.QUARANTINED),
        ({"confirmed": proven(100, "m")}, Standing.QUARANTINED),
        ({"admitted": True, "caught": True}, Standing.QUARANTINED),
        ({"confirmed": proven(100, "m", "n"), "caught": True}, Standing.QUARANTINED),
        ({"admitted": True, "suspended": True}, Standing.SUSPENDED),
        ({"confirmed": proven(100, "m", "n"), "suspended": True}, Standing.SUSPENDED),
    ],
)
def test_where_a_contributor_stands(merits, where):
    assert place(**merits) is where


def said(*outcomes, time=DAY):
    return [Statement(CLAIM.id, f"member-{n}", outcome, time) for n, outcome in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("outcomes", "state", "automatic"),
    [
        ((), State.REPORTED, False),  # one source
        ((UNSURE, UNSURE), State.REPORTED, False),
        ((RIGHT,), State.CONFIRMED, True),
        ((WRONG,), State.REPORTED, False),
        ((RIGHT, WRONG), State.CONFIRMED, True),
        ((WRONG, WRONG), State.DISPUTED, False),
        ((RIGHT,) * 8 + (WRONG, WRONG), State.DISPUTED, False),
    ],
)
def test_where_an_indicator_stands(outcomes, state, automatic):
    found = indication(CLAIM, said(*outcomes), 2 * DAY, vouched=True)
    assert (found.state, found.automatic) == (state, automatic)


def test_its_own_publisher_in_quarantine_is_no_source():
    assert indication(CLAIM, said(RIGHT), 2 * DAY, vouched=False).sources == 1
    assert indication(CLAIM, said(RIGHT), 2 * DAY, vouched=True).sources == 2


def test_revoked_is_withdrawn_whatever_others_say():
    revoked = Claim("indicator--1", "publisher", "cadence", 0, revoked=True)
    assert indication(revoked, said(RIGHT, WRONG, WRONG), DAY, vouched=True).state is State.WITHDRAWN


def test_a_score_falls_and_a_true_positive_of_another_restores_it():
    fresh = indication(CLAIM, [], 0, vouched=True)
    older = indication(CLAIM, [], 50 * DAY, vouched=True)
    seen = indication(CLAIM, said(RIGHT, time=50 * DAY), 50 * DAY, vouched=True)
    assert (fresh.score, seen.score) == (0.8, 0.8)
    assert older.score < 0.3


def test_it_expires_with_its_life_or_its_validity_whichever_is_first():
    life = LIFETIMES["cadence"]
    assert indication(CLAIM, [], life - DAY, vouched=True).state is State.REPORTED
    assert indication(CLAIM, [], life, vouched=True).state is State.EXPIRED
    assert indication(CLAIM, said(RIGHT, time=life), life, vouched=True).state is State.CONFIRMED
    assert indication(CLAIM, said(RIGHT, time=199 * DAY), 200 * DAY, vouched=True).state is State.EXPIRED


OUTCOMES = st.lists(st.sampled_from(Outcome), max_size=12)


@given(OUTCOMES, st.integers(0, 300 * DAY), st.booleans())
def test_nothing_disputed_expired_or_of_one_source_is_automatic(outcomes, now, vouched):
    found = indication(CLAIM, said(*outcomes), now, vouched=vouched)
    assert 0 <= found.score <= CLAIM.base
    if found.automatic:
        assert found.disputes < DISPUTERS
        assert found.sources >= 2
        assert found.state in {State.REPORTED, State.CONFIRMED}


@given(OUTCOMES, st.integers(0, 300 * DAY))
def test_one_more_dispute_never_makes_it_automatic(outcomes, now):
    before = indication(CLAIM, said(*outcomes), now, vouched=True)
    after = indication(CLAIM, said(*outcomes, WRONG), now, vouched=True)
    assert after.automatic <= before.automatic


@given(OUTCOMES, st.integers(0, 300 * DAY))
def test_disputes_that_are_taken_back_leave_no_trace(outcomes, now):
    mild = [UNSURE if outcome is WRONG else outcome for outcome in outcomes]
    found = indication(CLAIM, said(*mild), now, vouched=True)
    assert found == indication(CLAIM, said(*[o for o in mild if o is RIGHT]), now, vouched=True)
    assert found.state is not State.DISPUTED
