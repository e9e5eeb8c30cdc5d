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
