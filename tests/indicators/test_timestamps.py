"""Times go in as clients write them and come out as the standards do."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.indicators import timestamps

times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 — hypothesis wants it so


@given(times)
def test_what_is_written_is_read(time):
    assert timestamps.parse(timestamps.text(timestamps.of(time))) == timestamps.of(time)
    assert timestamps.parse(timestamps.written(time)) == timestamps.of(time) // 1000 * 1000


@pytest.mark.parametrize("digits", ["", ".1", ".12", ".123456", ".123456789"])
def test_any_number_of_digits_is_read(digits):
    whole = timestamps.parse("2026-11-02T09:00:00Z")
    assert timestamps.parse(f"2026-11-02T09:00:00{digits}Z") == whole + int((digits[1:] + "000000")[:6])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-02",
        "2026-11-02T09:00:00",
        "2026-11-02T09:00:00z",
        "2026-11-02 09:00:00Z",
        "2026-11-02T09:00:00+00:00",
        "2026-11-02T09:00:60Z",
        "2026-11-02T24:00:01Z",
        "2026-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-02T09:00:00.Z",
        "2026-11-02T09:00:00Z\n",
        "٢٠٢٦-11-02T09:00:00Z",
        "2026-11-02T09:00:00." + "1" * 100_000 + "Z",
    ],
)
def test_anything_else_is_none(text):
    with pytest.raises(ValueError, match=r"."):
        timestamps.parse(text)


def test_other_zones_are_written_in_utc():
    there = datetime(2026, 11, 2, 9, 0, 0, 5999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert timestamps.written(there) == "2026-11-02T03:30:00.005Z"
