"""The figures follow from the formulas; the largest campaigns that were reported in public come out as they should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.reports.impact.assumptions import Assumptions, load
from stillwatch.reports.impact.estimates import QUANTITIES, estimates
from stillwatch.reports.impact.volume import Volume

FORMULAS = {quantity.name: quantity.formula for quantity in QUANTITIES}


def known(**values):
    """Assumptions of which every one is known: precision and recall 1 unless they are said."""
    one = {"law": "fixed", "unit": "u", "source": "s"}
    numbers = {
        **dict.fromkeys(("precision", "recall", "useful_share", "example_cost", "utilisation"), 1.0),
        "input_tokens": 100.0,
        "output_tokens": 1000.0,
        "price_input": 2.0,
        "price_output": 10.0,
        "active_parameters": 1e9,
        "peak": 1e12,
        **values,
    }
    models = numbers.pop("models", {})
    laws = {name: one | {"value": value} for name, value in numbers.items()}
    given_ = {name: {key: one | {"value": value} for key, value in of.items()} for name, of in models.items()}
    return Assumptions.model_validate({"version": "1", "draws": 100_000, "seed": 1, **laws, "models": given_})


def estimated(volumes, assumptions, *, missed=False):
    made = estimates(tuple(volumes), assumptions, assumptions.drawn(), missed=missed)
    return {each.name: each for each in made}


def middles(*args, **kwargs):
    return {name: each.interval.middle for name, each in estimated(*args, **kwargs).items()}


def test_sixteen_million_exchanges_without_tokens():
    """As they were reported in February 2026; the intervals of a computation made apart from this code."""
    found = estimated([Volume("m", 16_000_000, 16_000_000, 0, 0)], load(None))
    expected = {
        "output_tokens": (6e9, 24e9, 96e9),
        "list_price": (0.19e6, 0.62e6, 2.2e6),
        "replacement_cost": (1.5e6, 16e6, 162e6),
    }
    for name, interval in expected.items():
        shown = found[name].interval
        assert (shown.low, shown.middle, shown.high) == pytest.approx(interval, rel=0.2), name
    assert 5e21 < found["teacher_compute"].interval.middle < 2e22
    assert 3e3 < found["teacher_hours"].interval.middle < 2e4


def test_the_formulas_by_hand():
    found = middles([Volume("m", 10, 4, 600, 6000)], known())
    assert found["answers"] == 10
    assert found["output_tokens"] == 6000 + 4 * 1000
    assert found["list_price"] == pytest.approx((1000 * 2 + 10_000 * 10) / 1e6)
    assert found["replacement_cost"] == 10
    assert found["teacher_compute"] == 2 * 1e9 * 11_000
    assert found["teacher_hours"] == pytest.approx(2.2e13 / 1e12 / 3600, rel=1e-3)
    assert found.keys() == FORMULAS.keys()


def test_precision_and_recall_correct_the_counts():
    volume = [Volume("m", 1000, 0, 0, 0)]
    assert middles(volume, known(precision=0.9, recall=0.5))["answers"] == 900
    assert middles(volume, known(precision=0.9, recall=0.5), missed=True)["answers"] == 1800


def test_a_models_own_numbers_count_for_it_alone():
    volumes = [Volume("large", 1, 0, 0, 1_000_000), Volume("small", 1, 0, 0, 1_000_000)]
    assumptions = known(models={"large": {"price_output": 75.0}})
    assert middles(volumes, assumptions)["list_price"] == 75 + 10


def test_nothing_taken_is_nothing():
    assert set(middles([], load(None)).values()) == {0.0}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(2, 50))
def test_twice_as_much_is_twice_as_much(answers, tokens_in, tokens_out, times):
    assumptions = known(precision=0.7, recall=0.4)
    one = middles([Volume("m", answers, 0, tokens_in, tokens_out)], assumptions, missed=True)
    many = middles([Volume("m", *(times * n for n in (answers, 0, tokens_in, tokens_out)))], assumptions, missed=True)
    assert many == pytest.approx({name: times * value for name, value in one.items()}, rel=2e-3)


def test_what_moves_an_estimate_is_told_widest_first():
    found = estimated([Volume("m", 1000, 0, 100_000, 2_000_000)], load(None))
    for name, expected in {
        "answers": ["precision"],
        "list_price": ["price_output", "precision", "price_input"],
        "replacement_cost": ["example_cost", "useful_share", "precision"],
        "teacher_compute": ["active_parameters", "precision"],
    }.items():
        assert [swing.assumption for swing in found[name].moved_by] == expected
    widths = [abs(swing.at_high - swing.at_low) for swing in found["replacement_cost"].moved_by]
    assert widths == sorted(widths, reverse=True)


def test_what_is_known_moves_nothing():
    assert all(not each.moved_by for each in estimated([Volume("m", 10, 2, 5, 5)], known()).values())


def test_the_same_draws_give_the_same_figures():
    volume = [Volume("m", 1000, 10, 100_000, 2_000_000)]
    assert estimated(volume, load(None)) == estimated(volume, load(None))
    assert np.isfinite([each.interval.high for each in estimated(volume, load(None)).values()]).all()
