"""The closed test: it finds what was marked, convicts nobody, and the naive ways that do convict do not exist here."""

import numpy as np
import pytest

from stillwatch.errors import ConfigError
from stillwatch.forensics.model import Key, Scorable, Tokens
from stillwatch.forensics.radioactivity import closed
from stillwatch.forensics.radioactivity.statistics import binomial_interval
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.forensics.schemes.kgw import SelfHash
from stillwatch.forensics.schemes.vllm import DualKey, Gumbel
from stillwatch.forensics.text.windows import gather, windows_of

WRONG = range(1_000, 1_300)


def judge(scheme, scorable, keys, *, rule="window", least=100, wrong_keys=100):
    return closed.test("a", "b", scorable, scheme, keys, rule=rule, least=least, wrong_keys=wrong_keys, seed=0)


def counted_raw(texts, width):
    """What must not be done: every position counts, however often its window was seen."""
    return (
        np.concatenate([windows_of(each.text[:-1], width) for each in texts]),
        np.concatenate([each.text[width:] for each in texts]),
    )


def log10_p(scheme, key, windows, tokens):
    return scheme.law.log10_tail(float(scheme.scores(key, windows, tokens).sum()), len(tokens))


@pytest.mark.parametrize("scheme", [GreenList(1, 0.25), GreenList(2, 0.5), Gumbel(2), DualKey(2, 0.1)], ids=repr)
@pytest.mark.parametrize("rule", ["window", "pair"])
def test_the_right_key_is_found_and_no_other(scheme, rule, keys, marked):
    answers = marked(scheme, keys[1].value, seed=0, answers=60)
    result = judge(scheme, gather(answers, scheme.width, rule, history=scheme.history), keys, rule=rule)
    log10_ps = [each.log10_p_holm for each in result.keys]
    assert log10_ps[1] == result.log10_p < -50
    assert min(log10_ps[0], *log10_ps[2:]) > -3
    assert [each.key for each in result.keys] == [each.id for each in keys]
    assert result.problem == ""
    assert result.rule == rule


def test_a_mark_in_a_tenth_of_the_text_is_found(scheme, keys, marked):
    result = judge(scheme, gather(marked(scheme, keys[0].value, 1, answers=800, share=0.1), 1, "pair"), keys)
    assert result.keys[0].log10_p < -6


@pytest.mark.parametrize("rule", ["window", "pair"])
def test_innocent_texts_reject_as_often_as_the_level_says(scheme, rule, innocent):
    rejected = {0.05: 0, 0.01: 0}
    for seed in range(3):
        scorable = gather(innocent(seed), 1, rule)
        log10_ps = [log10_p(scheme, key, scorable.windows, scorable.tokens) for key in WRONG]
        for level in rejected:
            rejected[level] += sum(p < np.log10(level) for p in log10_ps)
    for level, count in rejected.items():
        least, most = binomial_interval(3 * len(WRONG), level, 0.9999)
        assert count <= most
        assert rule == "window" or level < 0.05 or count >= least  # a few hundred windows have few values of p


def test_trap_no_dedup(scheme, innocent):
    windows, tokens = counted_raw(innocent(0), 1)
    raw = np.array([log10_p(scheme, key, windows, tokens) for key in WRONG])
    assert np.mean(raw < -5) > 0.1  # the naive count convicts an innocent text
    for rule in ("window", "pair"):
        scorable = gather(innocent(0), 1, rule)
        assert min(log10_p(scheme, key, scorable.windows, scorable.tokens) for key in WRONG) > -5


def test_trap_a_choice_by_window_and_token(scheme, keys, innocent, marked):
    key, seen = keys[0].value, marked(scheme, keys[0].value, 2, answers=2_000)
    pairs = gather(seen, 1, "pair")
    known = set(zip(pairs.windows[:, 0].tolist(), pairs.tokens.tolist(), strict=True))
    suspect = gather(innocent(5, answers=400), 1, "pair")
    naive = [p in known for p in zip(suspect.windows[:, 0].tolist(), suspect.tokens.tolist(), strict=True)]
    assert log10_p(scheme, key, suspect.windows[naive], suspect.tokens[naive]) < -6  # convicts
    frequent = np.bincount(np.concatenate([each.text for each in seen])) >= 200
    ours = gather(innocent(5, answers=400), 1, "pair", only=lambda windows: frequent[windows[:, 0]])
    assert log10_p(scheme, key, ours.windows, ours.tokens) > -3
    assert 0 < len(ours.tokens) < len(suspect.tokens)


def test_trap_windows_of_the_prompt(scheme, keys, marked):
    asked = marked(scheme, keys[0].value, 3, answers=100)
    echoes = [Tokens(each.text, each.text[5:]) for each in asked]  # an innocent model that repeats what it was asked
    naive = gather([Tokens(np.empty(0, np.int32), each.text) for each in echoes], 1, "window")
    assert log10_p(scheme, keys[0].value, naive.windows, naive.tokens) < -50
    ours = gather(echoes, 1, "window")
    assert len(ours.tokens) == 0
    assert "can be scored" in judge(scheme, ours, keys).problem


def test_trap_underflow():
    rng, scheme = np.random.default_rng(0), Gumbel(2)
    windows = rng.integers(0, 9_999, (200_000, 2)).astype(np.int32)
    scores = [scheme.scores(1, windows, np.full(len(windows), token, np.int32)) for token in range(8)]
    scorable = Scorable(windows, np.argmax(scores, axis=0).astype(np.int32), len(windows))
    result = judge(scheme, scorable, [Key("k-1", 1)], wrong_keys=0)
    assert -1e6 < result.log10_p < -10_000


def test_too_little_text_has_a_problem_and_no_p(scheme, keys, innocent):
    scorable = gather(innocent(0, answers=3), 1, "window")
    result = judge(scheme, scorable, keys, least=1_000)
    assert result.keys == ()
    assert result.log10_p == 0.0
    assert (
        f"{len(scorable.tokens):,} of the text's windows can be scored, and the plan asks for 1,000" in result.problem
    )
    assert f"{result.needed:,}" in result.problem
    assert result.needed > 10_000


def test_a_text_that_repeats_itself_is_said_to(scheme, keys):
    loop = [Tokens(np.empty(0, np.int32), np.tile(np.arange(40, dtype=np.int32), 500))]
    result = judge(scheme, gather(loop, 1, "window"), keys, least=1_000)
    assert "repeats itself: 19,959 windows" in result.problem


def test_the_null_of_wrong_keys_stands_beside_the_result(scheme, keys, marked):
    result = judge(scheme, gather(marked(scheme, keys[0].value, 4), 1, "pair"), keys, rule="pair", wrong_keys=200)
    assert result.log10_p < -100
    assert result.null.keys == 200
    assert result.null.share_05 < 0.13
    assert result.null.ks_p > 1e-4


def test_a_test_without_keys_is_a_mistake_of_the_plan(scheme, innocent):
    with pytest.raises(ConfigError, match="test a: It has no keys"):
        judge(scheme, gather(innocent(0), 1, "window"), [])


def test_what_a_key_does_not_draw_anew_does_not_count(keys, innocent):
    scheme, texts = SelfHash(width=2, vocabulary=2_000, gamma=0.25), innocent(0, answers=40, length=100)
    result = judge(scheme, gather(texts, 2, "pair"), keys[:2], rule="pair")
    assert all(100 < each.n < result.n for each in result.keys)
    assert all(each.expected == pytest.approx(each.n / 4) for each in result.keys)
    assert result.log10_p > -3
    assert "can be scored" in judge(scheme, gather(texts, 2, "pair"), keys, least=result.n).problem
