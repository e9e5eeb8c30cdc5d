"""From a planned test to its scheme, and what every scheme has in common."""

import numpy as np
import pytest
from scipy import stats

from stillwatch.errors import ConfigError
from stillwatch.forensics import schemes
from stillwatch.forensics.plan import Test

PARAMETERS = {
    "vllm-gumbel-philox4x32-10-v1": [{"width": 4}, {"width": 2, "mixing": 0.1}],
    "sglang-gumbel-murmur3-v1": [{"width": 4}, {"width": 2, "mixing": 0.5}],
    "kgw-lefthash": [{"gamma": 0.25, "vocabulary": 500}],
    "kgw-selfhash": [{"width": 2, "gamma": 0.25, "vocabulary": 500}],
    "greenlist-philox-v1": [{"width": 1, "gamma": 0.25}, {"width": 7, "gamma": 0.5}],
}
EACH = [(name, given) for name, all_given in PARAMETERS.items() for given in all_given]


def planned(scheme, **given):
    return Test(name="prose", kind="closed", scheme=scheme, **given)


def test_every_scheme_is_listed():
    assert set(schemes.SCHEMES) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "given"), EACH)
def test_a_scheme_is_made_with_its_parameters(name, given):
    scheme = schemes.of(planned(name, **given))
    assert scheme.name == name
    assert scheme.width == given.get("width", 1)
    assert scheme.law.expected(1000) == (1000 if "gumbel" in name else 1000 * given["gamma"])


@pytest.mark.parametrize(("name", "given"), EACH)
def test_scores_of_a_text_that_nobody_marked_have_the_law(name, given):
    scheme, drawn = schemes.of(planned(name, **given)), np.random.default_rng(8)
    windows = np.unique(drawn.integers(0, 100, (3000, scheme.width)).astype(np.int32), axis=0)
    tokens = drawn.integers(0, 100, len(windows)).astype(np.int32)
    ps = []
    for key in drawn.integers(1, 2**63, 200):
        scores = scheme.scores(int(key), windows, tokens)
        assert scores.shape == tokens.shape
        scores = scores[~np.isnan(scores)]
        ps.append(10 ** scheme.law.log10_tail(float(scores.sum()), len(scores)))
    assert stats.binomtest(sum(p < 0.05 for p in ps), 200, 0.05).pvalue > 1e-3


def test_an_unknown_scheme_names_the_nearest():
    with pytest.raises(ConfigError, match=r"test prose: .*Did you mean greenlist-philox-v1\?"):
        schemes.of(planned("greenlist-filox", width=2))


@pytest.mark.parametrize(
    ("scheme", "given", "says"),
    [
        ("greenlist-philox-v1", {"width": 2}, "needs gamma"),
        ("vllm-gumbel-philox4x32-10-v1", {}, "needs width"),
        ("kgw-selfhash", {"width": 2, "gamma": 0.5}, "needs vocabulary"),
        ("sglang-gumbel-murmur3-v1", {"width": 2, "gamma": 0.5}, "has no gamma"),
    ],
)
def test_a_parameter_too_few_or_too_many_is_said(scheme, given, says):
    with pytest.raises(ConfigError, match=says):
        schemes.of(planned(scheme, **given))


def test_a_test_without_a_scheme_is_said():
    with pytest.raises(ConfigError, match="no scheme"):
        schemes.of(planned(None))


@pytest.mark.parametrize("name", [name for name in PARAMETERS if "gumbel" in name])
def test_text_that_was_marked_is_found_with_its_key_and_with_no_other(name):
    """Marked as the engines do: of fifty tokens, all as likely, the one with the largest uniform number."""
    scheme, drawn = schemes.of(planned(name, width=2)), np.random.default_rng(2)
    windows = drawn.integers(0, 1000, (400, 2)).astype(np.int32)
    numbers = scheme.uniforms(77, np.repeat(windows, 50, axis=0), np.tile(np.arange(50, dtype=np.int32), 400))
    tokens = numbers.reshape(400, 50).argmax(axis=1).astype(np.int32)
    log10_p = [scheme.law.log10_tail(float(scheme.scores(key, windows, tokens).sum()), 400) for key in (77, 78)]
    assert log10_p[0] < -300
    assert log10_p[1] > -4


def test_a_list_for_whoever_marks_is_the_list_for_whoever_verifies():
    scheme = schemes.of(planned("greenlist-philox-v1", width=3, gamma=0.25))
    windows = np.random.default_rng(1).integers(0, 1000, (20, 3)).astype(np.int32)
    green = scheme.green(5, windows, 999)
    scores = scheme.scores(5, np.repeat(windows, 999, axis=0), np.tile(np.arange(999, dtype=np.int32), 20))
    assert (scores.reshape(20, 999) == green).all()
    assert green.mean() == pytest.approx(0.25, abs=0.01)
