"""A weight follows from what others found; no single member makes or breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.trust.decay import DAY
from stillwatch.exchange.trust.reputation import MEMORY, VOICE, Reputation, reputations
from stillwatch.exchange.trust.statements import Claim, Outcome, Statement

CLAIMS = {f"indicator--{n}": Claim(f"indicator--{n}", "publisher", "cadence", 0) for n in range(50)}
RIGHT, WRONG, UNSURE = Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE, Outcome.UNSURE


def judged(*words, now=0):
    said = [Statement(f"indicator--{n}", teller, outcome, time) for n, teller, outcome, time in words]
    return reputations(CLAIMS, said, now)["publisher", "cadence"]


def test_of_whom_nobody_speaks_little_is_believed():
    assert judged() == Reputation(1, 1)
    assert judged().weight == pytest.approx(0.05)


def test_true_positives_raise_a_and_false_ones_b_and_unsure_nothing():
    words = [(0, "m", RIGHT, 0), (1, "m", RIGHT, 0), (2, "m", WRONG, 0), (3, "m", UNSURE, 0)]
    assert judged(*words) == Reputation(3, 2)


def test_kinds_are_apart():
    claims = CLAIMS | {"indicator--t": Claim("indicator--t", "publisher", "prompt-template", 0)}
    found = reputations(claims, [Statement("indicator--t", "m", RIGHT, 0)], 0)
    assert found["publisher", "prompt-template"] == Reputation(2, 1)
    assert found["publisher", "cadence"] == Reputation(1, 1)


@pytest.mark.parametrize("outcome", [RIGHT, WRONG])
def test_fifty_words_of_one_member_are_no_more_than_four(outcome):
    many = judged(*((n, "m", outcome, 0) for n in range(50)))
    assert many == judged(*((n, "m", outcome, 0) for n in range(int(VOICE))))


def test_eight_members_outweigh_one_that_praises():
    praise = [(n, "friend", RIGHT, 0) for n in range(50)]
    blame = [(n, f"m{n}", WRONG, 0) for n in range(8)]
    assert judged(*praise, *blame).weight < judged(*praise).weight / 2


def test_outcomes_are_forgotten_within_a_year():
    word = (0, "m", WRONG, 0)
    assert judged(word, now=0).b == 2
    assert 1 < judged(word, now=300 * DAY).b < 2
    assert judged(word, now=MEMORY).b == 1


WORDS = st.lists(
    st.tuples(
        st.integers(0, 49), st.sampled_from(["m", "n", "o"]), st.sampled_from(Outcome), st.integers(0, 2 * MEMORY)
    ),
    unique_by=lambda word: word[:2],
)


@given(WORDS)
def test_a_weight_is_a_share(words):
    assert 0 < judged(*words, now=2 * MEMORY).weight < 1


@given(WORDS, st.sampled_from([RIGHT, WRONG]))
def test_another_members_outcome_moves_the_weight_its_way(words, outcome):
    before, after = judged(*words), judged(*words, (0, "another", outcome, 0))
    assert (after.weight > before.weight) == (outcome is RIGHT)
