"""Neighbours: exact among few; among many, most are found."""

import numpy as np
import pytest

from stillwatch.campaigns import neighbours
from stillwatch.campaigns.contents import Contents
from stillwatch.campaigns.neighbours import nearest


@pytest.fixture(scope="module")
def grouped():
    """600 accounts in 30 subjects, and who is near whom."""
    draw = np.random.default_rng(4)
    subjects = draw.dirichlet(np.full(128, 0.1), 30)
    words = np.stack([draw.multinomial(60, subjects[i % 30]) for i in range(600)]).astype(np.uint16)
    return Contents.of(words, words.sum(0) / words.sum())


def pairs(a, b):
    return set(zip(a.tolist(), b.tolist(), strict=True))


def brute(contents, rows, k, least):
    near = contents.directions(rows) @ contents.directions(rows).T
    np.fill_diagonal(near, -1)
    top = np.argsort(-near, axis=1)[:, :k]
    return {(rows[i], rows[j]) for i in range(len(rows)) for j in top[i] if near[i, j] >= least}


def test_among_few_all_pairs_are_compared(grouped):
    rows = np.arange(0, 600, 5)
    a, b, cosine = nearest(grouped, rows, 4, 0.3)
    assert pairs(a, b) == brute(grouped, rows, 4, 0.3)
    assert (cosine >= 0.3).all()
    own = (grouped.directions(a) * grouped.directions(b)).sum(1)
    np.testing.assert_allclose(cosine, own, atol=1e-5)


def test_among_many_most_neighbours_are_found(grouped, monkeypatch):
    monkeypatch.setattr(neighbours, "CELL", 64)
    rows = np.arange(600)
    a, b, cosine = nearest(grouped, rows, 6, 0.5)
    truth = brute(grouped, rows, 6, 0.5)
    found = pairs(a, b)
    assert len(a) == len(found), "no pair twice"
    assert (cosine >= 0.5).all()
    assert len(found & truth) >= 0.8 * len(truth)


def test_a_cell_that_is_far_too_large_is_dealt_out(monkeypatch):
    monkeypatch.setattr(neighbours, "CELL", 16)
    alike = Contents.of(np.tile(np.eye(2, 128, dtype=np.uint16) * 9, (100, 1)), np.full(128, 1 / 128))
    a, b, _ = nearest(alike, np.arange(200), 3, 0.9)
    assert set(a.tolist()) == set(range(200)), "everybody has a neighbour"
    assert ((a - b) % 2 == 0).all(), "and it is one of her own kind"


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_fewer_accounts_than_neighbours(grouped, n):
    a, b, _ = nearest(grouped, np.arange(0, 30 * n, 30), 12, -1.0)
    assert len(pairs(a, b)) == n * (n - 1)
