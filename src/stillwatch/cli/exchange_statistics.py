"""`stillwatch exchange statistics`: figures over all members of a root, with differential privacy."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from stillwatch.exchange.statistics.ledger import Answer, Ledger
    from stillwatch.exchange.statistics.periods import Period
    from stillwatch.exchange.store.store import Store

TOPICS = ("campaigns", "indicators", "sightings", "techniques")


@click.command(name="statistics", short_help="Figures over all members, with noise.")
@options.db
@click.option("--root", required=True, metavar="NAME", help="The API root: one trust group.")
@click.option("--topic", type=click.Choice(TOPICS), help="What is counted; with --period.")
@click.option("--period", metavar="WHEN", help="A month or quarter that is over: 2026-10, 2026Q3.")
@options.config
@options.as_json
def command(
    *, db: str | None, root: str, topic: str | None, period: str | None, config_file: Path | None, as_json: bool
) -> None:
    """Make reports, or show all that were made and what is left of each quarter's budget.

    A period without a topic makes the reports on all four; for a quarter that is its whole budget. A report is made
    once: asking again gives the same answer and spends nothing. Every figure is an order of magnitude with noise in
    it; a dash stands for fewer than three members. `stillwatch report --for forum` makes a document of it.

    \b
    Example:
      stillwatch exchange statistics --db forum.sqlite --root forum --topic indicators --period 2026-10
      stillwatch exchange statistics --db forum.sqlite --root forum --period 2026Q3 --json > 2026Q3.json
    """
    from stillwatch.errors import ConfigError
    from stillwatch.exchange.statistics.ledger import Ledger
    from stillwatch.exchange.statistics.periods import period as parsed
    from stillwatch.exchange.statistics.report import ledger

    if topic and not period:
        raise ConfigError("Of which month or quarter?", where="--period", hint="Such as 2026-10 or 2026Q3.")
    with options.opened_store(db, config_file) as store:
        if store.root(root) is None:
            raise ConfigError("There is no root of this name.", where=root)
        if period is None:
            known = ledger(store, root)
            _print(known, _all(known), as_json=as_json)
        else:
            made = Ledger(answers=tuple(_asked(store, root, [topic] if topic else TOPICS, parsed(period))))
            _print(made.answers[0] if topic else made, _told(list(made.answers)), as_json=as_json)


def _asked(store: "Store", root: str, topics: "Sequence[str]", about: "Period") -> "list[Answer]":
    """The reports on these topics; what is not told is said, and is an error if it is all that was asked for.

    Raises:
        PrivacyError: there is none that may be told.
    """
    from stillwatch.errors import PrivacyError
    from stillwatch.exchange.statistics.report import Question, ask
    from stillwatch.exchange.statistics.topics import TOPICS as KNOWN
    from stillwatch.exchange.store.store import microseconds

    made, refused = [], []
    for topic in topics:
        try:
            made.append(ask(store, root, Question(KNOWN[topic], about), microseconds()))
        except PrivacyError as error:
            refused.append(error)
    if not made:
        raise refused[0]
    for each in refused:
        note(str(each))
    return made


def _print(made: "Answer | Ledger", table: "Table", *, as_json: bool) -> None:
    if as_json:
        click.echo(made.model_dump_json(indent=2))
    else:
        show(table)


def _all(known: "Ledger") -> "Table":
    from stillwatch.exchange.statistics.periods import period

    table = _told(list(known.answers))
    quarters = sorted({period(answer.period).quarter for answer in known.answers})
    table.caption = "; ".join(f"left of {quarter}: {known.left(quarter):g}" for quarter in quarters)
    return table


def _told(answers: "list[Answer]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table("when", "topic", "of what", "how many", "within", box=box.SIMPLE_HEAD)
    for answer in answers:
        for cell, magnitude in answer.cells.items():
            table.add_row(answer.period, answer.topic, cell, magnitude or "-", str(answer.within))
    return table
