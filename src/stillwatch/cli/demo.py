"""`stillwatch demo`: the whole of it in a minute, with no log and no credentials."""

import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, progress, show
from stillwatch.cli.scan import find, write
from stillwatch.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from stillwatch.cli.demo_console import Opening
    from stillwatch.reports.document import FindingsDocument


@click.command(short_help="Simulate a log, scan it, explain a campaign, show what would be done: one minute.")
@click.option(
    "--out",
    type=options.FILE,
    default=Path("stillwatch-demo"),
    show_default=True,
    metavar="FOLDER",
    help="Where to write.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Another seed, other traffic.")
@click.option("--exchange", "together", is_flag=True, help="Three providers, alone and over an exchange: two minutes.")
@options.quiet
def command(*, out: Path, seed: int | None, together: bool, quiet: bool) -> None:
    """Show everything in a minute: simulate a log, scan it, explain its first campaign, write the report, respond.

    With --exchange: three providers scan alone, warn each other over an exchange on this machine, and scan again; the
    console of one of them is filled with what it found, and waits to be opened.

    \b
    Example:
      stillwatch demo --out stillwatch-demo
      stillwatch demo --exchange --out stillwatch-demo-exchange
    """
    (_exchange if together else _one)(out, seed, quiet=quiet)


def _one(out: Path, seed: int | None, *, quiet: bool) -> None:
    from stillwatch.config import Config
    from stillwatch.reports.terminal import summary, waterfall
    from stillwatch.simulate import load
    from stillwatch.simulate import write as simulate
    from stillwatch.traffic.pseudonyms import Key

    note("Simulating a provider's log, with campaigns and innocent look-alikes in it.", quiet=quiet)
    with progress(quiet=quiet) as advance:
        provider, *_ = simulate(load("demo"), out, seed=seed, progress=advance)
    log, accounts = out / provider / "requests.parquet", out / provider / "accounts.parquet"
    findings, page = out / "findings.json", out / "report.html"
    note(f"Scanning {log}.", quiet=quiet)
    with progress(quiet=quiet) as advance:
        document, _ = find([log], accounts, Config(), key=Key.ephemeral(), recall=None, until=None, progress=advance)
    write(document, findings, page)
    if not quiet:
        show(summary(document), *(waterfall(first) for first in document.campaigns[:1]))
        show("What the policy would do, if somebody applied it:", *_measures(document, accounts), "")
        first = document.campaigns[0].id if document.campaigns else "CAMPAIGN"
        note(_next_steps(first, log, accounts, findings, page))


def _measures(document: "FindingsDocument", accounts: Path) -> tuple[str, ...]:
    """A sentence for each campaign, from the policy that comes with stillwatch, at the log's end."""
    from stillwatch.response.policy.policy import load
    from stillwatch.response.policy.ruling import decide_on
    from stillwatch.traffic import Key, Rejects, read_accounts

    desk = read_accounts(accounts, key=Key.ephemeral(), rejects=Rejects())
    return decide_on(document, desk, load(None), standing=(), now=document.window.end, rng_seed=0).says


def _exchange(out: Path, seed: int | None, *, quiet: bool) -> None:
    from stillwatch.cli.demo_console import filled
    from stillwatch.cli.demo_exchange import forum
    from stillwatch.simulate import load
    from stillwatch.simulate import write as simulate

    place = out / "exchange"
    if place.exists():
        raise InputError("An exchange is here already.", where=str(place), hint="Choose another folder with --out.")
    note("Simulating three providers' logs; operators spread over them.", quiet=quiet)
    with progress(quiet=quiet) as advance:
        providers = simulate(load("spread"), out, seed=seed, progress=advance)
    told = partial(note, quiet=quiet)
    with forum(place, {name: out / name for name in providers}, lambda command: told(f"  {command}")) as members:
        told("Each scans alone.")
        alone = [member.scan("alone.json", "--no-exchange") for member in members]
        told("Each shares what it found: one person drafts, another approves, tokens are made, objects signed.")
        for member, findings in zip(members, alone, strict=True):
            member.share(findings)
        told("Each hears the others, and scans again.")
        for member in members:
            member.sync()
        together = [member.scan("together.json") for member in members]
        told("One confirms what the others led it to, and they hear of it.")
        members[0].confirm(together[0])
        members[1].sync()
        told("The second opens a console.")
        opening = filled(members[1], [alone[1], together[1]])
    if not quiet:
        show(_compared(out, list(zip(providers, alone, together, strict=True))))
        note(f"\nThe exchange, its members' settings and what left are in {place}; docs/exchange/README.md says more.")
        note(_open_it(members[1].name, opening))


def _open_it(member: str, opening: "Opening") -> str:
    """How to look at what was found: the last thing that the demonstration says."""
    from stillwatch.cli.demo_console import ADDRESS, PEOPLE

    who = ", ".join(f"{name} ({role})" for name, role in PEOPLE.items())
    return f"""
The console of {member}, with what it found alone and what it found once it was told by the others:
  stillwatch serve console --config {shlex.quote(str(opening.settings))}
Then open {ADDRESS} and sign in as {who};
the password of each is in {shlex.quote(str(opening.password))}. docs/console/tour.md shows the way through it."""


def _compared(out: Path, found: "list[tuple[str, Path, Path]]") -> "Table":
    """Planted and innocent accounts that each provider named, alone and together."""
    import pyarrow.parquet as pq
    from rich.table import Table

    truth = pq.read_table(out / "truth" / "accounts.parquet").to_pylist()
    table = Table("provider", "planted accounts", "named alone", "together", "innocent named alone", "together")
    for provider, *findings in found:
        planted = {row["account_id"] for row in truth if row["provider"] == provider and row["campaign"]}
        named = [_accounts(each) for each in findings]
        counts = [len(planted), *(len(each & planted) for each in named), *(len(each - planted) for each in named)]
        table.add_row(provider, *map(str, counts))
    return table


def _accounts(findings: Path) -> set[str]:
    campaigns = json.loads(findings.read_bytes())["campaigns"]
    return {account["account_id"] for campaign in campaigns for account in campaign["accounts"]}


def _next_steps(campaign: str, log: Path, accounts: Path, findings: Path, page: Path) -> str:
    log_, accounts_, findings_ = (shlex.quote(str(path)) for path in (log, accounts, findings))
    return f"""
The report: {page.resolve().as_uri()}
The labels, to compare: {log.parent.parent / "truth"}

What was just done:
  stillwatch scan {log_} --accounts {accounts_} -o {findings_}
  stillwatch explain {campaign} -f {findings_}
  stillwatch respond {findings_} --accounts {accounts_}
Next, with your own log:
  stillwatch config init
  stillwatch scan YOUR_LOGS -o findings.json --html report.html
  stillwatch review {campaign} --as rejected --reason "why" -f {findings_}"""
