"""One member changes the sum by no more than the clip; the noise is the one that the guarantee asks for."""

import math

import opendp.prelude as dp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.statistics.noise import clipped, discrete_laplace, magnitude, within

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**9), max_size=6)


@given(COUNTS, st.integers(1, 64))
def test_one_member_is_one_unit_however_much_it_published(counts, clip):
    kept = clipped(counts, clip)
    assert sum(kept.values()) <= clip
    assert all(0 <= kept[cell] <= counts[cell] for cell in counts)


@given(COUNTS)
def test_what_is_within_the_clip_is_counted_as_it_is(counts):
    assert clipped(counts, max(1, sum(counts.values()))) == counts


def test_proportions_are_kept():
    assert clipped({"a": 300, "b": 100}, 16) == {"a": 12, "b": 4}


def test_the_noise_has_the_spread_of_its_scale_and_no_bias():
    scale, draws = 8.0, 20_000
    noise = discrete_laplace([0] * draws, scale)
    # standard deviation of a Laplace distribution: scale * sqrt(2); five standard errors of the mean and the spread
    deviation = math.sqrt(sum(x * x for x in noise) / draws)
    assert abs(sum(noise) / draws) < 5 * scale * math.sqrt(2 / draws)
    assert deviation == pytest.approx(scale * math.sqrt(2), rel=0.08)
    assert sum(abs(x) <= within(scale) for x in noise) / draws == pytest.approx(0.95, abs=0.02)


def test_opendp_vouches_for_the_scale():
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    for clip in (4, 8, 16, 32):
        assert dp.m.make_laplace(*space, scale=clip / 0.5).map(clip) <= 0.5


@pytest.mark.parametrize(("count", "text"), [(-40, "0"), (0, "0"), (1, "1-9"), (10, "10-99"), (2500, "1e3-1e4")])
def test_no_figure_is_more_exact_than_its_magnitude(count, text):
    assert magnitude(count) == text
