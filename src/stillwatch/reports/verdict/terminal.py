"""A verdict on a terminal: the grade, what it needs, what was found, what was not tested.

    console.print(verdict(document))

Renderables only; who prints them owns the console. Nothing depends on colour, and no text is read as markup.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stillwatch.forensics.model import Grade
from stillwatch.forensics.verdict import Requirement, VerdictDocument
from stillwatch.forensics.wording import probability
from stillwatch.reports.verdict import figures
from stillwatch.reports.wording import day, printable

STYLES: dict[Grade, str] = {"shown": "bold red", "corroborated": "red", "lead": "yellow", "none": "bold"}


def verdict(document: VerdictDocument) -> RenderableType:
    """Show the whole verdict but the single controls, which the page and the document have."""
    return Group(
        *_heading(document),
        *_needs(document),
        *_found(document),
        *_campaigns(document),
        *_listed("Tested", document.tested or ("Nothing that has a result.",)),
        *_listed("Not tested", document.not_tested),
        *_listed("What this does not say", document.limits),
        *_listed("Other explanations", (f"{each.name.capitalize()}. {each.says}" for each in document.alternatives)),
        *_listed("Leads, which are no evidence", map(figures.lead, document.leads)),
        *_listed("The evidence", map(figures.event, document.timeline)),
    )


def _heading(document: VerdictDocument) -> Iterator[Text]:
    yield Text(printable(document.title), style="bold")
    yield Text(f"{printable(document.suspect)}; plan by {printable(document.author)}; verdict of {day(document.made)}")
    yield Text()
    yield Text.assemble((figures.GRADES[document.grade].upper(), STYLES[document.grade]), f"  {document.headline}")
    yield Text(printable(" ".join(document.says)))
    yield Text(document.p_says, style="dim")


def _needs(document: VerdictDocument) -> Iterator[RenderableType]:
    for heading, requirements in figures.needs(document):
        yield Text(f"\n{heading}", style="bold")
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=9, no_wrap=True)
        grid.add_column()
        for each in requirements:
            grid.add_row(_mark(each), Text.assemble(each.wants, " ", (printable(each.says), "dim")))
        yield Padding(grid, (0, 0, 0, 2))


def _mark(requirement: Requirement) -> Text:
    return Text("met", style="blue") if requirement.met else Text("not met", style="yellow")


def _found(document: VerdictDocument) -> Iterator[RenderableType]:
    yield Text(f"\nWhat was found of {printable(document.suspect)}", style="bold")
    rows = figures.keys(document)
    for test, of_test in groupby(rows, key=lambda row: row.test):
        yield Padding(_keys(test, [*of_test]), (0, 0, 0, 2))
    for result in figures.of_suspect(document):
        if result.problem:
            yield Padding(Text(printable(f"{result.test} has no result: {result.problem}")), (0, 0, 0, 2))
    for estimate in document.estimates:
        yield Padding(Text(f"{estimate.test}: {estimate.says}"), (0, 0, 0, 2))


def _keys(test: str, rows: list[figures.KeyRow]) -> RenderableType:
    """The keys of one test; what all of them share stands above."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    for heading in ("key", "answers to"):
        table.add_column(heading, overflow="fold")
    for heading in ("rate (95 % interval)", "p", "adjusted"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        cells = (row.key, row.campaign or "everybody", row.rate, row.p, row.adjusted)
        table.add_row(*(Text(printable(cell)) for cell in cells), style="bold" if row.reached else "")
    by_chance = f"; by chance {rows[0].chance}" * (rows[0].chance != figures.NOTHING)
    return Group(Text(f"{test}: {rows[0].n} scored{by_chance}", style="italic"), table)


def _campaigns(document: VerdictDocument) -> Iterator[RenderableType]:
    told = (f"{each.id} ({figures.accounts(each)}): p = {probability(each.log10_p)}" for each in document.campaigns)
    yield from _listed("Whose answers", told)


def _listed(heading: str, sentences: Iterable[str]) -> Iterator[RenderableType]:
    lines = [Padding(Text(f"- {printable(each)}"), (0, 0, 0, 2)) for each in sentences]
    if lines:
        yield Text(f"\n{heading}", style="bold")
        yield from lines
