"""A score only falls with age, from all to nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.trust.decay import DAY, LIFETIMES, remaining

AGES = st.integers(min_value=-DAY, max_value=1000 * DAY)


@given(AGES, AGES, st.sampled_from(sorted(LIFETIMES)))
def test_older_is_never_worth_more(one, other, kind):
    young, old = sorted((one, other))
    assert 1.0 >= remaining(young, LIFETIMES[kind]) >= remaining(old, LIFETIMES[kind]) >= 0.0


@pytest.mark.parametrize(("days", "left"), [(-1, 1.0), (0, 1.0), (45, 0.75), (90, 0.0), (10_000, 0.0)])
def test_a_template_lives_ninety_days(days, left):
    assert remaining(days * DAY, LIFETIMES["prompt-template"]) == pytest.approx(left)


def test_an_address_grows_old_faster_than_a_template():
    assert remaining(20 * DAY, LIFETIMES["stix"]) < remaining(20 * DAY, LIFETIMES["prompt-template"])
