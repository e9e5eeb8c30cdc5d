"""`stillwatch report`: findings in a form for others to read."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch import plugins
from stillwatch.cli import options
from stillwatch.cli.output import check_writable, write_text
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.reports.document import FindingsDocument

    Renderer = Callable[[FindingsDocument], str]


#: Formats of our own: the module in `stillwatch.reports` and its function, imported when it is asked for.
_OWN = {"html": ("html", "report_html"), "json": ("document", "dumps"), "ocsf": ("ocsf", "report_ocsf")}


@click.command(short_help="Render findings as HTML or JSON, or for a SIEM.")
@click.argument("findings", type=options.FILE, default=options.FINDINGS)
@click.option("--format", "-f", "name", default="html", show_default=True, help="html, json, ocsf or a plugin's.")
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Where to; standard output by default.")
@options.config
def command(*, findings: Path, name: str, output: Path | None, config_file: Path | None) -> None:
    """Render findings, with what people have said of them since the scan.

    \b
    Example:
      stillwatch report -f html findings.json -o report.html
      stillwatch report -f ocsf findings.json -o findings.ndjson
    """
    check_writable(output)
    render = _renderer(name)
    text = render(options.load_findings(findings, options.load_settings(config_file)))
    if output:
        write_text(output, text)
    else:
        click.echo(text, nl=False)


def _renderer(name: str) -> "Renderer":
    if name in _OWN:
        module, function = _OWN[name]
        renderer: Renderer = getattr(import_module(f"stillwatch.reports.{module}"), function)
        return renderer
    found = plugins.load("reports")
    if name not in found:
        known = ", ".join([*_OWN, *found])
        raise ConfigError(f"There is no report format {name}.", where="--format", hint=f"There are: {known}.")
    foreign: Renderer = found[name]
    return foreign
