"""Sections as Markdown (CommonMark with GitHub's tables).

    text = markdown("Impact of 3 campaigns", sections, ending=document.generator)

Whatever a log brings is escaped: it can neither end a table nor become markup.
"""

import re
from collections.abc import Iterable, Iterator

from stillwatch.reports.sections import Section

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&$])")


def markdown(title: str, sections: Iterable[Section], *, begin: Iterable[str] = (), ending: str = "") -> str:
    """Write a report.

    Args:
        title: its title.
        sections: its parts, in order.
        begin: paragraphs before them.
        ending: a line after them.
    """
    parts = [f"# {plain(title)}", *map(plain, begin), *("\n\n".join(_written(each)) for each in sections)]
    return "\n\n".join([*parts, *([plain(ending)] if ending else [])]) + "\n"


def _written(section: Section) -> Iterator[str]:
    yield f"{'#' * section.level} {plain(section.title)}"
    yield from map(plain, section.says)
    if section.points:
        yield "\n".join(f"- {plain(sentence)}" for sentence in section.points)
    if section.headings:
        yield _table(section)
    yield from ("\n".join(f"> {plain(line)}" for line in quote.splitlines()) for quote in section.quotes)


def _table(section: Section) -> str:
    rules = ("---:" if place in section.numbers else "---" for place in range(len(section.headings)))
    heading = [_row(map(plain, section.headings)), _row(rules)]
    return "\n".join([*heading, *(_row(map(plain, row)) for row in section.rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def plain(text: str) -> str:
    """Text that is read as it stands: names of models are other people's words."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
