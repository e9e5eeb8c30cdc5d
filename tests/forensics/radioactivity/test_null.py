"""Keys that nobody used."""

import math

import pytest

from stillwatch.forensics.radioactivity import null


def uniform(key):
    return math.log10((key + 1) / 2**64)


def test_uniform_p_look_uniform():
    found = null.of_wrong_keys(uniform, count=2_000, seed=0)
    assert found.keys == 2_000
    assert found.share_05 == pytest.approx(0.05, abs=0.02)
    assert found.share_01 == pytest.approx(0.01, abs=0.01)
    assert found.ks_p > 1e-3
    assert sum(found.spread) == 2_000
    assert found.spread[0] == pytest.approx(2_000 * (1 - 10**-0.25), abs=90)


def test_p_that_are_too_small_are_seen():
    found = null.of_wrong_keys(lambda key: 2 * uniform(key), count=300, seed=0)
    assert found.share_05 > 0.15
    assert found.ks_p < 1e-6


def test_the_draw_is_repeatable_and_leaves_out_what_is_tested():
    drawn = []
    null.of_wrong_keys(lambda key: drawn.append(key) or 0.0, count=5, seed=3)
    again = []
    null.of_wrong_keys(lambda key: again.append(key) or 0.0, count=5, seed=3, used={drawn[0]})
    assert again[:4] == drawn[1:]


def test_no_null_where_none_is_asked():
    assert null.of_wrong_keys(uniform, count=0, seed=0) == null.NONE
