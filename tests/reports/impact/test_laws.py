import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from stillwatch.reports.impact.laws import Law

LAW = TypeAdapter(Law)
positive = st.floats(1e-6, 1e15)


def law(name, **parameters):
    return LAW.validate_python({"law": name, "unit": "u", "source": "s", **parameters})


def at(made, *probabilities):
    return made.quantile(np.array(probabilities)).tolist()


@st.composite
def laws(draw):
    low, high = sorted((draw(positive), draw(positive)))
    name = draw(st.sampled_from(["fixed", "uniform", "loguniform", "lognormal", "beta"]))
    parameters = {
        "fixed": {"value": low},
        "uniform": {"low": low, "high": high},
        "loguniform": {"low": low, "high": high},
        "lognormal": {"median": low, "p95": high},
        "beta": {"hits": min(low, 1e6), "misses": min(high, 1e6)},
    }
    return law(name, **parameters[name])


@given(laws(), st.lists(st.floats(0.001, 0.999), min_size=2, max_size=9))
def test_quantiles_rise_with_the_probability(made, probabilities):
    values = made.quantile(np.sort(probabilities))
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(values) >= -1e-9 * np.abs(values[1:])).all()


def test_each_law_is_the_one_that_it_says():
    assert at(law("fixed", value=3), 0.05, 0.95) == [3, 3]
    assert at(law("uniform", low=10, high=20), 0.05, 0.5) == pytest.approx([10.5, 15])
    assert at(law("loguniform", low=0.01, high=1), 0.5, 1.0) == pytest.approx([0.1, 1])
    assert at(law("lognormal", median=5, p95=30), 0.5, 0.95, 0.05) == pytest.approx([5, 30, 5 / 6])
    assert at(law("beta", hits=3, misses=2), 0.1, 0.9) == pytest.approx(stats.beta(3.5, 2.5).ppf([0.1, 0.9]).tolist())


@pytest.mark.parametrize(
    ("name", "parameters", "complaint"),
    [
        ("uniform", {"low": 2, "high": 1}, "low is above high"),
        ("lognormal", {"median": 9, "p95": 1}, "median is above p95"),
        ("loguniform", {"low": 0, "high": 1}, "greater than 0"),
        ("fixed", {"value": float("inf")}, "finite"),
        ("fixed", {"value": 1, "source": ""}, "source"),
        ("beta", {"hits": -1, "misses": 1}, "greater than or equal to 0"),
    ],
)
def test_a_law_that_does_not_hold_together_is_refused(name, parameters, complaint):
    with pytest.raises(ValidationError, match=complaint):
        law(name, **parameters)
