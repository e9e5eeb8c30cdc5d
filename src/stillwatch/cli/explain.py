"""`stillwatch explain`: why a campaign is one."""

from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, show, write_text


@click.command(short_help="Show why a campaign is thought to be one.")
@click.argument("campaign")
@options.findings
@click.option("--html", type=options.FILE, metavar="FILE", help="Write it as an HTML file instead.")
@options.config
@options.as_json
def command(*, campaign: str, findings: Path, html: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Show the evidence that adds up to a campaign, in bits.

    CAMPAIGN is its id, or as much of the beginning as tells it apart.

    \b
    Example:
      stillwatch explain c-1f09 -f findings.json
    """
    check_writable(html)
    document = options.load_findings(findings, options.load_settings(config_file))
    found = document.campaign(campaign)
    if html:
        from stillwatch.reports.html import campaign_html

        write_text(html, campaign_html(document, found.id))
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    elif not html:
        from stillwatch.reports.terminal import waterfall

        show(waterfall(found))
