"""Contents: what an account asks for, against what is usual."""

import numpy as np
import pytest

from stillwatch.campaigns import contents
from stillwatch.campaigns.contents import Contents


@pytest.fixture
def drawn():
    draw = np.random.default_rng(3)
    words = draw.poisson(draw.gamma(0.5, 2.0, (90, 128)) * draw.integers(0, 5, (90, 1))).astype(np.uint16)
    usual = draw.random(128)
    return words, usual / usual.sum()


def directions(words, usual):
    """The formula, written down in one piece."""
    total = words.sum(1)[:, None]
    residual = (words - total * usual) / np.sqrt(np.maximum(total, 1) * usual)
    return residual / np.maximum(np.linalg.norm(residual, axis=1, keepdims=True), 1e-9)


def test_directions_and_cosines_are_the_formula(drawn):
    made, expected = Contents.of(*drawn), directions(*drawn)
    rows, towards = np.array([5, 3, 80, 3]), expected[:4].T.astype(np.float32)
    np.testing.assert_allclose(made.directions(np.arange(90)), expected, atol=1e-5)
    np.testing.assert_allclose(made.directions(rows), expected[rows], atol=1e-5)
    np.testing.assert_allclose(made.cosines(towards), expected @ towards, atol=1e-5)
    np.testing.assert_allclose(made.cosines(towards, rows), expected[rows] @ towards, atol=1e-5)


def test_block_by_block_is_the_same_as_all_at_once(drawn, monkeypatch):
    whole = Contents.of(*drawn)
    towards = whole.directions(np.arange(6)).T
    rows = np.arange(0, 90, 4)
    monkeypatch.setattr(contents, "KEPT", 10)
    monkeypatch.setattr(contents, "BLOCK", 7)
    blockwise = Contents.of(*drawn)
    assert blockwise._all_directions is None, "too many to be kept"  # noqa: SLF001
    np.testing.assert_array_equal(blockwise.length, whole.length)
    np.testing.assert_array_equal(blockwise.directions(rows), whole.directions(rows))
    np.testing.assert_allclose(blockwise.cosines(towards), whole.cosines(towards), atol=1e-6)
    np.testing.assert_allclose(blockwise.cosines(towards, rows), whole.cosines(towards, rows), atol=1e-6)


def test_one_list_is_one_direction_and_strangers_point_nowhere(population_of, crowd):
    rows = crowd(300) + crowd(20, name="list", subject=7, requests=4)
    population = population_of(rows)
    of_list = np.array([a.startswith("list") for a in population.profiles.ids.to_pylist()])
    made = population.contents
    cosines = made.cosines(made.directions(np.flatnonzero(of_list)).T)
    assert np.median(cosines[of_list]) > 0.5
    assert abs(np.median(cosines[~of_list])) < 0.1


def test_nobodys_volume_sets_the_norm(population_of, crowd):
    """An account that asks a thousand times counts for ten requests in what is usual."""
    few = crowd(40) + crowd(1, name="big", subject=3, requests=10)
    many = crowd(40) + crowd(1, name="big", subject=3, requests=1000)
    one, other = (population_of(rows).contents.usual for rows in (few, many))
    assert np.abs(one - other).sum() < 0.05
    assert other.sum() == pytest.approx(1)


def test_who_said_nothing_points_nowhere(population_of):
    population = population_of([{"account_id": a, "ask": "" if a == "b" else f"why {a} so"} for a in "abc"])
    found = population.contents.directions(np.arange(3))
    assert np.isfinite(found).all()
    assert (found[1] == 0).all()


def test_nobody_is_no_content():
    nobody = Contents.of(np.zeros((0, 128), np.uint16), np.full(128, 1 / 128))
    assert nobody.cosines(np.ones((128, 2), np.float32)).shape == (0, 2)
    assert nobody.cosines(np.ones((128, 2), np.float32), np.zeros(0, np.int64)).shape == (0, 2)
