import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from stillwatch.forensics.canaries.sequential import audit, log10_e_values


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(2, 8), min_size=1, max_size=7))
def test_under_the_null_the_wealth_is_expected_to_stay_what_it_was(variants):
    expected = np.zeros(len(variants))
    for matches in itertools.product((False, True), repeat=len(variants)):
        weight = np.prod([1 / n if is_ else 1 - 1 / n for is_, n in zip(matches, variants, strict=True)])
        expected += weight * 10 ** log10_e_values(matches, variants)
    assert expected == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_whoever_looks_after_every_answer_is_wrong_with_probability_alpha_at_most(n, alpha):
    random, audits, looks = np.random.default_rng(n), 1000, 500
    wrong = sum(
        audit(random.random(looks) < 1 / n, [n] * looks, alpha=alpha, most=looks).reached for _ in range(audits)
    )
    assert wrong <= binom.ppf(0.9999, audits, alpha)


def test_the_naive_one_looks_too_often():
    """The fixed test, looked at after every answer, is wrong far more often than alpha: that is what this is for."""
    random, alpha, looks = np.random.default_rng(0), 0.05, 500
    wrong = 0
    for _ in range(200):
        matches = np.cumsum(random.random(looks) < 0.5)
        wrong += (binom.sf(matches - 1, np.arange(1, looks + 1), 0.5)[20:] <= alpha).any()
    assert wrong > 2 * binom.ppf(0.9999, 200, alpha)


def test_a_model_that_follows_the_key_is_found_in_little_more_than_the_fixed_number():
    random, n, share = np.random.default_rng(1), 4, 0.4
    rate = 1 / n + share * (1 - 1 / n)
    audits = [audit(random.random(600) < rate, [n] * 600, alpha=1e-6, most=600) for _ in range(100)]
    assert sum(each.reached for each in audits) >= 95
    assert np.median([len(each.looks) for each in audits]) < 200


def test_it_ends_when_the_line_is_reached_or_the_looks_are_used_up():
    reached = audit([True] * 100, [4] * 100, alpha=1e-3, most=100)
    assert (reached.reached, reached.over) == (True, True)
    assert len(reached.looks) < 100
    assert reached.log10_p == -reached.log10_e
    missed = audit([False] * 20, [4] * 20, alpha=1e-3, most=10)
    assert (missed.over, missed.reached, missed.log10_p, len(missed.looks)) == (True, False, 0.0, 10)


def test_before_the_first_look_nothing_is_known():
    none = audit([], [], alpha=0.01, most=5)
    assert (none.log10_e, none.log10_p, none.over) == (0.0, 0.0, False)


def test_a_later_look_changes_no_earlier_one():
    matched = [True, False, True, True]
    assert (
        audit(matched[:2], [2] * 2, alpha=0.01, most=9).looks == audit(matched, [2] * 4, alpha=0.01, most=9).looks[:2]
    )
