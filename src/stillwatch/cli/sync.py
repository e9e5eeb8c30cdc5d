"""`stillwatch sync`: say what is approved, hear what is new."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import progress, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.config import Settings
    from stillwatch.exchange.client.answers import Judged
    from stillwatch.exchange.client.sync import Summary


@click.command(short_help="Send what is approved to the exchange, and fetch what is new.")
@click.option(
    "--findings",
    "-f",
    type=options.FILE,
    metavar="FILE",
    help="What `scan -o` wrote, to answer indicators that matched; ./findings.json if it is there.",
)
@click.option("--collection", "collections", multiple=True, metavar="NAME", help="Read only this one; all by default.")
@click.option("--anew", is_flag=True, help="Read from the beginning: after the operator gave you further rights.")
@options.exchange
@options.config
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    findings: Path | None,
    collections: tuple[str, ...],
    anew: bool,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
    **given: object,
) -> None:
    """Send what two persons approved, fetch what other members say, and answer it.

    What is new since the last sync is fetched from any TAXII 2.1 server. From a stillwatch exchange the publishers'
    signatures and the log are checked too, and its head is cosigned. What does not hold is set aside with the reason.
    Verdicts (`stillwatch review`) on campaigns that others' indicators matched go back as sightings and opinions; when
    one ends, is taken back or is another now, a newer version of them says so.

    Exit codes: 3 the exchange cannot be reached (run it again: nothing is lost), 4 a signature or the log does not
    hold.

    \b
    Example:
      stillwatch sync
      stillwatch sync --url https://exchange.example/taxii2/ --member acme --secret-file acme.secret --state acme.sqlite
    """
    flags = options.exchange_flags(given) | {"exchange.collections": collections or None}
    settings = options.load_settings(config_file, flags)
    with progress(quiet=quiet or as_json) as tell:
        done = _sync(settings, _judged(settings, findings), anew=anew, tell=tell)
    if as_json:
        click.echo(json.dumps(done.document, indent=2))
    elif not quiet:
        from stillwatch.exchange.client.terminal import summary

        show(summary(done))
    if done.problems:
        if quiet or as_json:
            click.echo("\n".join(f"stillwatch: {step}: {error}" for step, error in done.problems), err=True)
        ctx.exit(done.exit_code)


def _sync(settings: "Settings", judged: "Judged", *, anew: bool, tell: "Callable[[str, float], None]") -> "Summary":
    from stillwatch.exchange.client.session import opened
    from stillwatch.exchange.client.state import State
    from stillwatch.exchange.client.sync import sync

    exchange = settings.config.exchange
    with opened(exchange) as session, State.open(exchange.state) as state:
        return sync(session, state, judged=judged, now=datetime.now(UTC), anew=anew, tell=tell)


def _judged(settings: "Settings", findings: Path | None) -> "Judged":
    """The campaigns of the last scan with what people said of them, and what became of what they said before."""
    from stillwatch.exchange.client.answers import Judged

    reviews = options.load_reviews(settings)
    if findings is None and not options.FINDINGS.is_file():
        return Judged(became=lambda ground: reviews.became(ground.author, ground.at))
    campaigns = options.load_findings(findings or options.FINDINGS, settings).campaigns
    return Judged(campaigns, lambda ground: reviews.became(ground.author, ground.at))
