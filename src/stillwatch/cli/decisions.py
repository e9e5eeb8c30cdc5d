"""`stillwatch decisions`: what stands, what waits for a person, the switch, and whether the ledger holds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import measures, options
from stillwatch.cli.output import note, show
from stillwatch.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.table import Table

    from stillwatch.response.ledger.chain import Entry
    from stillwatch.response.model import Decision

_CAMPAIGN = click.option("--campaign", metavar="ID", help="All of this campaign.")


@click.group(short_help="What stands, what waits for a person, and the switch.")
def command() -> None:
    """The ledger of decisions.

    \b
    Example:
      stillwatch decisions list
      stillwatch decisions sign --campaign c-1f09 --as alice
      stillwatch decisions off --as alice --reason "customers report errors"
    """


@command.command(name="list", short_help="List what stands and what waits.")
@click.option("--waiting", is_flag=True, help="Only what waits for a person.")
@_CAMPAIGN
@measures.placed
def list_decisions(
    *, waiting: bool, campaign: str | None, ledger: str | None, config_file: Path | None, as_json: bool
) -> None:
    """List decisions in force or about to be, and proposals.

    \b
    Example:
      stillwatch decisions list --waiting
      stillwatch decisions list --campaign c-1f09 --json
    """
    from stillwatch.response.model import told

    with measures.opened(config_file, ledger) as at:
        picture, enabled = at.ledger.picture(at.now), at.ledger.enabled
    standing = [] if waiting else _of(campaign, picture.standing.values())
    proposed = _of(campaign, picture.waiting.values())
    if as_json:
        document = {"standing": [told(each) for each in standing], "waiting": [told(each) for each in proposed]}
        click.echo(json.dumps({"enabled": enabled} | document, indent=2))
        return
    if not enabled:
        note("The switch is off: no measure acts. `stillwatch decisions on` turns them on.")
    if standing or proposed:
        show(_table(standing, proposed, at.now))
    else:
        note("Nothing stands and nothing waits." if not waiting else "Nothing waits.")


@command.command(name="show", short_help="Show a decision or an account, and all that happened to it.")
@click.argument("name")
@measures.placed
def show_history(*, name: str, ledger: str | None, config_file: Path | None, as_json: bool) -> None:
    """Show every entry of the ledger about NAME: a decision, an appeal, an account or a campaign.

    \b
    Example:
      stillwatch decisions show d-3f9a0c1b2d4e
      stillwatch decisions show acct-4711 --json
    """
    with measures.opened(config_file, ledger) as at:
        history = at.ledger.history(name)
    if not history:
        raise InputError("The ledger has nothing about this.", where=name)
    if as_json:
        click.echo(json.dumps([_document(each) for each in history], indent=2))
    else:
        show(*(_lines(each) for each in history))


@command.command(short_help="Sign what waits: it stands, and you answer for it.")
@click.argument("ids", nargs=-1)
@_CAMPAIGN
@measures.person
@options.quiet
@measures.placed
def sign(
    *,
    ids: tuple[str, ...],
    campaign: str | None,
    person: str,
    ledger: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Sign proposals: they stand from now on. Whoever signs cannot answer an appeal of it.

    \b
    Example:
      stillwatch decisions sign d-3f9a0c1b2d4e --as alice
      stillwatch decisions sign --campaign c-1f09 --as alice
    """
    with measures.opened(config_file, ledger, person) as at:
        known = at.ledger.waiting(at.now) if campaign else ()
        signed = at.ledger.sign(_named(ids, campaign, known), at.by, at.now)
        _told("signed", signed, at.by, as_json=as_json, quiet=quiet)
        at.tell_gateways(quiet=quiet)


@command.command(short_help="End measures, or refuse proposals, at once.")
@click.argument("ids", nargs=-1)
@_CAMPAIGN
@measures.reason
@measures.person
@options.quiet
@measures.placed
def lift(
    *,
    ids: tuple[str, ...],
    campaign: str | None,
    reason: str,
    person: str,
    ledger: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """End measures and refuse proposals.

    The next judgement may decide the same again; an appeal that is granted (`stillwatch appeal reverse`) or a campaign
    that is rejected (`stillwatch review`) keeps it from that.

    \b
    Example:
      stillwatch decisions lift d-3f9a0c1b2d4e --as bob --reason "the key was stolen, and is rotated"
    """
    with measures.opened(config_file, ledger, person) as at:
        picture = at.ledger.picture(at.now)
        known = [*picture.standing.values(), *picture.waiting.values()] if campaign else ()
        ended = at.ledger.lift(_named(ids, campaign, known), at.by, reason, at.now)
        _told("ended", ended, at.by, as_json=as_json, quiet=quiet)
        at.tell_gateways(quiet=quiet)


@command.command(short_help="Check the whole ledger, and print a checkpoint.")
@click.option("--against", type=options.FILE, metavar="FILE", help="A checkpoint that was kept elsewhere.")
@measures.placed
def verify(*, against: Path | None, ledger: str | None, config_file: Path | None, as_json: bool) -> None:
    """Check that no entry was changed, taken away or put in.

    Prints a checkpoint: kept where those who have the database cannot write, it shows a ledger that was wholly
    replaced, or cut off at its end, too.

    Exit codes: 4 the ledger does not hold.

    \b
    Example:
      stillwatch decisions verify > checkpoint.txt
      stillwatch decisions verify --against checkpoint.txt
    """
    kept = against.read_text(encoding="utf-8", errors="replace") if against else None
    with measures.opened(config_file, ledger) as at:
        head = at.ledger.verify(kept)
        checkpoint = at.ledger.checkpoint(head)
    if as_json:
        click.echo(json.dumps({"entries": head.number, "hash": head.hash, "checkpoint": checkpoint}, indent=2))
    else:
        click.echo(checkpoint, nl=False)
        note(f"{head.number:,} entries, none altered, missing or out of its place.")


def _switch(name: str, *, on: bool, says: str, example: str) -> None:
    @command.command(name=name, short_help=says, help=f"{says}\n\n\b\nExample:\n  {example}")
    @measures.reason
    @measures.person
    @options.quiet
    @measures.placed
    def switch(
        *, reason: str, person: str, ledger: str | None, config_file: Path | None, as_json: bool, quiet: bool
    ) -> None:
        with measures.opened(config_file, ledger, person, create=not on) as at:
            at.ledger.switch(on, at.by, reason, at.now)
            if as_json:
                click.echo(json.dumps({"enabled": on, "by": at.by, "reason": reason}))
            note(f"Measures are {name}, says {at.by}.", quiet=quiet or as_json)
            at.tell_gateways(quiet=quiet)


_switch(
    "off",
    on=False,
    says="Turn all measures off at once; what stands is kept.",
    example='stillwatch decisions off --as alice --reason "customers report errors"',
)
_switch(
    "on",
    on=True,
    says="Turn measures on again.",
    example='stillwatch decisions on --as alice --reason "the policy is corrected"',
)


@command.command(short_help="Tell the gateways again what stands.")
@options.quiet
@measures.placed
def publish(*, ledger: str | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Tell the gateways what stands: after a change of the policy, or where they could not be reached.

    \b
    Example:
      stillwatch decisions publish
    """
    with measures.opened(config_file, ledger) as at:
        at.tell_gateways(quiet=quiet)
        if as_json:
            click.echo(json.dumps({"standing": len(at.ledger.standing(at.now)), "enabled": at.ledger.enabled}))


def _of(campaign: str | None, decisions: "Iterable[Decision]") -> "list[Decision]":
    return [each for each in decisions if campaign in {None, each.campaign, each.value}]


def _named(ids: tuple[str, ...], campaign: str | None, known: "Iterable[Decision]") -> tuple[str, ...]:
    named = (*ids, *(each.id for each in _of(campaign, known))) if campaign else ids
    if not named:
        raise InputError("There is nothing to do.", hint="Name decisions, or a campaign that has some: --campaign.")
    return named


def _told(what: str, decisions: "tuple[Decision, ...]", by: str, *, as_json: bool, quiet: bool) -> None:
    from stillwatch.response.model import told

    if as_json:
        click.echo(json.dumps({what: [told(each) for each in decisions], "by": by}, indent=2))
    else:
        number = f"{len(decisions):,} decision{'s' * (len(decisions) != 1)}"
        note(f"{number} {what} by {by}.", quiet=quiet)


def _table(standing: "list[Decision]", proposed: "list[Decision]", now: "datetime") -> "Table":
    from rich import box
    from rich.table import Table

    from stillwatch.reports.wording import minute, printable

    table = Table("decision", "measure", "against", "until", "campaign", "", box=box.SIMPLE_HEAD)
    for each, waits in [*((d, False) for d in standing), *((d, True) for d in proposed)]:
        later = f"from {minute(each.since)}" if each.since > now else ""
        says = "; ".join(
            filter(None, ("simulated" if each.simulated else "", "waits for a person" if waits else later))
        )
        against = printable(each.value) if each.scope != "campaign" else "whoever is recognised"
        table.add_row(each.id, each.action.word, against, minute(each.until), each.campaign, says)
    return table


def _document(each: "Entry") -> dict[str, object]:
    return {
        "number": each.number,
        "time": each.at.isoformat(),
        "kind": each.kind,
        "hash": each.hash.hex(),
        **json.loads(each.text),
    }


def _lines(each: "Entry") -> str:
    from stillwatch.reports.wording import minute, printable

    said = json.loads(each.text)
    said |= said.pop("decision") if isinstance(said.get("decision"), dict) else {}
    shown = ("id", "appeal", "value", "action", "outcome", "since", "at", "until", "due", "reason", "by", "families")
    parts = [f"  {name:9} {printable(str(said[name]))}" for name in (*shown, "evidence") if said.get(name)]
    return "\n".join([f"{each.number:6}  {minute(each.at)}  {each.kind}", *parts])
