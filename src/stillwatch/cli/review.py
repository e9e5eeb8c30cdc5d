"""`stillwatch review`: a person's verdict on a campaign, remembered."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from stillwatch.cli import options
from stillwatch.cli.output import note


@click.command(short_help="Remember a person's verdict on a campaign.")
@click.argument("campaign")
@click.option(
    "--as", "verdict", type=click.Choice(["confirmed", "rejected", "unsure"]), required=True, help="The verdict."
)
@click.option("--author", default=getpass.getuser, show_default="your login name", help="Who decided.")
@click.option("--reason", required=True, help="Why: whoever reads the finding next will ask.")
@options.findings
@options.config
@options.as_json
@options.quiet
def command(
    *,
    campaign: str,
    verdict: Literal["confirmed", "rejected", "unsure"],
    author: str,
    reason: str,
    findings: Path,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Remember a verdict on a campaign.

    A rejected campaign stays rejected in later scans while its evidence is the same. The newest verdict counts.

    \b
    Example:
      stillwatch review c-1f09 --as rejected --author ana --reason "A course at a university, they wrote to us"
    """
    settings = options.load_settings(config_file)
    found = options.load_findings(findings, settings).campaign(campaign)
    store = options.load_reviews(settings)
    store.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    review = store.add(found, verdict=verdict, author=author, reason=reason, at=datetime.now(UTC))
    if as_json:
        click.echo(review.model_dump_json(indent=2))
    else:
        note(f"{found.id} is {verdict}, says {review.author}. Remembered in {store.path}.", quiet=quiet)
