"""A part of a report: sentences, points, a table, charts. The same in the terminal, in Markdown, on a page, on paper.

    Section("Load on the service", ("Failed requests count too.",), headings=("", "share"), rows=(("requests", "12%"),))

Whoever writes one says everything in words and figures; a chart shows what a table says already. Texts from outside go
through `wording.printable` before they stand here.
"""

from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        title: what it is about.
        says: paragraphs, before all else.
        headings: of the table's columns; none without a table.
        rows: of the table, in words.
        numbers: which columns hold figures.
        charts: Vega-Lite specifications, each with what it shows, in words.
        points: a list, before the table.
        quotes: texts of others, to be set apart.
        level: of the heading; 3 for a part of what stands before it.
        page: whether it begins a page on paper.
    """

    title: str
    says: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: frozenset[int] = frozenset()
    charts: tuple[tuple[Spec, str], ...] = ()
    points: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    level: int = 2
    page: bool = False
