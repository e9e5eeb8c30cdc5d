import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stillwatch.forensics.canaries.matches import log10_tail, log_pmf


@given(st.lists(st.integers(2, 8), max_size=8))
def test_the_law_is_the_one_of_its_definition(variants):
    exact = np.zeros(len(variants) + 1)
    for matched in itertools.product((0, 1), repeat=len(variants)):
        exact[sum(matched)] += math.prod(1 / n if is_ else 1 - 1 / n for is_, n in zip(matched, variants, strict=True))
    assert np.exp(log_pmf(variants)) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(("slots", "n", "matches"), [(200, 2, 131), (1000, 4, 300), (20_000, 4, 5_400), (5_000, 3, 0)])
def test_with_one_number_of_variants_it_is_binomial(slots, n, matches):
    expected = binom.logsf(matches - 1, slots, 1 / n) / math.log(10)
    assert log10_tail([n] * slots, matches) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_nothing_underflows():
    assert log10_tail([4] * 10_000, 10_000) == pytest.approx(-10_000 * math.log10(4), rel=1e-12)
    assert log10_tail([2] * 3000 + [4] * 3000, 6000) == pytest.approx(-9000 * math.log10(2), rel=1e-12)


def test_no_slots_say_nothing():
    assert log10_tail([], 0) == 0
