"""Tables of figures: aligned on a terminal, or as a section of a Markdown page.

A page has a section between `<!-- NAME -->` and `<!-- /NAME -->`; `publish` replaces what stands there, and no more.
"""

import json
import re
import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """Rows of figures; numbers are rounded to three places that count, None is a dash."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]

    def text(self) -> str:
        """Aligned, for a terminal."""
        cells = [self.columns, *([written(v) for v in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        numeric = [all(isinstance(row[i], int | float | None) for row in self.rows) for i in range(len(self.columns))]
        lines = (
            "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True)).rstrip()
            for row in cells
        )
        return "\n".join([self.title, *(f"  {line}" for line in lines)])

    def markdown(self) -> str:
        """As Markdown, the title as a paragraph above."""
        rows = [self.columns, ["---"] * len(self.columns), *([written(v) for v in row] for row in self.rows)]
        return "\n".join([self.title, "", *("| " + " | ".join(row) + " |" for row in rows)])


@dataclass(frozen=True)
class Bars:
    """A figure for each of some places: bars on a terminal, a Mermaid chart on a page."""

    title: str
    unit: str
    places: Sequence[str]
    values: Sequence[float]

    def text(self) -> str:
        """Bars of up to forty characters."""
        most = max(self.values)
        wide = max(len(place) for place in self.places)
        pairs = zip(self.places, self.values, strict=True)
        lines = (f"  {place.rjust(wide)}  {'#' * round(40 * v / most)} {written(v)} {self.unit}" for place, v in pairs)
        return "\n".join([self.title, *lines])

    def markdown(self) -> str:
        """As Mermaid."""
        places = ", ".join(f'"{place}"' for place in self.places)
        values = ", ".join(f"{value:.3g}" for value in self.values)
        chart = ["xychart-beta", f'    title "{self.title}"', f"    x-axis [{places}]",
                 f'    y-axis "{self.unit}" 0 --> {1.15 * max(self.values):.3g}', f"    bar [{values}]"]  # fmt: skip
        return "\n".join(["```mermaid", *chart, "```"])


def written(value: object) -> str:
    """A value of a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def add_options(options: ArgumentParser) -> None:
    """The options of all that publish tables."""
    options.add_argument("--json", action="store_true", help="print JSON")
    options.add_argument("--markdown", type=Path, metavar="PAGE", help="replace this command's section of a page")


def publish(given: Namespace, name: str, tables: Sequence[Table | Bars], figures: object) -> None:
    """Print tables (or their figures as JSON), and put them into the page that was asked for, under the command."""
    if given.markdown:
        body = "\n\n".join([f"    {command(sys.argv)}", *(table.markdown() for table in tables)])
        given.markdown.write_text(replaced(given.markdown.read_text("utf-8"), name, body), "utf-8")
    print(json.dumps(figures, indent=1) if given.json else "\n\n".join(table.text() for table in tables))


def command(arguments: Sequence[str]) -> str:
    """What was typed, save where the tables go."""
    script, *options = arguments
    if "--markdown" in options:
        at = options.index("--markdown")
        del options[at : at + 2]
    return shlex.join(["python", f"bench/{Path(script).name}", *options])


def replaced(page: str, name: str, body: str) -> str:
    """A page with another body of one section.

    Raises:
        ValueError: the page has no such section.
    """
    section = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    page, count = section.subn(lambda found: f"{found[1]}\n{body}\n\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"The page has {count} sections `{name}`; it must have one.")
    return page
