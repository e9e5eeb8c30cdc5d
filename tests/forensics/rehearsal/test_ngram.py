import numpy as np
import pytest

from stillwatch.forensics.rehearsal.ngram import Ngram

VOCABULARY = 12


@pytest.fixture
def model():
    return Ngram.learn([np.random.default_rng(1).integers(VOCABULARY - 2, size=(3, 200)) % 7], VOCABULARY)


def everything(model, pair):
    """The probability of every token after a pair, by the formula, from counts of the model's own text."""
    one, two = pair
    digits = np.stack(np.unravel_index(model.trigrams, (VOCABULARY,) * 3), axis=1)
    tokens = np.bincount(digits[:, 2], minlength=VOCABULARY) + 0.1
    twos = np.bincount(digits[digits[:, 1] == two, 2], minlength=VOCABULARY)
    threes = np.bincount(digits[(digits[:, 0] == one) & (digits[:, 1] == two), 2], minlength=VOCABULARY)
    after_two = (twos + 5 * tokens / tokens.sum()) / (twos.sum() + 5)
    return (threes + 3 * after_two) / (threes.sum() + 3)


@pytest.mark.parametrize("pair", [(0, 1), (3, 3), (11, 2), (4, 11)])  # the last two were never read
def test_draws_and_candidates_have_the_interpolated_probabilities(model, pair):
    expected = everything(model, pair)
    tokens, p = model.candidates(np.array([pair]))
    assert p[0] == pytest.approx(expected[tokens[0]])
    draws = model.draw(np.full((200_000, 2), pair), np.random.default_rng(0))
    shares = np.bincount(draws, minlength=VOCABULARY) / len(draws)
    assert np.abs(shares - expected).max() < 5 * np.sqrt(0.25 / len(draws))


def test_the_likeliest_token_is_the_one_of_the_largest_probability(model):
    pairs = np.stack(np.meshgrid(np.arange(VOCABULARY), np.arange(VOCABULARY)), axis=-1).reshape(-1, 2)
    for pair, token in zip(pairs, model.likeliest(pairs), strict=True):
        assert everything(model, pair)[token] == pytest.approx(everything(model, pair).max())
