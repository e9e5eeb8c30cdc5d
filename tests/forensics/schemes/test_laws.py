"""Tails against exact arithmetic, against scipy where scipy reaches, and against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from stillwatch.forensics.schemes.laws import (
    Binomial,
    Gamma,
    WeightedGamma,
    log10_binomial_tail,
    log10_gamma_tail,
)


def exact_binomial(successes: int, n: int) -> float:
    """For p = 1/4, in integers."""
    ways = sum(math.comb(n, each) * 3 ** (n - each) for each in range(successes, n + 1))
    return math.log10(ways) - n * math.log10(4)


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (300, 1000), (900, 1000), (1900, 2000)]
)
def test_the_binomial_tail_is_exact(successes, n):
    assert log10_binomial_tail(successes, n, 0.25) == pytest.approx(exact_binomial(successes, n), rel=1e-11, abs=1e-12)


def test_more_than_all_is_impossible():
    assert log10_binomial_tail(11, 10, 0.25) == -math.inf


@settings(deadline=None)
@given(st.integers(1, 10**7), st.floats(0, 1), st.floats(0.01, 0.99))
def test_the_binomial_tail_falls_and_is_a_probability(n, share, p):
    successes = int(share * n)
    here, next_ = log10_binomial_tail(successes, n, p), log10_binomial_tail(successes + 1, n, p)
    assert next_ <= here + 1e-9 <= 1e-9


def test_both_ways_of_the_binomial_tail_meet():
    """Where scipy's tail ends at 1e-280 the series begins: no step."""
    tails = np.array([log10_binomial_tail(each, 40_000, 0.25) for each in range(13_000, 13_300)])
    assert tails[0] > -280 > tails[-1]
    assert (abs(np.diff(tails, 2)) < 1e-3).all()


@pytest.mark.parametrize("shape", [1.0, 2.5, 30.0, 1e3, 1e6, 1e9])
def test_both_ways_of_the_gamma_tail_meet(shape):
    below = shape
    while special.gammaincc(shape, below) > 1e-280:
        below += max(1.0, math.sqrt(shape) / 10)
    scipys = stats.gamma.logsf(below, shape) / math.log(10)
    assert log10_gamma_tail(below, shape) == pytest.approx(scipys, rel=1e-7)


def test_the_gamma_tail_goes_on_where_doubles_end():
    assert log10_gamma_tail(900.0, 1.0) == pytest.approx(-900 / math.log(10))
    series = 2000**2 / 2 + 2000 + 1  # of shape 3: e^-x (1 + x + x²/2)
    assert log10_gamma_tail(2000.0, 3.0) == pytest.approx((math.log(series) - 2000) / math.log(10))
    assert log10_gamma_tail(1e6, 1e4) < -400_000


def exact_weighted(total: float, n: int, mixing: float) -> float:
    """A sum of gammas of two scales is a negative binomial mixture of gammas of the smaller (Moschopoulos 1985)."""
    small, large = sorted((mixing, 1 - mixing))
    ratio = small / large
    more = np.arange(int(60 * n / ratio) + 4000)
    weights = special.gammaln(n + more) - special.gammaln(more + 1) - special.gammaln(n)
    weights += n * math.log(ratio) + more * math.log1p(-ratio)
    tails = np.array([log10_gamma_tail(total / small, 2.0 * n + each) for each in more]) * math.log(10)
    return float(special.logsumexp(weights + tails)) / math.log(10)


@pytest.mark.parametrize("mixing", [0.1, 0.3, 0.9])
@pytest.mark.parametrize(("n", "within"), [(1, 7e-3), (30, 3e-4), (100, 1e-4)])
def test_the_weighted_tail_is_that_of_the_exact_mixture(n, within, mixing):
    for mean in (0.5, 0.9, 1.0, 1.01, 1.3, 2.0, 5.0):
        exact = exact_weighted(n * mean, n, mixing)
        assert WeightedGamma(mixing).log10_tail(n * mean, n) == pytest.approx(exact, abs=within)


@pytest.mark.parametrize("mixing", [0.0, 0.5, 1.0])
def test_the_weighted_tail_of_one_key_or_of_equal_keys_is_a_gamma_tail(mixing):
    for total in (900.0, 1000.0, 1100.0, 3000.0):
        found = WeightedGamma(mixing).log10_tail(total, 1000)
        single = log10_gamma_tail(2 * total, 2000) if mixing == 0.5 else log10_gamma_tail(total, 1000)
        assert found == pytest.approx(single, abs=2e-5)


def test_the_weighted_tail_has_no_step_at_the_mean():
    tails = [WeightedGamma(0.1).log10_tail(1e6 + step, 10**6) for step in np.linspace(-500, 500, 401)]
    assert (np.diff(tails) < 0).all()
    assert (abs(np.diff(tails, 2)) < 1e-5).all()


@pytest.mark.parametrize("law", [Binomial(0.25), Gamma(), WeightedGamma(0.1)])
def test_a_tail_of_1e_minus_10000_is_finite(law):
    assert -math.inf < law.log10_tail(90_000.0 if isinstance(law, Binomial) else 300_000.0, 100_000) < -10_000


@pytest.mark.parametrize("mixing", [0.1, 0.4])
def test_the_weighted_law_is_calibrated(mixing):
    drawn = np.random.default_rng(11)
    n, law = 200, WeightedGamma(mixing)
    totals = (1 - mixing) * drawn.gamma(n, size=20_000) + mixing * drawn.gamma(n, size=20_000)
    ps = np.array([10 ** law.log10_tail(each, n) for each in totals])
    assert stats.kstest(ps, "uniform").pvalue > 1e-3
    assert stats.binomtest(int((ps < 0.01).sum()), len(ps), 0.01).pvalue > 1e-3
