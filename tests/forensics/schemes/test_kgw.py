"""Our green lists against transformers' own detector (vectors/transformers.json), and what its hashes share."""

import math

import numpy as np
import pytest
from scipy import stats

from stillwatch.forensics.schemes import kgw


def scheme_of(each):
    if each["scheme"] == "lefthash":
        return kgw.LeftHash(each["vocabulary"], each["gamma"])
    return kgw.SelfHash(each["context_width"] - 1, each["vocabulary"], each["gamma"])


def test_a_token_is_green_where_the_detector_says_so(vectors):
    for each in vectors("transformers")["detections"]:
        grams = np.array(each["grams"], dtype=np.int32)
        scores = scheme_of(each).scores(int(each["key"], 16), grams[:, :-1], grams[:, -1])
        theirs, counted = np.array([float(green) for green in each["green"]]), ~np.isnan(scores)
        assert (scores[counted] == theirs[counted]).all()
        assert counted.mean() > (0.99 if each["scheme"] == "lefthash" else 0.8)


def test_the_detectors_statistics_follow_from_the_scores(vectors):
    for each in vectors("transformers")["detections"]:
        greens, n, gamma = each["green"].count("1"), len(each["grams"]), each["gamma"]
        assert (greens, n) == (each["greens"], each["n"])
        assert (greens - gamma * n) / math.sqrt(n * gamma * (1 - gamma)) == pytest.approx(each["z"], abs=1e-6)


def test_a_selfhash_draw_is_scored_once():
    scheme = kgw.SelfHash(2, 1000, 0.25)
    drawn = np.random.default_rng(4)
    windows, tokens = drawn.integers(0, 40, (5000, 2)).astype(np.int32), drawn.integers(0, 8, 5000).astype(np.int32)
    scores = scheme.scores(0x1234567, windows, tokens)
    seeds = scheme._seeds(0x1234567, windows, tokens)  # noqa: SLF001
    draws = {(int(seed), int(token)) for seed, token in zip(seeds, tokens, strict=True)}
    assert np.count_nonzero(~np.isnan(scores)) == len(draws) < 400


def test_after_token_0_the_list_is_the_same_under_every_key():
    windows, tokens = np.zeros((50, 1), dtype=np.int32), np.arange(50, dtype=np.int32)
    assert np.isnan(kgw.LeftHash(1000, 0.25).scores(12345, windows, tokens)).all()


@pytest.mark.parametrize("make", [kgw.LeftHash, lambda *given: kgw.SelfHash(2, *given)])
def test_the_law_holds_over_random_keys(make):
    """Many windows before few tokens, as in texts: what is repeated would spread the counts far beyond the law."""
    scheme, drawn = make(600, 0.25), np.random.default_rng(9)
    windows = drawn.zipf(1.5, (4000, scheme.width)).astype(np.int32) % 600
    windows = np.unique(windows, axis=0)
    tokens = (drawn.zipf(1.5, len(windows)) % 600).astype(np.int32)
    ps = []
    for key in drawn.integers(1, 2**63, 300):
        scores = scheme.scores(int(key), windows, tokens)
        scores = scores[~np.isnan(scores)]
        ps.append(10 ** scheme.law.log10_tail(scores.sum(), len(scores)))
    rejected = sum(p < 0.05 for p in ps)
    assert stats.binomtest(rejected, 300, 0.05, alternative="greater").pvalue > 1e-3


def test_a_token_beyond_the_vocabulary_is_never_green():
    windows, tokens = np.full((3, 1), 5, dtype=np.int32), np.array([1000, 1001, 70000], dtype=np.int32)
    assert kgw.LeftHash(1000, 0.99).scores(99, windows, tokens).tolist() == [0, 0, 0]


def test_no_windows_have_no_scores():
    none = np.empty((0, 2), dtype=np.int32), np.empty(0, dtype=np.int32)
    assert len(kgw.SelfHash(2, 1000, 0.25).scores(1, *none)) == 0
    assert len(kgw.LeftHash(1000, 0.25).scores(1, none[0][:, :1], none[1])) == 0
