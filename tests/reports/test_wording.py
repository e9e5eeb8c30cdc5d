from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.reports import wording


@pytest.mark.parametrize(
    ("part", "whole", "worded"),
    [(0, 10, "0%"), (1, 1000, "<1%"), (15, 1000, "2%"), (999, 1000, "99%"), (7, 7, "100%"), (0, 0, "0%"), (5, 0, "0%")],
)
def test_share_rounds_nothing_to_nothing_and_no_part_to_all(part, whole, worded):
    assert wording.share(part, whole) == worded


@pytest.mark.parametrize(
    ("number", "worded"),
    [(208, "208"), (0, "0"), (1.3, "1.3"), (0.0041, "0.0041"), (1234.5, "1,234"), (-0.61, "-0.61"), (12.54, "12.5")],
)
def test_quantity(number, worded):
    assert wording.quantity(number) == worded


@pytest.mark.parametrize(
    ("bits", "worded"),
    [
        (0.2, "about even odds"),
        (10, "odds of about 1,000 to 1 for a campaign"),
        (-5, "odds of about 32 to 1 against a campaign"),
        (40, "odds of more than a million to 1 for a campaign"),
        (4000, "odds of more than a million to 1 for a campaign"),
    ],
)
def test_odds(bits, worded):
    assert wording.odds(bits) == worded


def test_times_are_worded_in_utc():
    time = datetime(2026, 9, 3, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert wording.minute(time) == "2 Sep 23:30"
    assert wording.day(time) == "2 Sep 2026"
    start = datetime(2026, 9, 1, tzinfo=UTC)
    assert wording.span(start, start + timedelta(hours=3)) == "1 Sep 2026"
    assert wording.span(start, start + timedelta(days=30)) == "1 Sep 2026 to 1 Oct 2026"


def test_counts_and_tokens():
    assert wording.count(1, "account") == "1 account"
    assert wording.count(1204, "account") == "1,204 accounts"
    assert wording.count(2, "more text") == "2 more texts"
    assert [wording.tokens(n) for n in (950, 12_300, 4_100_000, 2_000_000_000)] == ["950", "12.3 k", "4.1 M", "2.0 G"]


@given(st.text())
def test_nothing_printable_steers_a_terminal(text):
    shown = wording.printable(text)
    assert len(shown) == len(text)
    assert not set(shown) & {chr(c) for c in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2066)}


def test_printable_keeps_every_script():
    text = "日本語\n\tالعربية\u200d naïve 🙂"  # noqa: RUF001  an Arabic letter is no Latin one
    assert wording.printable(text) == text
