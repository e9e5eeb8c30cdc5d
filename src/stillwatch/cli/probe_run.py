"""`stillwatch probe run` and `score`: ask by a sealed plan, score blindly, sign."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options, probing
from stillwatch.cli.output import Progress, note, progress, show
from stillwatch.cli.probing import Desk
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.forensics.custody.bundle import Bundle
    from stillwatch.forensics.verdict import VerdictDocument

_FINDINGS = click.option(
    "--findings",
    type=options.FILE,
    metavar="FILE",
    help="Of `stillwatch scan`: how many accounts a keyed campaign has.",
)


@click.command(short_help="Ask, score and sign, by a sealed plan.")
@click.argument("file", metavar="PLAN.json", type=options.FILE)
@click.option("--output", "-o", "folder", type=options.FILE, required=True, metavar="DIR", help="The bundle.")
@click.option(
    "--token-file", "tokens", multiple=True, metavar="SUBJECT=FILE", help="A subject's API key; never published."
)
@click.option("--ca-file", type=options.FILE, metavar="FILE", help="Authorities of endpoints, instead of the system's.")
@click.option("--score/--no-score", "scores", default=True, help="Score too, where the keys are at hand.")
@_FINDINGS
@probing.keys
@probing.key_file
@probing.authority
@options.config
@options.as_json
@options.quiet
def run(
    *,
    file: Path,
    folder: Path,
    tokens: tuple[str, ...],
    ca_file: Path | None,
    scores: bool,
    findings: Path | None,
    keys: Path | None,
    key_file: Path | None,
    authority: Path | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Do what a sealed plan says: ask endpoints, score all answers under blind labels, sign the bundle, grade.

    Every answer is on the disk before the next one counts. A run that was interrupted goes on with the same command,
    and nothing is asked twice. The endpoints must be ones that you may query.

    \b
    Example:
      stillwatch probe run plan.json -o bundle --token-file suspect=suspect.token
    """
    from stillwatch.forensics.custody.asking import ask
    from stillwatch.forensics.custody.running import begun
    from stillwatch.forensics.suspects.endpoint import token

    if file.suffix == ".toml":
        raise ConfigError("This plan is not sealed.", where=str(file), hint=f"stillwatch probe plan {file}")
    desk = Desk.of(config_file, keys=keys, key_file=key_file, authority=authority)
    files = dict(each.partition("=")[::2] for each in tokens)
    bundle = begun(folder, file, desk.keyring, desk.authority)
    if not files.keys() <= {each.id for each in bundle.plan.subjects if each.endpoint}:
        raise ConfigError("The plan asks no such subject.", where="--token-file", hint="Write SUBJECT=FILE.")
    given = {name: token(Path(path)) for name, path in files.items()}
    with progress(quiet=quiet or as_json) as advance:
        ask(bundle, given, ca_file=ca_file, progress=advance)
        if scores:
            document = _scored(bundle, desk, findings, advance, quiet=quiet or as_json)
    if not scores:
        note("All answers are there. Where the keys are: stillwatch probe score", quiet=quiet)
        return
    _tell(document, as_json=as_json, quiet=quiet)


@click.command(short_help="Score and sign a bundle whose answers are there.")
@click.argument("folder", metavar="BUNDLE", type=options.FILE)
@_FINDINGS
@probing.keys
@probing.key_file
@options.config
@options.as_json
@options.quiet
def score(
    *,
    folder: Path,
    findings: Path | None,
    keys: Path | None,
    key_file: Path | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score the answers of `probe run --no-score`, where the keys are.

    \b
    Example:
      stillwatch probe score bundle
    """
    from stillwatch.forensics.custody.bundle import Bundle

    desk = Desk.of(config_file, keys=keys, key_file=key_file)
    with progress(quiet=quiet or as_json) as advance:
        document = _scored(Bundle(folder), desk, findings, advance, quiet=quiet or as_json)
    _tell(document, as_json=as_json, quiet=quiet)


def _scored(
    bundle: "Bundle", desk: Desk, findings: Path | None, advance: Progress, *, quiet: bool
) -> "VerdictDocument":
    from stillwatch.forensics.custody.running import scored

    keys = {key.id: key for key in desk.keyring.keys(each.record.id for each in bundle.keys)}
    campaigns = _campaigns(bundle, desk, findings) if findings else None
    signing = desk.signing(quiet=quiet)
    document = scored(bundle, keys, signing, desk.now, campaigns=campaigns, progress=advance)
    probing.write_html(bundle, document, quiet=quiet)
    return document


def _campaigns(bundle: "Bundle", desk: Desk, findings: Path) -> dict[str, int]:
    """How many accounts the campaigns have whose answers the keys marked."""
    document = options.load_findings(findings, desk.settings)
    keyed = {each.record.campaign for each in bundle.keys}
    return {each.id: len(each.accounts) for each in document.standing if each.id in keyed}


def _tell(document: "VerdictDocument", *, as_json: bool, quiet: bool) -> None:
    from stillwatch.forensics.verdict import dumps
    from stillwatch.reports.verdict.terminal import verdict as shown

    if as_json:
        click.echo(dumps(document), nl=False)
    elif not quiet:
        show(shown(document))
