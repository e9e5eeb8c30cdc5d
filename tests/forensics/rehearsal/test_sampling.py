import numpy as np
import pytest

from stillwatch.forensics.rehearsal.ngram import Ngram
from stillwatch.forensics.rehearsal.sampling import STRENGTH, answers, drawing, marking
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.forensics.schemes.vllm import Gumbel
from stillwatch.forensics.text.windows import windows_of

KEY = 0x1234567890ABCDEF
VOCABULARY = 100


@pytest.fixture
def model():
    return Ngram.learn([np.random.default_rng(1).integers(VOCABULARY, size=(1, 20_000))], VOCABULARY)


def test_green_logits_are_raised_by_the_strength(model):
    """Of one context, whose token follows an opening only: p is proportional to p exp(strength) where green."""
    scheme, openings = GreenList(1, 0.25), np.full((200_000, 2), 7, np.int32)
    plain = np.bincount(answers(openings, 1, drawing(model, np.random.default_rng(0)))[:, 0], minlength=VOCABULARY)
    marked = np.bincount(
        answers(openings, 1, marking(model, scheme, KEY, np.random.default_rng(1)))[:, 0], minlength=VOCABULARY
    )
    green = scheme.scores(KEY, np.full((VOCABULARY, 1), -1, np.int32), np.arange(VOCABULARY, dtype=np.int32))
    raised = plain * np.exp(STRENGTH * green)
    assert marked / marked.sum() == pytest.approx(raised / raised.sum(), abs=0.004)


def test_a_race_takes_likely_tokens_of_large_uniforms_and_is_a_draw_over_keys(model):
    openings, rng = np.full((1, 2), 7, np.int32), np.random.default_rng(0)
    tokens, p = model.candidates(openings)
    won = [answers(openings, 1, marking(model, Gumbel(2), key, rng))[0, 0] for key in range(8_000)]
    shares = np.bincount(won, minlength=VOCABULARY)[tokens[0]] / len(won)
    assert shares == pytest.approx(p[0] / p[0].sum(), abs=0.025)


def test_a_window_that_stood_in_the_answer_is_not_marked_again(model):
    """Else an answer would turn in circles: the second time the same token would win."""
    scheme, rng = Gumbel(1), np.random.default_rng(0)
    text = answers(np.full((1, 2), 7, np.int32), 600, marking(model, scheme, KEY, rng))[0]
    windows = windows_of(text[:-1], 1)
    first = np.unique(windows, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(windows)), first)
    marked, plain = (scheme.scores(KEY, windows[at], text[at + 1]).mean() for at in (first, again))
    assert marked > 2.0
    assert plain < 1.3
