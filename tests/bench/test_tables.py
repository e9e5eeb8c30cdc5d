"""Figures are written as read, and only their own section of a page is replaced."""

import pytest
from tables import Table, command, replaced, written

TABLE = Table("Speeds:", ("what", "figure"), [("a", 0.12345), ("b", None), ("c", 1234567)])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98765, "0.988"), (1234.5, "1,234"), (1234, "1,234"), (None, "-"), (True, "yes"), (0.0, "0"), (99.96, "100")],
)
def test_figures_have_three_places_that_count(value, text):
    assert written(value) == text


def test_numbers_stand_right_and_words_left():
    assert TABLE.text().splitlines() == [
        "Speeds:",
        "  what     figure",
        "  a         0.123",
        "  b             -",
        "  c     1,234,567",
    ]


def test_markdown_has_a_row_for_each():
    assert TABLE.markdown().splitlines()[2:] == [
        "| what | figure |",
        "| --- | --- |",
        "| a | 0.123 |",
        "| b | - |",
        "| c | 1,234,567 |",
    ]


def test_only_the_section_is_replaced_however_often():
    page = "Before.\n<!-- x -->\nold\n<!-- /x -->\nAfter.\n<!-- y -->\nkept\n<!-- /y -->\n"
    once = replaced(page, "x", r"new \1")
    assert once == "Before.\n<!-- x -->\n\nnew \\1\n\n<!-- /x -->\nAfter.\n<!-- y -->\nkept\n<!-- /y -->\n"
    assert replaced(once, "x", r"new \1") == once


def test_a_page_without_the_section_is_left_alone():
    with pytest.raises(ValueError, match="0 sections `x`"):
        replaced("Nothing here.", "x", "new")


def test_the_command_is_told_without_the_page():
    typed = ["bench/leak.py", "--scenario", "demo", "--markdown", "docs/measurements.md", "--parts", "5"]
    assert command(typed) == "python bench/leak.py --scenario demo --parts 5"
