import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.forensics.wording import count, listed, probability

_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@pytest.mark.parametrize(
    ("log10", "words"),
    [
        (0.0, "1"),
        (-0.434, "0.37"),
        (-3.0, "0.001"),
        (-6.0, "10⁻⁶"),
        (-7.4685, "3.4 \N{MULTIPLICATION SIGN} 10⁻⁸"),
        (-8.99999, "10⁻⁹"),
        (-400.0, "10⁻⁴⁰⁰"),
    ],
)
def test_a_probability_in_words(log10, words):
    assert probability(log10) == words


@given(st.floats(-9000, 0))
def test_the_words_are_the_number(log10):
    words = probability(log10)
    if "10⁻" not in words:
        assert float(words) == pytest.approx(10**log10, rel=0.06)
        return
    mantissa, _, power = words.rpartition("10⁻")
    digits = float(mantissa.split()[0]) if mantissa else 1.0
    assert math.log10(digits) - int(power.translate(_PLAIN)) == pytest.approx(log10, abs=0.03)


def test_numbers_of_things():
    assert (count(1, "key"), count(2300, "key"), count(2, "class", "classes")) == ("1 key", "2,300 keys", "2 classes")


def test_lists():
    assert [listed(each) for each in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == ["", "a", "a and b", "a, b and c"]
