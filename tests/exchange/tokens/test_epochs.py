from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.tokens.epochs import Epoch, readable

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_a_moment_is_in_its_epoch_and_epochs_follow_each_other(moment):
    epoch = Epoch.at(moment)
    assert epoch.start <= moment < epoch.next.start
    assert epoch.next.previous == epoch == epoch.previous.next
    assert epoch.previous < epoch < epoch.next
    assert Epoch.parse(str(epoch)) == epoch


@given(MOMENTS)
def test_a_key_is_readable_for_its_quarter_and_the_next(moment):
    current, last = readable(moment)
    assert last.readable_until > moment >= current.start
    assert last.previous.readable_until <= moment
    assert last == current.previous


def test_a_quarter_begins_in_utc():
    assert str(Epoch.at(datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))))) == "2026Q4"


@pytest.mark.parametrize("text", ["", "2026Q0", "2026Q5", "2026q1", "26Q1", "2026Q1\n", "0026Q1", "\uff12026Q1"])
def test_something_else_is_no_epoch(text):
    with pytest.raises(ValueError, match="an epoch is"):
        Epoch.parse(text)
