import pytest
from scipy.stats import binom

from stillwatch.errors import InputError
from stillwatch.forensics.canaries.planning import match_rate, needed, power


@pytest.mark.parametrize(
    ("n", "rate", "expected"),
    [
        (4, 0.27, 17_500),
        (4, 0.30, 2_900),
        (4, 0.35, 758),
        (4, 0.45, 204),
        (4, 0.65, 53),
        (2, 0.55, 3_661),
        (2, 0.6, 915),
    ],
)
def test_the_table_of_the_documentation(n, rate, expected):
    assert needed(n, rate, log10_alpha=-6) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("n", "rate", "log10_alpha", "wanted"), [(2, 0.7, -6, 0.9), (4, 0.5, -8, 0.8), (8, 1.0, -3, 0.99)]
)
def test_it_is_the_least_number_from_which_on_the_power_is_reached(n, rate, log10_alpha, wanted):
    least = needed(n, rate, log10_alpha=log10_alpha, power=wanted)
    assert power(n, rate, least - 1, log10_alpha) < wanted
    assert all(power(n, rate, more, log10_alpha) >= wanted for more in range(least, least + 500))


def test_the_power_is_that_of_the_exact_test():
    critical = next(k for k in range(201) if binom.sf(k - 1, 200, 0.5) <= 1e-4)
    assert power(2, 0.65, 200, -4) == pytest.approx(binom.sf(critical - 1, 200, 0.65))


def test_a_share_that_follows_is_a_rate():
    assert match_rate(4, 0.0) == 0.25
    assert match_rate(4, 1.0) == 1.0
    assert match_rate(2, 0.2) == pytest.approx(0.6)


@pytest.mark.parametrize(
    "change", [{"n": 1}, {"rate": 0.25}, {"rate": 1.1}, {"log10_alpha": 0}, {"log10_alpha": -400}, {"power": 1}]
)
def test_a_test_that_there_is_not_is_said(change):
    given = {"n": 4, "rate": 0.5, "log10_alpha": -6.0, "power": 0.9} | change
    with pytest.raises(InputError, match="no such test"):
        needed(given.pop("n"), given.pop("rate"), **given)


def test_what_nobody_will_ask_for_is_said():
    with pytest.raises(InputError, match="more choices than anybody"):
        needed(2, 0.5001, log10_alpha=-6)
