"""Window masses: their tail against exact ones and against simulation, and what they find."""

import numpy as np
import pytest

from stillwatch.errors import ConfigError
from stillwatch.forensics.model import Tokens
from stillwatch.forensics.radioactivity import closed, mass
from stillwatch.forensics.radioactivity.mass import Tail, gather
from stillwatch.forensics.radioactivity.statistics import binomial_interval
from stillwatch.forensics.schemes.kgw import SelfHash
from stillwatch.forensics.schemes.laws import Binomial
from stillwatch.forensics.schemes.vllm import Gumbel
from stillwatch.forensics.text import windows


def judge(scheme, masses, keys, *, least=100, wrong_keys=100):
    return mass.test("a", "b", masses, scheme, keys, least=least, wrong_keys=wrong_keys, seed=0)


def text(*ids):
    return Tokens(np.empty(0, np.int32), np.array(ids, np.int32))


def test_weights_by_hand():
    masses = gather([text(1, 2, 1, 2, 1, 3), text(1, 2, 4)], 1)
    by_pair = {
        (int(w), int(t)): weight
        for w, t, weight in zip(masses.windows[:, 0], masses.tokens, masses.weights, strict=True)
    }
    assert by_pair == pytest.approx({(1, 2): 3 / 2, (1, 3): 1 / 2, (2, 1): 2 / 3**0.5, (2, 4): 1 / 3**0.5})
    assert masses.count == 2
    assert masses.left_out == (("no context", 2),)


def test_shares_of_a_window_add_up(innocent):
    masses = gather(innocent(0), 1)
    names, window = np.unique(masses.windows[:, 0], return_inverse=True)
    roots = np.bincount(window, masses.weights)
    assert masses.count == len(names)
    assert roots.max() > 10
    assert (roots**2).sum() == pytest.approx(sum(len(each.text) - 1 for each in innocent(0)))


@pytest.mark.parametrize("gamma", [0.05, 0.25, 0.5])
@pytest.mark.parametrize("n", [100, 1_000, 30_000])
def test_windows_seen_once_have_the_binomial_tail(n, gamma):
    tail, spread = Tail(np.ones(n), gamma), (n * gamma * (1 - gamma)) ** 0.5
    for z in (-2, -0.5, 0, 0.5, 1, 2, 4, 6):
        successes = round(n * gamma + z * spread)
        too_large = tail.log10(successes) - Binomial(gamma).log10_tail(successes, n)
        assert -0.002 < too_large < 0.05  # errs towards innocence


def test_the_tail_goes_as_deep_as_the_sums():
    tail = Tail(np.ones(30_000), 0.25)
    assert tail.log10(30_000) == pytest.approx(30_000 * np.log10(0.25), rel=1e-3)
    assert tail.log10(0) == 0.0
    assert tail.log10(10) == 0.0


def test_the_tail_of_uneven_weights_against_simulation():
    rng = np.random.default_rng(0)
    weights = np.concatenate([np.ones(400), rng.random(600), np.sqrt(rng.integers(2, 60, 100))])
    sums = np.sort((rng.random((20_000, len(weights))) < 0.25) @ weights)
    tail = Tail(weights, 0.25)
    for level in (0.5, 0.1, 0.01, 0.001):
        at = float(sums[-round(level * len(sums))])
        least, most = binomial_interval(len(sums), level, 0.9999)
        assert 0.98 * least / len(sums) < 10 ** tail.log10(at) < 1.1 * most / len(sums)


def test_near_the_mean_the_tail_has_no_step():
    tail = Tail(np.concatenate([np.ones(500), np.full(50, 3.0)]), 0.25)
    around = [tail.log10(tail.expected + 0.5 + off) for off in np.linspace(-0.2, 0.2, 101)]
    assert np.all(np.diff(around) < 0)
    assert np.ptp(np.diff(around)) < 1e-4


def test_the_right_key_is_found_and_no_other(scheme, keys, marked):
    result = judge(scheme, gather(marked(scheme, keys[2].value, 0), 1), keys)
    assert result.kind == "mass"
    assert result.keys[2].log10_p_holm < -100
    assert min(each.log10_p_holm for each in result.keys if each.key != keys[2].id) > -3
    assert result.n == gather(marked(scheme, keys[2].value, 0), 1).count


def test_where_windows_come_often_it_finds_what_single_windows_hide(scheme, keys, marked):
    answers = marked(scheme, keys[0].value, 5, share=0.06)
    single = windows.gather(answers, 1, "window")
    once = closed.test("a", "b", single, scheme, keys, rule="window", least=1, wrong_keys=0, seed=0)
    assert judge(scheme, gather(answers, 1), keys).keys[0].log10_p < once.keys[0].log10_p - 3


def test_innocent_texts_reject_as_often_as_the_level_says(scheme, keys, innocent):
    null = judge(scheme, gather(innocent(0), 1), keys, wrong_keys=400).null
    for level, share in ((0.05, null.share_05), (0.01, null.share_01)):
        assert round(400 * share) <= binomial_interval(400, level, 0.999)[1]
    assert null.ks_p > 1e-3


def test_repeating_a_text_changes_nothing(scheme, keys, innocent):
    """The naive count of occurrences would be as certain as one likes."""
    once = judge(scheme, gather(innocent(1), 1), keys, wrong_keys=0)
    often = judge(scheme, gather([each for each in innocent(1) for _ in range(9)], 1), keys, wrong_keys=0)
    assert [each.log10_p for each in often.keys] == pytest.approx([each.log10_p for each in once.keys], rel=0.05)


def test_windows_of_the_prompt_are_dropped(scheme, keys, marked):
    echoes = [Tokens(each.text, each.text[3:]) for each in marked(scheme, keys[0].value, 1, answers=20)]
    assert gather(echoes, 1).count == 0
    assert "can be scored" in judge(scheme, gather(echoes, 1), keys).problem


def test_a_scheme_without_a_green_list_is_a_mistake_of_the_plan(keys, innocent):
    with pytest.raises(ConfigError, match="has none"):
        judge(Gumbel(1), gather(innocent(0), 1), keys)


def test_what_a_key_does_not_draw_anew_weighs_nothing(keys, innocent):
    masses = gather(innocent(0, answers=40, length=100), 2)
    result = judge(SelfHash(width=2, vocabulary=2_000, gamma=0.25), masses, keys, wrong_keys=0)
    assert all(each.expected < 0.25 * masses.weights.sum() for each in result.keys)
    assert result.log10_p > -3
