"""Bits: log2 of likelihood ratios, bounded."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.bits import absence, clip, surprise_of_few, surprise_of_many

counts, means = st.integers(0, 60), st.floats(0, 40)


def poisson(k, mean):
    return math.exp(-mean) * mean**k / math.factorial(k)


@given(counts, means)
def test_surprise_is_the_tail_of_a_poisson_count(observed, mean):
    below = math.fsum(poisson(k, mean) for k in range(observed))
    assert 2 ** -surprise_of_many(observed, mean) == pytest.approx(1 - below, abs=1e-9)
    assert 2 ** -surprise_of_few(observed, mean) == pytest.approx(below + poisson(observed, mean), abs=1e-9)


@given(counts, means)
def test_surprise_is_never_negative_and_more_is_more_surprising(observed, mean):
    assert 0 <= surprise_of_many(observed, mean) <= surprise_of_many(observed + 1, mean)
    assert 0 <= surprise_of_few(observed + 1, mean) <= surprise_of_few(observed, mean)
    assert surprise_of_many(observed, mean + 1) <= surprise_of_many(observed, mean) + 1e-9


def test_what_is_sure_is_no_surprise():
    assert surprise_of_many(0, 5.0) == 0
    assert surprise_of_many(3, 0.0) > 100, "finite even where nothing was expected"
    assert math.isfinite(surprise_of_many(3, 0.0))


@given(st.integers(0, 500), st.floats(0, 1))
def test_absence_speaks_against_and_never_beyond_its_share(parties, rate):
    assert math.log2(0.2) <= absence(parties, rate) <= 0
    assert absence(parties + 1, rate) <= absence(parties, rate)


@given(st.floats(-100, 100))
def test_clip(bits):
    assert clip(bits, -1, 3) == sorted([-1, bits, 3])[1]
