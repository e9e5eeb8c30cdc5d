"""`stillwatch demo`: the whole of it in a minute, with no log and no credentials."""

import shlex
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, progress, show
from stillwatch.cli.scan import find, write


@click.command(short_help="Simulate a log, scan it, explain a campaign: one minute.")
@click.option(
    "--out",
    type=options.FILE,
    default=Path("stillwatch-demo"),
    show_default=True,
    metavar="FOLDER",
    help="Where to write.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Another seed, other traffic.")
@options.quiet
def command(*, out: Path, seed: int | None, quiet: bool) -> None:
    """Show everything in a minute: simulate a log, scan it, explain its first campaign, write the report.

    \b
    Example:
      stillwatch demo --out stillwatch-demo
    """
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
        first = document.campaigns[0].id if document.campaigns else "CAMPAIGN"
        note(_next_steps(first, log, accounts, findings, page))


def _next_steps(campaign: str, log: Path, accounts: Path, findings: Path, page: Path) -> str:
    log_, accounts_, findings_ = (shlex.quote(str(path)) for path in (log, accounts, findings))
    return f"""
The report: {page.resolve().as_uri()}
The labels, to compare: {log.parent.parent / "truth"}

What was just done:
  stillwatch scan {log_} --accounts {accounts_} -o {findings_}
  stillwatch explain {campaign} -f {findings_}
Next, with your own log:
  stillwatch config init
  stillwatch scan YOUR_LOGS -o findings.json --html report.html
  stillwatch review {campaign} --as rejected --reason "why" -f {findings_}"""
