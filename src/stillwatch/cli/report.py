"""`stillwatch report`: findings, their impact, a verdict or a brief, in a form for others to read."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch import plugins
from stillwatch.cli import briefing, measures, options
from stillwatch.cli.output import check_writable, show, write_bytes
from stillwatch.cli.probe_bundle import verdict_of
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.reports.briefs.model import Brief

Renderer = Callable[[Any], str | bytes]
Forms = Mapping[str, tuple[str, str]]

#: Forms of what can be reported: the module in `stillwatch.reports` and its function, imported when it is asked for.
#: Whatever has a form html can be printed as pdf.
FINDINGS: Forms = {
    "html": ("html", "report_html"),
    "json": ("document", "dumps"),
    "markdown": ("briefs.analyst", "report_markdown"),
    "csv": ("rows", "campaigns_csv"),
    "csv-accounts": ("rows", "accounts_csv"),
    "stix": ("stix", "report_stix"),
    "ocsf": ("ocsf", "report_ocsf"),
}
IMPACT: Forms = {
    "terminal": ("impact.terminal", "summary"),
    "html": ("impact.html", "report_html"),
    "json": ("impact.document", "dumps"),
    "markdown": ("impact.markdown", "report_markdown"),
}
VERDICT: Forms = {
    "html": ("verdict.html", "verdict_html"),
    "markdown": ("verdict.markdown", "verdict_markdown"),
}
BRIEF: Forms = {
    "html": ("briefs.html", "brief_html"),
    "json": ("briefs.text", "brief_json"),
    "markdown": ("briefs.text", "brief_markdown"),
}


@click.command(short_help="Render findings, their impact, a verdict, or a brief for a reader.")
@click.argument("findings", metavar="[FINDINGS]", type=options.FILE, required=False)
@click.option(
    "--format",
    "-f",
    "name",
    metavar="FORM",
    help="html (the default), pdf, markdown, json; of findings csv, csv-accounts, stix, ocsf or a plugin's, too; of an "
    "impact terminal (the default), too.",
)
@click.option("--for", "reader", type=click.Choice(briefing.READERS), help="A brief for this kind of reader.")
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Where to; standard output by default.")
@click.option("--campaign", "campaigns", multiple=True, metavar="ID", help="Only this one; may be given again.")
@click.option(
    "--verdict",
    "verdicts",
    type=options.FILE,
    multiple=True,
    metavar="BUNDLE",
    help="A verdict on a model, a bundle or verdict.json: part of a brief, or what is reported.",
)
@measures.ledger
@click.option("--quarter", metavar="YYYYQn", help="Of a forum's statistics; the newest by default.")
@click.option("--impact", is_flag=True, help="What was taken and what it comes to, as intervals, and the load.")
@click.option(
    "--assumptions", type=options.FILE, metavar="FILE", help="Of the impact: TOML; those of the package by default."
)
@click.option("--print-assumptions", is_flag=True, help="Write the package's assumptions, to be changed.")
@options.config
def command(
    *,
    findings: Path | None,
    name: str | None,
    reader: str | None,
    output: Path | None,
    campaigns: tuple[str, ...],
    verdicts: tuple[Path, ...],
    ledger: str | None,
    quarter: str | None,
    impact: bool,
    assumptions: Path | None,
    print_assumptions: bool,
    config_file: Path | None,
) -> None:
    """Render findings, with what people have said of them since the scan.

    With --impact: what the campaigns took, at list price, as replacement cost and as compute, each as an interval over
    assumptions that are printed and can be changed, and the load that they put on the service.

    With --for: one page for an executive; the evidence file for counsel; the statement for a policy maker, in which
    nothing is named and nothing exact; a forum's quarter, from the statistics that its exchange printed.

    \b
    Example:
      stillwatch report -f pdf findings.json -o report.pdf
      stillwatch report -f ocsf findings.json -o findings.ndjson
      stillwatch report --impact findings.json
      stillwatch report --for executive -f pdf findings.json -o brief.pdf
      stillwatch report --for counsel --verdict bundle --ledger ledger.sqlite findings.json -o evidence.html
      stillwatch report --for forum 2026Q3.json -o forum.html
      stillwatch report --verdict bundle -f pdf -o verdict.pdf
    """
    if (assumptions or print_assumptions) and not (impact or reader):
        raise ConfigError("Assumptions are of an impact.", where="--assumptions", hint="Add --impact, or --for.")
    if impact and reader:
        raise ConfigError("An impact is part of a brief already.", where="--impact, --for")
    check_writable(output)
    if print_assumptions:
        from stillwatch.reports.impact.assumptions import packaged

        _write(packaged(), output)
        return
    settings = options.load_settings(config_file, {"response.ledger": ledger})
    place = findings or options.FINDINGS
    if reader == "forum":
        _render(BRIEF, name or "html", briefing.forum(findings, quarter), output)
    elif reader:
        material = briefing.material(place, campaigns, verdicts, assumptions, settings, ledger_named=ledger is not None)
        _render(BRIEF, name or "html", _brief(reader, material), output)
    elif verdicts:
        _verdict(verdicts, findings, name or "html", output)
    else:
        document = briefing.chosen(options.load_findings(place, settings), campaigns)
        if impact:
            _impact(document, assumptions, name or "terminal", output)
        else:
            _render(FINDINGS, name or "html", document, output, settings)


def _brief(reader: str, material: object) -> "Brief":
    made: Brief = import_module(f"stillwatch.reports.briefs.{reader}").brief(material)
    return made


def _verdict(verdicts: tuple[Path, ...], findings: Path | None, name: str, output: Path | None) -> None:
    if len(verdicts) > 1 or findings:
        hint = "Add --for, or name one verdict and no findings."
        raise ConfigError("Findings and verdicts go together in a brief.", where="--verdict", hint=hint)
    _render(VERDICT, name, verdict_of(verdicts[0]), output)


def _impact(findings: Any, assumptions: Path | None, name: str, output: Path | None) -> None:  # noqa: ANN401  imported late
    from stillwatch.reports.impact.assessment import assess
    from stillwatch.reports.impact.assumptions import load

    if name != "terminal":
        _known(IMPACT, name)
        _render(IMPACT, name, assess(findings, load(assumptions)), output)
    elif output:
        raise ConfigError("A terminal is no file.", where="--output", hint="Take -f html, pdf, json or markdown.")
    else:
        show(_imported(IMPACT[name])(assess(findings, load(assumptions))))


def _render(forms: Forms, name: str, document: object, output: Path | None, settings: "Settings | None" = None) -> None:
    _write(_renderer(forms, name, settings)(document), output)


def _renderer(forms: Forms, name: str, settings: "Settings | None") -> Renderer:
    if name == "pdf":
        from stillwatch.reports.pdf import pdf

        as_html = partial(_imported(forms["html"]), medium="paper")
        return lambda document: pdf(as_html(document))
    if forms is FINDINGS and name not in forms:
        foreign: Renderer = _known(plugins.load("reports"), name, forms)
        return foreign
    made = _imported(_known(forms, name))
    return partial(made, **_said_by(settings)) if name == "stix" and settings else made


def _said_by(settings: "Settings") -> dict[str, Any]:
    """Who says it in STIX, and who may see it."""
    from stillwatch.indicators.markings import Level
    from stillwatch.reports.stix import ANYBODY

    exchange = settings.config.exchange
    marking = Level[exchange.tlp.upper().replace("+", "_")]
    return {"contributor": exchange.identity or ANYBODY, "marking": marking}


def _known(forms: Mapping[str, Any], name: str, others: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    if name not in forms:
        names = [*(others or {}), *forms]
        names.insert(names.index("html") + 1, "pdf")
        raise ConfigError(
            f"There is no report format {name}.", where="--format", hint=f"There are: {', '.join(names)}."
        )
    return forms[name]


def _imported(place: tuple[str, str]) -> Callable[..., Any]:
    module, function = place
    try:
        made: Callable[..., Any] = getattr(import_module(f"stillwatch.reports.{module}"), function)
    except ModuleNotFoundError as missing:
        hint = "pip install 'stillwatch[exchange]'"
        raise ConfigError(f"This form needs {missing.name}, which is not installed.", hint=hint) from None
    return made


def _write(content: str | bytes, output: Path | None) -> None:
    raw = content.encode() if isinstance(content, str) else content
    if output:
        write_bytes(output, raw)
    elif isinstance(content, bytes) and sys.stdout.isatty():
        raise ConfigError("A terminal shows no PDF.", where="--output", hint="Name a file: -o report.pdf.")
    else:
        click.echo(content, nl=False)
