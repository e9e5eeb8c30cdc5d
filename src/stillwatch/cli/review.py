"""`stillwatch review`: a person's verdict on a campaign, remembered."""

import getpass
from datetime import UTC, datetime, timedelta
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
@click.option("--second", default="", metavar="NAME", help="Who else says so, where reviews.two_persons asks for two.")
@click.option(
    "--days", type=click.IntRange(1, 3650), help="For how long; without it, for as long as the evidence is the same."
)
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
    second: str,
    days: int | None,
    findings: Path,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Remember a verdict on a campaign.

    A rejected campaign stays rejected in later scans while its evidence is the same, for --days at most. The newest
    verdict counts.

    \b
    Example:
      stillwatch review c-1f09 --as rejected --author ana --reason "A course at a university, they wrote to us"
    """
    from stillwatch.reports.reviews import check_second

    settings, now = options.load_settings(config_file), datetime.now(UTC)
    check_second(verdict, author, second, settings.config.reviews.two_persons)
    found = options.load_findings(findings, settings).campaign(campaign)
    store = options.load_reviews(settings)
    store.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    until = now + timedelta(days=days) if days else None
    review = store.add(found, verdict=verdict, author=author, reason=reason, at=now, until=until, second=second)
    if as_json:
        click.echo(review.model_dump_json(indent=2))
    else:
        note(f"{found.id} is {verdict}, says {review.people}. Remembered in {store.path}.", quiet=quiet)
