"""Holm against its definition, intervals against theirs, and that the planned power is the power."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.forensics.model import KeyResult, Null, TestResult
from stillwatch.forensics.radioactivity.statistics import (
    binomial_interval,
    clopper_pearson,
    holm,
    holm_results,
    needed,
)
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.forensics.schemes.vllm import Gumbel


def test_holm_by_hand():
    assert holm([]) == []
    assert 10 ** np.array(holm(np.log10([0.01, 0.04, 0.03]).tolist())) == pytest.approx([0.03, 0.06, 0.06])


@given(st.lists(st.floats(-1e4, 0), min_size=1, max_size=30))
def test_holm_lies_between_each_p_and_bonferroni_and_keeps_the_order(log10_ps):
    adjusted = np.array(holm(log10_ps))
    given_ps = np.array(log10_ps)
    assert np.all(given_ps - 1e-9 <= adjusted)
    assert np.all(adjusted <= np.minimum(0, given_ps + np.log10(len(log10_ps))) + 1e-9)
    assert np.all(np.diff(adjusted[np.argsort(given_ps)]) >= 0)


def test_holm_holds_the_error_rate_over_all_keys():
    ps = np.random.default_rng(0).random((4_000, 10))
    rejected = sum(min(holm(np.log10(row).tolist())) < np.log10(0.05) for row in ps)
    least, most = binomial_interval(4_000, 0.05, 0.9999)
    assert least <= rejected <= most


def result(test, subject, *log10_ps):
    keys = tuple(KeyResult(f"k-{i}", "", 10, 1.0, 1.0, p, p) for i, p in enumerate(log10_ps))
    return TestResult(test, "closed", subject, "", "window", 10, 0, keys, Null(0, 0, 0, 1))


def test_all_tests_of_a_subject_share_the_error_rate_and_subjects_do_not():
    results = [result("a", "one", -4.0, -1.0), result("a", "two", -4.0), result("b", "one", -3.0), result("b", "two")]
    told = holm_results(results)
    assert [each.test for each in told] == ["a", "a", "b", "b"]
    assert [round(key.log10_p_holm, 6) for key in told[0].keys] == [round(-4 + np.log10(3), 6), -1.0]
    assert told[2].keys[0].log10_p_holm == pytest.approx(-3 + np.log10(2))
    assert told[1].keys[0].log10_p_holm == -4.0
    assert told[3].keys == ()
    assert told[0].keys[0].log10_p == -4.0


def test_intervals_against_tables():
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert clopper_pearson(0, 20) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert clopper_pearson(10, 20) == pytest.approx((0.2720, 0.7280), abs=1e-4)
    assert clopper_pearson(20, 20, 0.9)[1] == 1.0
    assert binomial_interval(200, 0.01) == (0, 5)


@pytest.mark.parametrize("scheme", [GreenList(width=1, gamma=0.25), Gumbel(width=2)])
def test_the_planned_power_is_reached_and_not_by_far(scheme):
    n = needed(scheme, 0.1, -6, power=0.9)
    rng, green = np.random.default_rng(1), isinstance(scheme, GreenList)
    sums = rng.binomial(n, 0.275, 2_000) if green else rng.gamma(n, 1.1, 2_000)
    found = np.mean([scheme.law.log10_tail(float(total), n) <= -6 for total in sums])
    assert 0.87 < found < 0.96


def test_more_is_needed_for_a_fainter_mark_and_a_smaller_p(scheme):
    assert needed(scheme, 0.05, -6) > needed(scheme, 0.2, -6) > needed(scheme, 0.2, -3) > 0
