"""`stillwatch share`: what would leave, and, once two persons have agreed, what leaves."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, note, show, write_text
from stillwatch.errors import ConfigError, InputError, PrivacyError

if TYPE_CHECKING:
    from stillwatch.config import ExchangeConfig, Settings
    from stillwatch.exchange.client.people import People
    from stillwatch.exchange.client.publishing import Sent
    from stillwatch.exchange.client.share import Past, Plan, Rules
    from stillwatch.reports.document import Campaign

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
@click.option("--withdraw", metavar="NAME", help="Withdraw an object, a campaign, or a draft that was not sent.")
@click.option("--why", metavar="TEXT", help="Why it is withdrawn, in a line that others will read.")
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
        asked = _Asked(findings, accounts, campaigns, tokens=not no_tokens)
        document = _drafted(settings, asked, person)
    if output:
        write_text(output, json.dumps(document, indent=2) + "\n", mode=0o600)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    elif not quiet:
        _show(document)


@dataclass(frozen=True)
class _Asked:
    """Of what something would leave."""

    findings: Path
    accounts: Path | None
    campaigns: tuple[str, ...]
    tokens: bool

    @property
    def digests(self) -> dict[str, Any]:
        """The files as they are, so that a draft is of these and no others."""
        return {"findings": _digest(self.findings), "accounts": _digest(self.accounts) if self.accounts else None}


def _digest(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = f"`stillwatch scan LOGS -o {options.FINDINGS}` writes findings."
        raise InputError(f"It cannot be read ({error.strerror}).", where=str(path), hint=hint) from None
    return {"path": str(path.resolve()), "sha256": hashlib.sha256(content).hexdigest()}


def _drafted(settings: "Settings", asked: _Asked, person: str | None) -> dict[str, Any]:
    """The document; kept as a draft where somebody drafts it."""
    from stillwatch.exchange.client import publishing, share
    from stillwatch.exchange.client.extension import our_identity
    from stillwatch.exchange.client.state import State

    exchange, now = settings.config.exchange, datetime.now(UTC)
    digests, rules = asked.digests, _rules(exchange, tokens=asked.tokens)
    if person:
        _people(exchange).check_publisher(person)
    known = exchange.state.exists() or person is not None
    with State.open(exchange.state) if known else nullcontext() as state:
        plans, refused = _plans(settings, asked, rules, publishing.past(state) if state else None)
        document = share.document(
            plans,
            rules=rules,
            contributor=our_identity(exchange, state, ask=person is not None),
            now=now,
            inputs=digests,
            before={each.object["id"]: dict(each.object) for each in state.outbox.said()} if state else {},
            refused=refused,
        )
        if person is None or state is None:
            return document
        made = publishing.draft(state.outbox, document, plans, by=person, people=_people(exchange), now=now)
    return {"draft": made.id, "drafted_by": person, **document}


def _plans(
    settings: "Settings", asked: _Asked, rules: "Rules", past: "Past | None"
) -> tuple[list["Plan"], list[tuple[str, str]]]:
    """What would leave of each campaign, and of which nothing does."""
    from stillwatch.exchange.client.means import read_means
    from stillwatch.exchange.client.share import plan

    means = read_means(asked.accounts, options.load_key(settings)) if asked.accounts else None
    plans, refused = [], []
    for campaign in _campaigns(settings, asked):
        try:
            plans.append(plan(campaign, means, rules, past))
        except PrivacyError as error:
            refused.append((campaign.id, str(error)))
    return plans, refused


def _campaigns(settings: "Settings", asked: _Asked) -> Sequence["Campaign"]:
    document = options.load_findings(asked.findings, settings)
    if not asked.campaigns:
        return document.standing
    named = [document.campaign(name) for name in asked.campaigns]
    if dismissed := [each.id for each in named if each.dismissed]:
        raise InputError(f"A person rejected {dismissed[0]}.", hint="Review it anew before it is shared.")
    return named


def _approved(settings: "Settings", name: str, person: str) -> dict[str, Any]:
    """Publishes a draft; what was published already comes back as it was."""
    from stillwatch.exchange.client import publishing
    from stillwatch.exchange.client.session import opened
    from stillwatch.exchange.client.state import State

    exchange = settings.config.exchange
    with State.open(exchange.state) as state:
        drafted = state.outbox.find(_draft_name(name))
        people, content = _people(exchange), drafted.content
        if "campaigns" not in content:
            raise InputError("It needs nobody's approval.", where=drafted.id, hint="`stillwatch sync` sends it.")
        rules = _rules(exchange, tokens=content["tokens"], tlp=content["tlp"])
        publishing.check(state.outbox, drafted, by=person, people=people, rules=rules)
        sent: list[Sent] = []
        if drafted.stage == "drafted":
            plans = _replanned(settings, content, rules, publishing.past(state))
            with opened(exchange) as session:
                sent = publishing.publish(
                    session, state, drafted, plans, by=person, people=people, rules=rules, now=datetime.now(UTC)
                )
        elif drafted.stage == "approved":
            with opened(exchange) as session:
                sent = publishing.send(session, state)
        found = state.outbox.find(drafted.id)
    return {"draft": found.id, "stage": found.stage, "approved_by": found.approved_by, "sent": _listed(sent)}


def _replanned(settings: "Settings", content: Mapping[str, Any], rules: "Rules", past: "Past") -> list["Plan"]:
    """The plans of a draft, made anew.

    Raises:
        InputError: the files are others than they were.
    """
    from stillwatch.exchange.client.publishing import changed

    inputs, ids = content["inputs"], tuple(each["id"] for each in content["campaigns"])
    accounts = Path(inputs["accounts"]["path"]) if inputs["accounts"] else None
    asked = _Asked(Path(inputs["findings"]["path"]), accounts, ids, tokens=content["tokens"])
    if asked.digests != inputs:
        raise changed("the findings or the accounts table")
    return _plans(settings, asked, rules, past)[0]


def _withdrawn(settings: "Settings", name: str, why: str | None, person: str) -> dict[str, Any]:
    """Revokes, and sends that at once."""
    from stillwatch.exchange.client import publishing
    from stillwatch.exchange.client.extension import Extension
    from stillwatch.exchange.client.session import opened
    from stillwatch.exchange.client.state import State

    exchange, now = settings.config.exchange, datetime.now(UTC)
    with State.open(exchange.state) as state:
        if name.startswith("d-"):
            dropped = publishing.drop(state.outbox, name, by=person, people=_people(exchange))
            return {"draft": dropped.id, "stage": "dropped", "sent": []}
        if not why:
            raise ConfigError("Others will ask why.", where="--why", hint="Say it in one line, without names.")
        with opened(exchange) as session:
            voice = publishing.speaking(session, Extension.of(session, state))
            made = publishing.withdraw(state, name, why=why, by=person, people=_people(exchange), voice=voice, now=now)
            sent = publishing.send(session, state)
    return {"draft": made.id, "stage": "sent", "withdraws": made.content["withdraws"], "sent": _listed(sent)}


def _rules(exchange: "ExchangeConfig", *, tokens: bool, tlp: str | None = None) -> "Rules":
    from stillwatch.exchange.client.share import Rules
    from stillwatch.indicators.markings import Level

    return Rules(Level[(tlp or exchange.tlp).upper().replace("+", "_")], tokens=tokens)


def _people(exchange: "ExchangeConfig") -> "People":
    from stillwatch.exchange.client.people import People

    return People(frozenset(exchange.publishers), frozenset(exchange.approvers))


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
