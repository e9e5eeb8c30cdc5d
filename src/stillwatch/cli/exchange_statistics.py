"""`stillwatch exchange statistics`: figures over all members of a root, with differential privacy."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import show

if TYPE_CHECKING:
    from rich.table import Table

    from stillwatch.exchange.statistics.ledger import Answer, Ledger

TOPICS = ("campaigns", "indicators", "sightings", "techniques")


@click.command(name="statistics", short_help="Figures over all members, with noise.")
@options.db
@click.option("--root", required=True, metavar="NAME", help="The API root: one trust group.")
@click.option("--topic", type=click.Choice(TOPICS), help="What is counted; with --month.")
@click.option("--month", metavar="YYYY-MM", help="A month that is over; with --topic.")
@options.config
@options.as_json
def command(
    *, db: str | None, root: str, topic: str | None, month: str | None, config_file: Path | None, as_json: bool
) -> None:
    """Make one report, or show all that were made and what is left of each quarter's budget.

    A report is made once: asking again gives the same answer and spends nothing. Every figure is an order of magnitude
    with noise in it; a dash stands for fewer than three members.

    \b
    Example:
      stillwatch exchange statistics --db forum.sqlite --root forum --topic indicators --month 2026-10
    """
    from stillwatch.errors import ConfigError
    from stillwatch.exchange.statistics.months import Month
    from stillwatch.exchange.statistics.report import Question, ask, ledger
    from stillwatch.exchange.statistics.topics import TOPICS as KNOWN
    from stillwatch.exchange.store.store import microseconds

    if (topic is None) != (month is None):
        raise ConfigError("--topic and --month belong together.", hint="Name both, or neither.")
    with options.opened_store(db, config_file) as store:
        if store.root(root) is None:
            raise ConfigError("There is no root of this name.", where=root)
        if topic and month:
            answer = ask(store, root, Question(KNOWN[topic], Month.parse(month)), microseconds())
            _print(answer.model_dump_json(indent=2), _told([answer]), as_json=as_json)
        else:
            known = ledger(store, root)
            _print(known.model_dump_json(indent=2), _all(known), as_json=as_json)


def _print(as_text: str, table: "Table", *, as_json: bool) -> None:
    if as_json:
        click.echo(as_text)
    else:
        show(table)


def _all(known: "Ledger") -> "Table":
    from stillwatch.exchange.statistics.months import Month

    table = _told(list(known.answers))
    quarters = sorted({Month.parse(answer.month).quarter for answer in known.answers})
    table.caption = "; ".join(f"left of {quarter}: {known.left(quarter):g}" for quarter in quarters)
    return table


def _told(answers: "list[Answer]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table("month", "topic", "of what", "how many", "within", box=box.SIMPLE_HEAD)
    for answer in answers:
        for cell, magnitude in answer.cells.items():
            table.add_row(answer.month, answer.topic, cell, magnitude or "-", str(answer.within))
    return table
