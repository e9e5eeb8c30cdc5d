"""`stillwatch probe rerun`, `verify`, `show` and `disclose`: what others do with a bundle."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options, probing
from stillwatch.cli.output import check_writable, note, progress, show, write_text
from stillwatch.cli.probing import Desk
from stillwatch.cli.share import LEVELS
from stillwatch.errors import ConfigError, InputError, TrustError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.config import Settings
    from stillwatch.forensics.custody.bundle import Bundle
    from stillwatch.forensics.custody.verification import Verified
    from stillwatch.forensics.model import Key
    from stillwatch.forensics.verdict import VerdictDocument


@click.command(short_help="Score somebody else's run again, under labels of your own.")
@click.argument("folder", metavar="BUNDLE", type=options.FILE)
@probing.keys
@probing.key_file
@options.config
@options.as_json
@options.quiet
def rerun(
    *,
    folder: Path,
    keys: Path | None,
    key_file: Path | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score the same answers again, blindly, and sign what you find. Nobody repeats their own run.

    \b
    Example:
      stillwatch probe rerun bundle --key-file bob.pem
    """
    from stillwatch.forensics.custody.bundle import Bundle
    from stillwatch.forensics.custody.rerunning import rerun as repeat
    from stillwatch.forensics.custody.running import written

    desk, bundle = Desk.of(config_file, keys=keys, key_file=key_file), Bundle(_folder(folder))
    signing = desk.signing(quiet=quiet)
    with progress(quiet=quiet or as_json) as advance:
        name = repeat(bundle, _keys(bundle, desk), signing, desk.now, progress=advance)
    document = written(bundle)
    probing.write_html(bundle, document, quiet=quiet or as_json)
    found = next(each for each in document.reruns if each.by == signing.key_id)
    if as_json:
        click.echo(json.dumps({"file": name, "differs": list(found.differs), "grade": document.grade}, indent=2))
        return
    says = (
        f"{len(found.differs):,} results differ: {', '.join(found.differs)}." if found.differs else "All results agree."
    )
    note(f"{says} Signed in {name}. Grade: {document.grade}.", quiet=quiet)


@click.command(short_help="Check a bundle, offline.")
@click.argument("path", metavar="BUNDLE", type=options.FILE)
@click.option("--by", metavar="KEY", help="The short name of the key that must have signed the run.")
@probing.keys
@probing.authority
@options.config
@options.as_json
@options.quiet
def verify(
    *,
    path: Path,
    by: str | None,
    keys: Path | None,
    authority: Path | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Hold a bundle, a folder or a zip file, against itself: digests, signatures, time-stamps, scores, the verdict.

    The scores are computed anew from the raw answers where the keys are at hand: disclosed in the bundle, or in the
    folder of whoever made them. Without them everything else is checked, and that is said.

    Exit codes: 4 something does not hold; the file is named, and there is no verdict.

    \b
    Example:
      stillwatch probe verify bundle.zip --by 0123456789abcdef --authority authority.pem
    """
    from stillwatch.forensics.custody.bundle import opened
    from stillwatch.forensics.custody.verification import verify as hold

    desk = Desk.of(config_file, keys=keys, authority=authority)
    with opened(path) as bundle, progress(quiet=quiet or as_json) as advance:
        verified = hold(bundle, desk.keyring, by=by, authority=desk.authority, progress=advance)
        _check_html(bundle, verified)
    if as_json:
        told = {"holds": True, "by": verified.by, "scored": verified.scored, "same_code": verified.same_code}
        click.echo(json.dumps(told | {"grade": verified.document.grade, "plan": verified.document.plan}, indent=2))
    elif not quiet:
        click.echo(_worded(verified))


@click.command(name="show", short_help="Show the verdict of a bundle.")
@click.argument("path", metavar="BUNDLE", type=options.FILE)
@click.option(
    "--format",
    "-f",
    "name",
    type=click.Choice(["terminal", "html", "markdown", "json", "stix"]),
    default="terminal",
    show_default=True,
    help="The form.",
)
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Where to; standard output by default.")
@click.option("--tlp", type=click.Choice(LEVELS), help="Of STIX: how widely it may go; exchange.tlp by default.")
@options.config
def show_bundle(*, path: Path, name: str, output: Path | None, tlp: str | None, config_file: Path | None) -> None:
    """Show a verdict, from a bundle or from verdict.json. It is not checked: `probe verify` does that.

    As STIX it is what other providers may be told, under our pseudonym (exchange.identity): the model is a number, and
    nothing is said where nothing was shown. Nothing is sent; any TAXII client publishes the bundle.

    \b
    Example:
      stillwatch probe show bundle
      stillwatch probe show bundle -f html -o verdict.html
      stillwatch probe show bundle -f stix -o verdict.stix.json
    """
    check_writable(output)
    document = verdict_of(path)
    if name == "terminal" and output is None:
        from stillwatch.reports.verdict.terminal import verdict as shown

        show(shown(document))
        return
    stix = name == "stix"
    text = (
        _stix(document, options.load_settings(config_file, {"exchange.tlp": tlp}))
        if stix
        else _rendered(document, name)
    )
    if output:
        write_text(output, text)
    else:
        click.echo(text, nl=False)


@click.command(short_help="Lay the keys into a bundle, for an expert or a court.")
@click.argument("folder", metavar="BUNDLE", type=options.FILE)
@click.option("--yes", is_flag=True, required=True, help="The keys are burned by it: whoever has them can forge marks.")
@probing.keys
@options.config
@options.quiet
def disclose(*, folder: Path, yes: bool, keys: Path | None, config_file: Path | None, quiet: bool) -> None:  # noqa: ARG001
    """Lay the keys of a bundle into it, so that an expert or a court computes the scores anew; they are retired.

    \b
    Example:
      stillwatch probe disclose bundle --yes
    """
    from stillwatch.forensics.custody.bundle import DISCLOSED, Bundle
    from stillwatch.forensics.custody.running import disclose as lay_in

    desk = Desk.of(config_file, keys=keys)
    ids = lay_in(Bundle(_folder(folder)), desk.keyring, desk.now)
    note(f"{', '.join(ids)}: in {folder / DISCLOSED}, and retired.", quiet=quiet)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InputError("This is no bundle.", where=str(path), hint="It is a folder here; unpack it.")
    return path


def _keys(bundle: "Bundle", desk: Desk) -> "Mapping[str, Key]":
    from stillwatch.forensics.custody.verification import keys_of

    found = keys_of(bundle, desk.keyring)
    if found is None:
        hint = "They are in the folder of whoever made them (--keys), or disclosed with the bundle."
        raise ConfigError("The keys of the bundle are not at hand.", where=str(desk.keyring.folder), hint=hint)
    return found


def _check_html(bundle: "Bundle", verified: "Verified") -> None:
    """That the page says what the verdict says, as far as the same code can tell."""
    from stillwatch.forensics.custody.bundle import VERDICT_HTML

    content = bundle.optional(VERDICT_HTML)
    html = probing.rendered(verified.written) if content is not None and verified.same_code else None
    if html is not None and html.encode() != content:
        raise TrustError("The page is not the one that follows from the verdict.", where=VERDICT_HTML)


def _worded(verified: "Verified") -> str:
    scored = (
        "The scores were computed anew from the raw answers, and are the same."
        if verified.scored
        else "The scores were not computed anew: the keys are not at hand. All else was checked."
    )
    code = "" if verified.same_code else "\nAnother version of stillwatch computed them."
    word = "\nIts time-stamps are by the authority that it names itself: --authority FILE holds them against yours."
    times = word if verified.own_word else ""
    others = ", ".join(each.by for each in verified.document.reruns)
    again = f" Repeated by {others}: whose keys these are is for you to know." if others else ""
    return f"The bundle holds. Signed by {verified.by}.{again}\n{scored}{code}{times}\n{verified.document.headline}"


def verdict_of(path: Path) -> "VerdictDocument":
    """The verdict of a bundle (a folder or a zip file) or in verdict.json, unchecked."""
    from stillwatch.forensics.custody.bundle import VERDICT, opened
    from stillwatch.forensics.verdict import loads

    if path.is_file() and path.suffix == ".json":
        return loads(path.read_bytes(), where=str(path))
    with opened(path) as bundle:
        return loads(bundle.read(VERDICT), where=VERDICT)


def _stix(document: "VerdictDocument", settings: "Settings") -> str:
    """A STIX 2.1 bundle of what may be told."""
    from stillwatch.exchange.client.extension import our_identity
    from stillwatch.exchange.client.state import State
    from stillwatch.indicators import ids, verdicts
    from stillwatch.indicators.markings import Level
    from stillwatch.reports.verdict.stix import told

    exchange = settings.config.exchange
    with State.open(exchange.state) if exchange.state.exists() else nullcontext() as state:
        contributor = our_identity(exchange, state, ask=False)
        before = {each.object["id"]: dict(each.object) for each in state.outbox.said()} if state else {}
    if contributor is None:
        hint = "It is the STIX identity under which you publish; `stillwatch sync` learns it from an exchange."
        raise ConfigError("Nobody says it yet.", where="exchange.identity", hint=hint)
    objects = verdicts.objects(
        told(document),
        contributor=contributor,
        now=datetime.now(UTC),
        marking=Level[exchange.tlp.upper().replace("+", "_")],
        before=before,
    )
    bundle = {"type": "bundle", "id": ids.derived("bundle", contributor, document.plan), "objects": objects}
    return json.dumps(bundle, indent=2) + "\n"


def _rendered(document: "VerdictDocument", name: str) -> str:
    if name == "html":
        from stillwatch.reports.verdict.html import verdict_html

        return verdict_html(document)
    if name == "json":
        from stillwatch.forensics.verdict import dumps

        return dumps(document)
    from stillwatch.reports.verdict.markdown import verdict_markdown

    return verdict_markdown(document)
