"""What share and sync show on a terminal: renderables only, nothing of it read as markup."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stillwatch.exchange.client.properties import properties
from stillwatch.exchange.client.sync import Read, Summary

_MOST = 12  # rows of what was set aside


def outgoing(document: Mapping[str, Any]) -> RenderableType:
    """What would leave, field by field, and what stays here and why."""
    parts: list[RenderableType] = []
    for campaign in document["campaigns"]:
        parts += [*_campaign(campaign), Text()]
    for refused in document["refused"]:
        parts += [Text(f"{refused['id']} stays here: {refused['why']}"), Text()]
    total = len(document["campaigns"])
    told = f"{total} campaign{'' if total == 1 else 's'} would leave, marked TLP:{document['tlp'].upper()}. "
    return Group(*parts, Text(told + "Nothing has left."))


def _campaign(campaign: Mapping[str, Any]) -> Iterator[RenderableType]:
    tokens = ", ".join(f"{count:,} {klass}" for klass, count in campaign["tokens"].items())
    yield Text(f"{campaign['id']}: tokens of {tokens or 'nothing'}", style="bold")
    leaves = _table("leaves", "property", "as")
    for each in campaign["leaves"]:
        for number, (name, value) in enumerate(properties(each)):
            leaves.add_row(Text("" if number else each["type"]), Text(name), Text(value))
    yield leaves
    handling = campaign["leaves"][-1]["object_marking_refs"]
    yield Text(f"Each object has an id, our pseudonym, when it is sent, and the markings {', '.join(handling)}.\n")
    stays = _table("stays here", "why")
    for held in campaign["held_back"]:
        stays.add_row(Text(held["field"]), Text(held["why"]))
    yield stays


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def summary(done: Summary) -> RenderableType:
    """What a sync did."""
    table = _table("collection", "new", "changed", "withdrawn", "set aside")
    for read in done.read:
        counts = (len(read.new), len(read.changed), len(read.withdrawn), len(read.set_aside))
        table.add_row(Text(read.title), *(Text(f"{count:,}") for count in counts))
    return Group(table, *_aside(done.read), *map(Text, _sentences(done)))


def _aside(reads: Iterable[Read]) -> Iterator[Text]:
    rows = [f"set aside: {name}: {why}" for read in reads for name, why in sorted(read.set_aside.items())]
    yield from (Text(row) for row in rows[:_MOST])
    if len(rows) > _MOST:
        yield Text(f"and {len(rows) - _MOST:,} more, which --json lists")


def _sentences(done: Summary) -> Iterator[str]:
    if done.sent:
        yield f"Sent {', '.join(f'{each.draft} ({each.objects} objects)' for each in done.sent)}."
    if done.answered:
        yield f"Answered with {done.answered} sightings and opinions."
    if not done.vouched:
        yield "This server keeps no signatures and no log: what it says is taken on its word, and counts for less."
    elif done.log_size is not None:
        yield f"The log has {done.log_size:,} entries and only grew{'; cosigned' if done.cosigned else ''}."
    yield from (f"{step}: {error}" for step, error in done.problems)
