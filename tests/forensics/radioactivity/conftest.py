"""Texts of random tokens that repeat themselves as people's do, and texts that were marked with a key."""

import numpy as np
import pytest

from stillwatch.forensics.model import Key, Tokens
from stillwatch.forensics.schemes.greenlist import GreenList

VOCABULARY = 2_000


@pytest.fixture(scope="session")
def scheme():
    return GreenList(width=1, gamma=0.25)


@pytest.fixture(scope="session")
def keys():
    return [Key(f"k-{value:012x}", value) for value in (11, 12, 13, 14)]


def zipf(rng, size):
    return (rng.zipf(1.3, size) % VOCABULARY).astype(np.int32)


@pytest.fixture(scope="session")
def innocent():
    """Answers that never saw a key: phrases that come again and again, among words drawn by Zipf's law."""

    def of(seed, answers=200, length=250):
        rng = np.random.default_rng(seed)
        phrases = [zipf(rng, size) for size in rng.integers(4, 12, 40)]
        texts = []
        for _ in range(answers):
            fixed = [phrases[i] for i in rng.integers(0, len(phrases), length)]
            parts = [fixed[i] if again else zipf(rng, 6) for i, again in enumerate(rng.random(length // 4) < 0.5)]
            texts.append(Tokens(np.empty(0, np.int32), np.concatenate(parts)[:length]))
        return texts

    return of


@pytest.fixture(scope="session")
def marked():
    """Answers marked with a key: of a few words that could come next, one that scores highest; a share of them only."""

    def of(scheme, key, seed, *, answers=200, length=250, share=1.0):
        rng = np.random.default_rng(seed)
        text = np.empty((answers, length), np.int32)
        text[:, : scheme.width] = rng.integers(0, VOCABULARY, (answers, scheme.width))
        for at in range(scheme.width, length):
            windows = np.repeat(text[:, at - scheme.width : at], 4, axis=0)
            candidates = rng.integers(0, VOCABULARY, 4 * answers).astype(np.int32)
            scores = scheme.scores(key, windows, candidates).reshape(answers, 4)
            best = np.where(rng.random(answers) < share, scores.argmax(axis=1), 0)
            text[:, at] = candidates.reshape(answers, 4)[np.arange(answers), best]
        return [Tokens(np.empty(0, np.int32), each) for each in text]

    return of
