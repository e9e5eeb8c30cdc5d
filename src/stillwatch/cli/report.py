"""`stillwatch report`: findings in a form for others to read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch import plugins
from stillwatch.cli import options
from stillwatch.cli.output import check_writable, write_whole
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.reports.document import FindingsDocument

    Renderer = Callable[[FindingsDocument], str]


@click.command(short_help="Render findings as HTML or JSON.")
@click.argument("findings", type=options.FILE, default=options.FINDINGS)
@click.option("--format", "-f", "name", default="html", show_default=True, help="html, json or a plugin's.")
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Where to; standard output by default.")
@options.config
def command(*, findings: Path, name: str, output: Path | None, config_file: Path | None) -> None:
    """Render findings, with what people have said of them since the scan.

    \b
    Example:
      stillwatch report -f html findings.json -o report.html
    """
    check_writable(output)
    render = _renderer(name)
    text = render(options.load_findings(findings, options.load_settings(config_file)))
    if output:
        write_whole(output, text)
    else:
        click.echo(text, nl=False)


def _renderer(name: str) -> "Renderer":
    if name == "html":
        from stillwatch.reports.html import report_html

        return report_html
    if name == "json":
        from stillwatch.reports.document import dumps

        return dumps
    found = plugins.load("reports")
    if name not in found:
        known = ", ".join(["html", "json", *found])
        raise ConfigError(f"There is no report format {name}.", where="--format", hint=f"There are: {known}.")
    renderer: Renderer = found[name]
    return renderer
