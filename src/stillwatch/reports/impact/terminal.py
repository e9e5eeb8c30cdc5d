"""The impact on a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stillwatch.reports.impact.document import ImpactDocument
from stillwatch.reports.impact.sections import sections, title
from stillwatch.reports.sections import Section


def summary(document: ImpactDocument) -> RenderableType:
    """Show the whole report."""
    return Group(Text(title(document), style="bold"), *(part for each in sections(document) for part in _shown(each)))


def _shown(section: Section) -> Iterator[RenderableType]:
    yield Text(f"\n{section.title}", style="bold")
    for sentence in section.says:
        yield Padding(Text(sentence, style="dim"), (0, 0, 0, 2), expand=False)
    for sentence in section.points:
        yield Padding(Text(sentence), (0, 0, 0, 2), expand=False)
    if section.headings:
        yield Padding(_table(section), (0, 0, 0, 2), expand=False)


def _table(section: Section) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for place, heading in enumerate(section.headings):
        number = place in section.numbers
        table.add_column(heading, justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in section.rows:
        table.add_row(*map(Text, row))
    return table
