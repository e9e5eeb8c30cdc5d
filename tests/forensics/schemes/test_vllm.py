"""Our uniform numbers and statistics against vLLM's own code (vectors/vllm.json)."""

import math

import numpy as np
import pytest

from stillwatch.forensics.schemes import philox, vllm
from stillwatch.forensics.schemes.laws import log10_gamma_tail


def test_uniforms_are_equal_bit_for_bit(vectors):
    for each in vectors("vllm")["uniforms"]:
        windows, tokens = np.array(each["windows"], dtype=np.int32), np.array(each["tokens"], dtype=np.int32)
        found = philox.uniforms(int(each["key"], 16), windows, tokens)
        assert found.view(np.int32).tolist() == each["bits"]


def test_the_vocabulary_at_once_is_token_by_token():
    windows = np.array([[5, -1, 7, 9, 11], [1, 2, 3, 4, 5]], dtype=np.int32)
    whole = philox.vocabulary_uniforms(99, windows, 103)
    for row, window in enumerate(windows):
        tokens = np.arange(103, dtype=np.int32)
        assert (whole[row] == philox.uniforms(99, np.repeat(window[None], 103, axis=0), tokens)).all()


def test_scores_and_p_are_those_of_the_detectors(vectors, unique_windows):
    for each in vectors("vllm")["detections"]:
        width, alpha, key = each["width"], each["alpha"], int(each["key"], 16)
        scheme = vllm.Gumbel(width) if alpha is None else vllm.DualKey(width, alpha)
        windows, tokens = unique_windows(each["ids"], width, scheme.history)
        total = scheme.scores(key, windows, tokens).sum()
        assert len(tokens) == each["n"]
        assert total == pytest.approx(each["score"], rel=1e-9)
        variance = 1.0 if alpha is None else (1 - alpha) ** 2 + alpha**2
        theirs = log10_gamma_tail(total / variance, len(tokens) / variance)
        assert theirs == pytest.approx(math.log10(each["p"]), abs=1e-6)
        assert scheme.law.log10_tail(total, len(tokens)) == pytest.approx(
            theirs, abs=1e-6 if alpha in {None, 0.5} else 0.02
        )


def test_numbers_are_uniform_over_windows_tokens_and_keys():
    drawn = np.random.default_rng(5)
    windows = drawn.integers(0, 50, (40_000, 2)).astype(np.int32)
    found = philox.uniforms(7, windows, np.arange(40_000, dtype=np.int32))
    counts = np.bincount((found * 16).astype(int), minlength=16)
    assert ((counts - 2500) ** 2 / 2500).sum() < 45  # chi-squared of 15: p about 1e-4
    other = philox.uniforms(8, windows, np.arange(40_000, dtype=np.int32))
    assert abs(np.corrcoef(found, other)[0, 1]) < 0.025
