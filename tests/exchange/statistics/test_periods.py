"""Months follow each other without a gap and lie in one quarter each, which begins and ends with them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.exchange.statistics.periods import Month, period
from stillwatch.indicators import timestamps

MONTHS = st.builds(Month, st.integers(1970, 9998), st.integers(1, 12))


@given(MONTHS)
def test_a_month_ends_where_the_next_begins(month):
    last = datetime.fromtimestamp(month.end // 10**6 - 1, UTC)
    assert (last.year, last.month) == (month.year, month.number)
    assert timestamps.text(month.start).startswith(f"{month}-01T00:00:00.0")


@given(MONTHS)
def test_a_month_is_read_as_it_is_written(month):
    assert period(str(month)) == month


@pytest.mark.parametrize(("text", "quarter"), [("2026-01", "2026Q1"), ("2026-03", "2026Q1"), ("2026-12", "2026Q4")])
def test_its_quarter(text, quarter):
    assert period(text).quarter == quarter


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "9999-12", "٢٠٢٦-01"]
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ConfigError):
        period(text)


@given(MONTHS)
def test_a_quarter_begins_with_its_first_month_and_ends_with_its_last(month):
    quarter = period(month.quarter)
    assert period(str(quarter)) == quarter
    assert period(str(month)) == month
    assert quarter.start <= month.start < month.end <= quarter.end
    assert quarter.start == Month(month.year, 3 * quarter.number - 2).start
    assert quarter.quarter == str(quarter)


@pytest.mark.parametrize("text", ["2026Q0", "2026Q5", "26Q1", "Q1", "2026Q", "9999Q4", "2026Q1 "])
def test_what_is_no_quarter_is_refused(text):
    with pytest.raises(ConfigError):
        period(text)
