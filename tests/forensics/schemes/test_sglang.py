"""Our hashes and statistics against SGLang's own code (vectors/sglang.json)."""

import math

import numpy as np
import pytest

from stillwatch.forensics.schemes import sglang


def test_uniforms_are_equal_bit_for_bit(vectors):
    for each in vectors("sglang")["hashes"]:
        windows, tokens = np.array(each["windows"], dtype=np.int32), np.array(each["tokens"], dtype=np.int32)
        found = sglang.Gumbel(windows.shape[1]).uniforms(int(each["key"], 16), windows, tokens)
        assert found.tolist() == [(word + 0.5) / 2**32 for word in each["words"]]


def test_scores_and_p_are_those_of_the_detector(vectors, unique_windows):
    for each in vectors("sglang")["detections"]:
        probability = each["probability"]
        scheme = sglang.Gumbel(each["width"], None if probability is None else 1 - probability)
        windows, tokens = unique_windows(each["ids"], each["width"], scheme.history)
        total = scheme.scores(int(each["key"], 16), windows, tokens).sum()
        assert len(tokens) == each["n"]
        assert total == pytest.approx(each["score"], rel=1e-9)
        assert scheme.law.log10_tail(total, len(tokens)) == pytest.approx(each["log_p"] / math.log(10), abs=1e-6)


def test_a_coin_gives_each_key_its_share():
    drawn = np.random.default_rng(3)
    windows, tokens = drawn.integers(0, 9999, (20_000, 4)).astype(np.int32), np.zeros(20_000, dtype=np.int32)
    first, mixed = (sglang.Gumbel(4, share).uniforms(77, windows, tokens) for share in (None, 0.3))
    assert (first != mixed).mean() == pytest.approx(0.3, abs=0.015)
