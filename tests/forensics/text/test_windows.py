"""What may be scored, against a plain reference; and that nothing can be counted twice or chosen by its token."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.forensics.model import Scorable, Tokens
from stillwatch.forensics.text.windows import gather, hashed, windows_of


def tokens(text, prompt=()):
    return Tokens(np.array(prompt, np.int32), np.array(text, np.int32))


def plainly(answers, width, rule, history=None):
    """Pairs that count, in the order of the text."""
    seen = {}
    for answer in answers:
        before = [] if history is None else [history] * width
        text, prompt = [*before, *answer.text.tolist()], answer.prompt.tolist()
        asked = {tuple(prompt[i : i + width]) for i in range(len(prompt) - width + 1)}
        for at in range(width, len(text)):
            window, token = tuple(text[at - width : at]), text[at]
            if window not in asked:
                seen.setdefault(window if rule == "window" else (window, token), (window, token))
    return list(seen.values())


def pairs(scorable):
    return [(tuple(w), t) for w, t in zip(scorable.windows.tolist(), scorable.tokens.tolist(), strict=True)]


ids = st.lists(st.integers(0, 4), max_size=40)
corpora = st.lists(st.builds(tokens, ids, ids), max_size=8)


@settings(deadline=None)  # the first example compiles the kernel
@given(corpora, st.integers(1, 5), st.sampled_from(["window", "pair"]), st.sampled_from([None, -1]))
def test_each_window_or_pair_counts_once(answers, width, rule, history):
    scorable = gather(answers, width, rule, history=history)
    assert pairs(scorable) == plainly(answers, width, rule, history)
    assert scorable.windows.shape == (len(scorable.tokens), width)


@settings(deadline=None)
@given(corpora, st.integers(1, 3), st.sampled_from(["window", "pair"]), st.integers(1, 20))
def test_every_token_is_kept_or_left_out_for_a_reason(answers, width, rule, most):
    scorable = gather(answers, width, rule, most=most)
    assert scorable.read == sum(len(each.text) for each in answers)
    assert len(scorable.tokens) + sum(count for _, count in scorable.left_out) == scorable.read


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=200), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_change_which_pairs_count(text, random):
    parts = [tokens(text[i : i + 7]) for i in range(0, len(text), 7)]
    there = gather(parts, 2, "pair")
    random.shuffle(parts)
    assert sorted(pairs(there)) == sorted(pairs(gather(parts, 2, "pair")))


def test_a_window_of_the_prompt_is_dropped_where_it_was_asked_and_only_there():
    echoed = tokens([1, 2, 3, 9], prompt=[7, 1, 2, 3])
    assert pairs(gather([echoed], 2, "window")) == []
    assert dict(gather([echoed], 2, "window").left_out) == {"in the prompt": 2, "no context": 2}
    elsewhere = tokens([1, 2, 3, 9])
    assert pairs(gather([echoed, elsewhere], 2, "window")) == [((1, 2), 3), ((2, 3), 9)]


def test_the_first_tokens_have_the_context_that_the_engine_gives_them():
    assert pairs(gather([tokens([5, 6])], 2, "window", history=-1)) == [((-1, -1), 5), ((-1, 5), 6)]
    assert pairs(gather([tokens([5, 6])], 2, "window")) == []


def test_a_choice_sees_windows_only():
    given_to = []

    def even(windows):
        given_to.append(windows.shape)
        return windows[:, 0] % 2 == 0

    scorable = gather([tokens([0, 1, 2, 3])], 1, "window", only=even)
    assert given_to == [(3, 1)]
    assert pairs(scorable) == [((0,), 1), ((2,), 3)]
    assert dict(scorable.left_out) == {"no context": 1, "not chosen": 1}


def test_what_is_gathered_does_not_say_how_often_it_was_seen():
    assert set(vars(Scorable(np.empty((0, 1)), np.empty(0), 0))) == {"windows", "tokens", "read", "left_out"}


def corpus(rng, answers, length=500):
    return [tokens(rng.integers(0, 50_000, length)) for _ in range(answers)]


@pytest.mark.parametrize("rule", ["window", "pair"])
def test_a_large_corpus_is_sampled_by_its_windows(rule):
    answers = corpus(np.random.default_rng(0), 300)
    everything, sample = set(pairs(gather(answers, 2, rule))), pairs(gather(answers, 2, rule, most=10_000))
    assert 5_000 <= len(sample) <= 10_000
    assert set(sample) <= everything
    limit = max(hashed(np.array([window for window, _ in sample], np.int32)))
    assert {pair for pair in everything if hashed(np.array([pair[0]], np.int32))[0] <= limit} == set(sample)


def test_the_sample_does_not_depend_on_what_follows_the_windows():
    text = np.random.default_rng(1).permutation(np.arange(10_000, dtype=np.int32))
    forms = [np.column_stack([text, np.full_like(text, following)]) for following in (200_000, 300_000)]
    samples = [gather(map(tokens, form), 1, "window", most=400) for form in forms]
    assert np.array_equal(samples[0].windows, samples[1].windows)
    assert len(samples[0].tokens) > 150


def test_no_more_than_the_sample_is_kept():
    scorable = gather(corpus(np.random.default_rng(2), 2_000), 4, "window", most=4_096)
    assert 2_048 <= len(scorable.tokens) <= 4_096
    assert dict(scorable.left_out)["beyond the sample"] > 900_000


def test_windows_of_a_text_shorter_than_one():
    assert windows_of(np.array([1, 2], np.int32), 3).shape == (0, 3)
    assert windows_of(np.array([1, 2, 3], np.int32), 3).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(("width", "most"), [(0, 10), (1, 0)])
def test_no_window_without_tokens(width, most):
    with pytest.raises(ValueError, match="at least one"):
        gather([], width, "window", most=most)


def test_names_of_windows_are_the_same_everywhere():
    windows = np.array([[0, 0], [1, 2], [-1, 5]], np.int32)
    assert hashed(windows).tolist() == [7175312947680778460, 2115549429807191418, 8609041203349272651]
