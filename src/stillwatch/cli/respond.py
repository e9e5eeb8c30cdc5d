"""`stillwatch respond`: from findings to decisions, shown first, applied when somebody says so."""

import hashlib
import json
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import measures, options
from stillwatch.cli.output import note, show
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from rich.table import Table

    from stillwatch.config import Settings
    from stillwatch.reports.document import FindingsDocument
    from stillwatch.response.ledger.ledger import Ledger
    from stillwatch.response.policy.policy import Policy
    from stillwatch.response.policy.ruling import Proposal

_REJECTED = "a person rejected the campaign"
_MOOT = "the policy does as much by itself now"


@click.command(short_help="Show or apply what the policy makes of findings.")
@click.argument("findings", required=False, type=options.FILE, default=options.FINDINGS)
@click.option(
    "--accounts", type=options.FILE, metavar="FILE", help="The accounts table: plans, ages and organizations."
)
@click.option(
    "--policy", "policy_file", type=options.FILE, metavar="FILE", help="The policy; response.policy by default."
)
@measures.ledger
@click.option("--apply", "acts", is_flag=True, help="Decide: write it to the ledger, and tell the gateways.")
@click.option("--record", is_flag=True, help="Write it to the ledger as simulated: gateways count, and touch nobody.")
@click.option("--as", "person", metavar="NAME", help="Who applies or records it; one of response.people.")
@options.config
@options.as_json
@options.quiet
def command(
    *,
    findings: Path,
    accounts: Path | None,
    policy_file: Path | None,
    ledger: str | None,
    acts: bool,
    record: bool,
    person: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what the policy makes of findings; nothing is done without --apply.

    What needs a person, and what reaches further than the policy may by itself, waits in the ledger for
    `stillwatch decisions sign`. What stands already is not decided again.

    \b
    Example:
      stillwatch respond findings.json --accounts accounts.csv
      stillwatch respond findings.json --accounts accounts.csv --apply --as alice
    """
    from stillwatch.response.policy.policy import load

    settings = options.load_settings(config_file, {"response.policy": policy_file, "response.ledger": ledger})
    by = _person(person, settings, acts=acts, record=record)
    policy, now = load(settings.config.response.policy), datetime.now(UTC)
    document = options.load_findings(findings, settings)
    table = _accounts(accounts, settings)
    with _opened(settings, needed=by is not None) as book:
        proposal = _proposal(document, table, policy, book, settings=settings, now=now, simulated=not acts)
        if book is not None:
            proposal = _recorded(book, proposal, by, now, acts=acts)
        if book is not None and by is not None:
            measures.tell_gateways(book, settings, now, quiet=quiet or as_json)
    _tell(proposal, acts=acts, record=record, as_json=as_json, quiet=quiet)


def _person(person: str | None, settings: "Settings", *, acts: bool, record: bool) -> str | None:
    """Who answers for it; None where nothing is written."""
    if acts and record:
        raise ConfigError("Either it is applied or it is recorded as simulated.", where="--apply, --record")
    if not acts and not record:
        return None
    if person is None:
        raise ConfigError("Somebody has to answer for it.", where="--as", hint="Give --as NAME.")
    return measures.check_person(person, settings)


def _accounts(path: Path | None, settings: "Settings") -> "pa.Table | None":
    from stillwatch.traffic import Rejects, read_accounts
    from stillwatch.traffic.pseudonyms import Key

    return read_accounts(path, key=Key.of(settings), rejects=Rejects()) if path else None


@contextmanager
def _opened(settings: "Settings", *, needed: bool) -> "Iterator[Ledger | None]":
    """The ledger; None where there is none and nothing is written."""
    address = settings.config.response.ledger
    if not needed and (address is None or _absent(address)):
        yield None
        return
    with measures.opened_ledger(settings, create=needed) as book:
        yield book


def _absent(address: str) -> bool:
    """Whether no ledger is there yet."""
    with suppress(ModuleNotFoundError):  # opening it says what is missing
        from stillwatch.database import Database
        from stillwatch.response.ledger.ledger import SCHEMA

        return not Database.at(address).holds(SCHEMA)
    return False


def _proposal(
    document: "FindingsDocument",
    accounts: "pa.Table | None",
    policy: "Policy",
    book: "Ledger | None",
    *,
    settings: "Settings",
    now: datetime,
    simulated: bool,
) -> "Proposal":
    from stillwatch.reports.document import dumps
    from stillwatch.response.policy.ruling import decide_on

    # the same findings draw the same moments; nobody outside has them
    seed = int.from_bytes(hashlib.sha256(dumps(document).encode()).digest()[:8])
    return decide_on(
        document,
        accounts,
        policy,
        standing=book.standing(now) if book else (),
        waiting=book.waiting(now) if book else (),
        now=now,
        rng_seed=seed,
        simulated=simulated,
        independent_bits=settings.config.scan.independent_bits,
    )


def _recorded(book: "Ledger", proposal: "Proposal", by: str | None, now: datetime, *, acts: bool) -> "Proposal":
    """What became of the proposal in the ledger, or would: it drops what an appeal has freed an account from."""
    from stillwatch.response.ledger import laws

    if by is None:
        recorded = laws.deciding(proposal.decisions, book.picture(now), "")[1]
    else:
        recorded = book.decide(proposal.decisions, by=by, now=now)
        if acts:  # simulated proposals wait for nobody
            book.propose(proposal.waiting, now)
            for ended, why in ((proposal.lifts, _REJECTED), (proposal.moot, _MOOT)):
                if ended:
                    book.lift([each.id for each in ended], by, why, now)
    freed = f"{len(recorded.dropped):,} decisions were dropped: an appeal against the same evidence was granted."
    return replace(
        proposal,
        decisions=tuple(recorded.decided),
        waiting=(*proposal.waiting, *recorded.waiting),
        says=(*proposal.says, freed) if recorded.dropped else proposal.says,
    )


def _tell(proposal: "Proposal", *, acts: bool, record: bool, as_json: bool, quiet: bool) -> None:
    if as_json:
        from stillwatch.response.model import told

        parts = {
            "decisions": proposal.decisions,
            "waiting": proposal.waiting,
            "lifts": proposal.lifts,
            "moot": proposal.moot,
        }
        document = {name: [told(each) for each in part] for name, part in parts.items()}
        click.echo(json.dumps({"applied": acts, **document, "says": proposal.says}, indent=2))
        return
    if quiet:
        return
    from stillwatch.reports.wording import printable

    if proposal.decisions or proposal.waiting:
        show(_table(proposal))
    shown = {decision.campaign for decision in proposal.decisions + proposal.waiting}
    for line in proposal.says:
        if line.partition(": ")[0] not in shown:
            click.echo(printable(line))
    note(_last(proposal, acts=acts, record=record))


def _table(proposal: "Proposal") -> "Table":
    from rich.table import Table

    from stillwatch.reports.wording import printable

    table = Table("campaign", "measure", "accounts", "until", "", box=None, pad_edge=False, header_style="bold")
    rows = [(d, False) for d in proposal.decisions] + [(d, True) for d in proposal.waiting]
    accounts = Counter((d.campaign, waits, d.action) for d, waits in rows if d.scope == "account")
    last = {(d.campaign, waits, d.action): d.until for d, waits in sorted(rows, key=lambda row: row[0].until)}
    for (campaign, waits, action), until in sorted(last.items()):
        number = accounts[campaign, waits, action]
        told = f"{number:,}" if number else "the next"
        table.add_row(
            printable(campaign), action.word, told, f"{until:%d %b %Y %H:%M}", "waits for a person" if waits else ""
        )
    return table


def _last(proposal: "Proposal", *, acts: bool, record: bool) -> str:
    if not (proposal.decisions or proposal.waiting or proposal.lifts or proposal.moot):
        return "There is nothing new to decide."
    if acts:
        waits = " `stillwatch decisions list --waiting` shows what waits." if proposal.waiting else ""
        return f"Applied: {len(proposal.decisions):,} decisions are in the ledger.{waits}"
    if record:
        return f"Recorded: {len(proposal.decisions):,} simulated decisions are in the ledger, and touch nobody."
    return "Nothing was done: --apply --as NAME does it."
