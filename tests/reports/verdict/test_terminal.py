"""A verdict on a terminal: in words, without markup, within its width."""

import io

import pytest
from rich.console import Console

from stillwatch.reports.verdict.terminal import verdict


def shown(document, width=100, **options):
    console = Console(file=io.StringIO(), width=width, color_system=None, **options)
    console.print(verdict(document))
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def test_the_golden_text(document, golden):
    golden("verdict.txt", shown(document))


def test_where_nothing_was_shown(sample, golden):
    golden("nothing.txt", shown(sample.document(suspect=(), controls={}, positives={}, leads=(), reruns=())))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(document, width):
    assert max(map(len, shown(document, width).splitlines())) <= width


def test_everything_is_told(document):
    text = " ".join(shown(document, 400).split())
    for sentence in (*document.tested, *document.not_tested, *document.limits, *document.says, document.p_says):
        assert sentence in text
    assert all(f"{each.wants} {each.says}" in text for each in (*document.requirements, *document.instead))


def test_text_is_never_markup(document):
    text = shown(document.model_copy(update={"title": "[bold]x[/bold] \x1b[2J", "author": "[red]y"}))
    assert "[bold]x[/bold]" in text
    assert "[red]y" in text
    assert "\x1b" not in text
