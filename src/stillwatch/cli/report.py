"""`stillwatch report`: findings in a form for others to read."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch import plugins
from stillwatch.cli import options
from stillwatch.cli.output import check_writable, show, write_text
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.reports.document import FindingsDocument
    from stillwatch.reports.impact.document import ImpactDocument

    Renderer = Callable[[FindingsDocument], str]


#: Formats of our own: the module in `stillwatch.reports` and its function, imported when it is asked for.
_OWN = {"html": ("html", "report_html"), "json": ("document", "dumps"), "ocsf": ("ocsf", "report_ocsf")}

#: Likewise those of an impact; the terminal's prints.
_IMPACT = {
    "terminal": ("impact.terminal", "summary"),
    "html": ("impact.html", "report_html"),
    "json": ("impact.document", "dumps"),
    "markdown": ("impact.markdown", "report_markdown"),
}


@click.command(short_help="Render findings as HTML or JSON, or for a SIEM; their impact.")
@click.argument("findings", type=options.FILE, default=options.FINDINGS)
@click.option(
    "--format",
    "-f",
    "name",
    help="html (the default), json, ocsf or a plugin's; of an impact terminal (the default), html, json or markdown.",
)
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Where to; standard output by default.")
@click.option("--impact", is_flag=True, help="What was taken and what it comes to, as intervals, and the load.")
@click.option(
    "--assumptions", type=options.FILE, metavar="FILE", help="Of the impact: TOML; those of the package by default."
)
@click.option("--print-assumptions", is_flag=True, help="Write the package's assumptions, to be changed.")
@options.config
def command(
    *,
    findings: Path,
    name: str | None,
    output: Path | None,
    impact: bool,
    assumptions: Path | None,
    print_assumptions: bool,
    config_file: Path | None,
) -> None:
    """Render findings, with what people have said of them since the scan.

    With --impact: what the campaigns took, at list price, as replacement cost and as compute, each as an interval over
    assumptions that are printed and can be changed, and the load that they put on the service.

    \b
    Example:
      stillwatch report -f html findings.json -o report.html
      stillwatch report -f ocsf findings.json -o findings.ndjson
      stillwatch report --impact findings.json
    """
    if (assumptions or print_assumptions) and not impact:
        raise ConfigError("Assumptions are of an impact.", where="--assumptions", hint="Add --impact.")
    check_writable(output)
    if print_assumptions:
        from stillwatch.reports.impact.assumptions import packaged

        _write(packaged(), output)
        return
    document = options.load_findings(findings, options.load_settings(config_file))
    if impact:
        _impact(document, assumptions, name or "terminal", output)
    else:
        _write(_renderer(name or "html")(document), output)


def _write(text: str, output: Path | None) -> None:
    if output:
        write_text(output, text)
    else:
        click.echo(text, nl=False)


def _impact(findings: "FindingsDocument", assumptions: Path | None, name: str, output: Path | None) -> None:
    if name not in _IMPACT:
        raise _unknown(name, _IMPACT)
    if name == "terminal" and output:
        raise ConfigError("A terminal is no file.", where="--output", hint="Take -f html, json or markdown.")
    from stillwatch.reports.impact.assessment import assess
    from stillwatch.reports.impact.assumptions import load

    document: ImpactDocument = assess(findings, load(assumptions))
    rendered = _imported(_IMPACT[name])(document)
    if name == "terminal":
        show(rendered)
    else:
        _write(rendered, output)


def _renderer(name: str) -> "Renderer":
    if name in _OWN:
        return _imported(_OWN[name])
    found = plugins.load("reports")
    if name not in found:
        raise _unknown(name, {**_OWN, **found})
    foreign: Renderer = found[name]
    return foreign


def _imported(place: tuple[str, str]) -> Callable[[Any], Any]:
    module, function = place
    made: Callable[[Any], Any] = getattr(import_module(f"stillwatch.reports.{module}"), function)
    return made


def _unknown(name: str, known: Mapping[str, object]) -> ConfigError:
    return ConfigError(f"There is no report format {name}.", where="--format", hint=f"There are: {', '.join(known)}.")
