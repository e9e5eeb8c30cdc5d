"""`stillwatch share`: what would leave, and, once two persons have agreed, what leaves."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, note, show, write_text
from stillwatch.errors import ConfigError, InputError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.exchange.client.publishing import Sent

LEVELS = ("clear", "green", "amber", "amber+strict", "red")


@click.command(short_help="Show what would be shared, and share it when two persons agree.")
@click.argument("findings", type=options.FILE, default=options.FINDINGS)
@click.option("--accounts", type=options.FILE, metavar="FILE", help="The accounts table: without it, no shared means.")
@click.option("--campaign", "campaigns", multiple=True, metavar="ID", help="Only this one; all that stand by default.")
@click.option("--tlp", type=click.Choice(LEVELS), help="How widely it may go; exchange.tlp by default.")
@click.option("--no-tokens", is_flag=True, help="Leave out what needs tokens: for an exchange that makes none.")
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Write the document as JSON.")
@click.option("--as", "person", metavar="PERSON", help="Who you are: keeps the document as a draft.")
@click.option("--approve", metavar="DRAFT", help="Approve what another person drafted, and publish it.")
@click.option("--withdraw", metavar="NAME", help="Withdraw an object, a campaign, or refuse a draft that was not sent.")
@click.option("--why", metavar="TEXT", help="Why: of what was sent, others will read it.")
@options.exchange
@options.config
@options.as_json
@options.quiet
def command(
    *,
    findings: Path,
    accounts: Path | None,
    campaigns: tuple[str, ...],
    tlp: str | None,
    no_tokens: bool,
    output: Path | None,
    person: str | None,
    approve: str | None,
    withdraw: str | None,
    why: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
    **given: object,
) -> None:
    """Show what would leave of campaigns, field by field, and what stays here and why.

    FINDINGS is what `scan -o` wrote. Nothing leaves by this: no network is used. With --as the document becomes a
    draft; when another person approves it, tokens are made, the objects signed and published. Prompts, account ids,
    exact counts and moments never leave.

    \b
    Example:
      stillwatch share findings.json --accounts accounts.csv
      stillwatch share findings.json --accounts accounts.csv --as alice
      stillwatch share --approve d-3f9a12cd --as bob
      stillwatch share --withdraw c-3f9a --why "An evaluation, they wrote to us" --as alice
    """
    check_writable(output)
    if approve and withdraw:
        raise ConfigError("Approve or withdraw, not both.", where="--approve, --withdraw")
    settings = options.load_settings(config_file, {"exchange.tlp": tlp, **options.exchange_flags(given)})
    if approve:
        document = _approved(settings, approve, _somebody(person))
    elif withdraw:
        document = _withdrawn(settings, withdraw, why, _somebody(person))
    else:
        from stillwatch.reports.sharing import Asked, draft

        asked = Asked(findings, accounts, campaigns, tokens=not no_tokens)
        document = draft(settings, asked, person, datetime.now(UTC))
    if output:
        write_text(output, json.dumps(document, indent=2) + "\n", mode=0o600)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    elif not quiet:
        _show(document)


def _approved(settings: "Settings", name: str, person: str) -> dict[str, Any]:
    """Publishes a draft; what was published already comes back as it was."""
    from stillwatch.exchange.client.state import State
    from stillwatch.reports import sharing

    with State.open(settings.config.exchange.state) as state:
        done = sharing.approve(settings, state, _draft_name(name), by=person, now=datetime.now(UTC))
    found = done.draft
    return {"draft": found.id, "stage": found.stage, "approved_by": found.approved_by, "sent": _listed(done.sent)}


def _withdrawn(settings: "Settings", name: str, why: str | None, person: str) -> dict[str, Any]:
    """Revokes, and sends that at once; drops a draft that was not sent."""
    from stillwatch.exchange.client import publishing
    from stillwatch.exchange.client.extension import Extension
    from stillwatch.exchange.client.session import opened
    from stillwatch.exchange.client.state import State
    from stillwatch.reports.sharing import people

    exchange, now = settings.config.exchange, datetime.now(UTC)
    may = people(exchange)
    with State.open(exchange.state) as state:
        if name.startswith("d-"):
            dropped = publishing.drop(state.outbox, name, by=person, why=why or "", people=may, now=now)
            return {"draft": dropped.id, "stage": "dropped", "sent": []}
        if not why:
            raise ConfigError("Others will ask why.", where="--why", hint="Say it in one line, without names.")
        with opened(exchange) as session:
            voice = publishing.speaking(session, Extension.of(session, state))
            made = publishing.withdraw(state, name, why=why, by=person, people=may, voice=voice, now=now)
            sent = publishing.send(session, state)
    return {"draft": made.id, "stage": "sent", "withdraws": made.content["withdraws"], "sent": _listed(sent)}


def _draft_name(name: str) -> str:
    """A draft's id, or the file that `-o` wrote of it."""
    if not name.startswith("d-") and Path(name).is_file():
        try:
            return str(json.loads(Path(name).read_bytes())["draft"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise InputError("This file holds no draft.", where=name, hint="Give the draft's id, d-…") from None
    return name


def _somebody(person: str | None) -> str:
    if not person:
        raise ConfigError("Who does this?", where="--as", hint="Name one of exchange.publishers or exchange.approvers.")
    return person


def _listed(sent: Sequence["Sent"]) -> list[dict[str, Any]]:
    return [vars(each) for each in sent]


def _show(document: Mapping[str, Any]) -> None:
    """The document on the terminal, and what to do next."""
    if "campaigns" in document:
        from stillwatch.exchange.client.terminal import outgoing

        show(outgoing(document))
        if "draft" in document:
            note(f"Drafted. Another person publishes it: stillwatch share --approve {document['draft']} --as PERSON")
        return
    objects = sum(each["objects"] for each in document["sent"])
    note(f"{document['draft']} is {document['stage']}." + (f" {objects} objects were taken." if objects else ""))
