"""`stillwatch match`: what is here and elsewhere too, without showing what is not."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, note, progress, write_text

if TYPE_CHECKING:
    from stillwatch.config import ExchangeConfig
    from stillwatch.exchange.psi.ledger import Transcript
    from stillwatch.exchange.psi.messages import Reveal
    from stillwatch.exchange.psi.runs import Runs
    from stillwatch.exchange.tokens.classes import TokenClass
    from stillwatch.exchange.tokens.matches import Found
    from stillwatch.exchange.tokens.values import Values

_CLASSES = ("account", "payment", "mail-domain", "address")
_TOKENS = ("payment", "mail-domain", "address", "shingle", "word")

_column = click.option("--column", metavar="NAME", help="The column of a CSV or Parquet file.")
_partner = click.option("--with", "partner", required=True, metavar="MEMBER", help="The other, as you always call it.")
_override = click.option("--override", metavar="REASON", help="Run again within a day; the transcript keeps why.")
_message = click.option("--output", "-o", type=options.FILE, required=True, metavar="FILE", help="The message to send.")
_ledger = click.option(
    "--ledger",
    type=options.FILE,
    metavar="FOLDER",
    help="Transcripts, and secrets between steps; ~/.local/share/stillwatch/matching by default.",
)


@click.group()
def command() -> None:
    """Compare without showing: sets with one other member, or values with the indicators that were imported.

    Two sets are compared in four steps, by three files over any channel that both members trust. Who offers learns how
    many values the other has; who requests learns which of its own values both have, or only how many.

    \b
    Example:
      stillwatch match offer accounts.txt --with beta -o setup.bin               # alpha, who sends setup.bin
      stillwatch match request setup.bin ours.txt --with alpha -o request.bin    # beta, who sends request.bin
      stillwatch match respond request.bin -o response.bin                       # alpha, who sends response.bin
      stillwatch match reveal response.bin ours.txt --setup setup.bin            # beta
    """


@command.command(short_help="Step 1: offer a set for comparison.")
@click.argument("values", type=options.FILE)
@click.option(
    "--class", "token_class", type=click.Choice(_CLASSES), default="account", show_default=True, help="Of what."
)
@click.option(
    "--reveal",
    type=click.Choice(["values", "size"]),
    default="size",
    show_default=True,
    help="What the other learns: which of its values both have, or how many.",
)
@_column
@_partner
@_override
@_message
@_ledger
@options.as_json
@options.quiet
def offer(
    *,
    values: Path,
    token_class: "TokenClass",
    reveal: "Reveal",
    column: str | None,
    partner: str,
    override: str | None,
    output: Path,
    ledger: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Offer a set: the other member may ask, once, which or how many of its own values are in it.

    VALUES has one value a line, or is a CSV or Parquet file.

    \b
    Example:
      stillwatch match offer accounts.csv --column payment_fingerprint --class payment --with beta -o setup.bin
    """
    from stillwatch.exchange.psi.messages import save

    check_writable(output)
    own = _read(values, token_class, column, quiet=quiet)
    with _working("Blinding", quiet=quiet or as_json):
        setup, transcript = _runs(ledger).offer(own, reveal, partner=partner, override=override)
    save(setup, output)
    _tell(transcript, f"Send {output} to {partner}; its request is for `match respond`.", as_json=as_json, quiet=quiet)


@command.command(short_help="Step 2: ask about a set that was offered.")
@click.argument("setup", type=options.FILE)
@click.argument("values", type=options.FILE)
@_column
@_partner
@_override
@_message
@_ledger
@options.as_json
@options.quiet
def request(
    *,
    setup: Path,
    values: Path,
    column: str | None,
    partner: str,
    override: str | None,
    output: Path,
    ledger: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Ask which or how many of one's own values are in the set that was offered.

    SETUP is the other member's file, VALUES one's own set.

    \b
    Example:
      stillwatch match request setup.bin ours.txt --with alpha -o request.bin
    """
    from stillwatch.exchange.psi.messages import load, save

    check_writable(output)
    offered = load(setup, "setup")
    own = _read(values, offered.header.token_class, column, quiet=quiet)
    with _working("Blinding", quiet=quiet or as_json):
        asked, transcript = _runs(ledger).request(offered, own, partner=partner, override=override)
    save(asked, output)
    _tell(transcript, f"Send {output} to {partner}; its answer is for `match reveal`.", as_json=as_json, quiet=quiet)


@command.command(short_help="Step 3: answer the request.")
@click.argument("request", type=options.FILE)
@_message
@_ledger
@options.as_json
@options.quiet
def respond(*, request: Path, output: Path, ledger: Path | None, as_json: bool, quiet: bool) -> None:
    """Answer the one request that an offer allows; the offer's secret is destroyed then.

    \b
    Example:
      stillwatch match respond request.bin -o response.bin
    """
    from stillwatch.exchange.psi.messages import load, save

    check_writable(output)
    asked, runs = load(request, "request"), _runs(ledger)
    with _working("Answering", quiet=quiet or as_json):
        response, transcript = runs.respond(asked)
    save(response, output)
    runs.finish(transcript)
    says = f"Send {output} to {transcript.partner}, who asked about {transcript.their_size:,} values."
    _tell(transcript, says, as_json=as_json, quiet=quiet)


@command.command(short_help="Step 4: learn what both have.")
@click.argument("response", type=options.FILE)
@click.argument("values", type=options.FILE)
@click.option("--setup", type=options.FILE, required=True, metavar="FILE", help="The file of the offer.")
@_column
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Write the common values, one a line.")
@_ledger
@options.as_json
@options.quiet
def reveal(
    *,
    response: Path,
    values: Path,
    setup: Path,
    column: str | None,
    output: Path | None,
    ledger: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn which or how many of one's own values the other member has too.

    VALUES is the file of which the request was made. Of a number below ten no more is told than that.

    \b
    Example:
      stillwatch match reveal response.bin ours.txt --setup setup.bin -o both.txt
    """
    from stillwatch.exchange.psi.messages import load

    check_writable(output)
    answer, offered, runs = load(response, "response"), load(setup, "setup"), _runs(ledger)
    own = _read(values, offered.header.token_class, column, quiet=True)
    with _working("Comparing", quiet=quiet or as_json):
        common, transcript = runs.reveal(answer, own, offered)
    if not isinstance(common, int):
        lines = "".join(f"{own.items[form]}\n" for form in sorted(common))
        write_text(output, lines, mode=0o600) if output else click.echo(lines, nl=False)
    runs.finish(transcript)
    says = f"{transcript.result} of these {len(own.items):,} values are {transcript.partner}'s too."
    _tell(transcript, says, as_json=as_json, quiet=quiet)


@command.command(short_help="Look for one's own values in the indicators that were imported.")
@click.option("--values", type=options.FILE, required=True, metavar="FILE", help="One a line, or CSV or Parquet.")
@click.option("--class", "token_class", type=click.Choice(_TOKENS), required=True, help="What the values are.")
@_column
@click.option("--indicators", type=options.FILE, metavar="FILE", help="A STIX bundle, instead of what `sync` imported.")
@options.exchange
@options.config
@options.as_json
@options.quiet
def tokens(
    *,
    values: Path,
    token_class: "TokenClass",
    column: str | None,
    indicators: Path | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
    **given: object,
) -> None:
    """Look for one's own values in indicators, by tokens: the exchange sees neither the values nor what was found.

    Each value is asked for once and remembered as a token; the exchange allows so many of each class a day.

    \b
    Example:
      stillwatch match tokens --values accounts.csv --column payment_fingerprint --class payment
    """
    own = _read(values, token_class, column, quiet=quiet)
    settings = options.load_settings(config_file, options.exchange_flags(given)).config.exchange
    with progress(quiet=quiet or as_json) as advance:
        found = _search(settings, own, indicators, lambda done: advance("Asking for tokens", done))
    if as_json:
        told = [{"indicator": match.indicator, "values": match.values} for match in found.matches]
        click.echo(json.dumps({"class": token_class, "matches": told, "past": found.past}, indent=2))
        return
    for match in found.matches:
        click.echo(f"{match.indicator}  {', '.join(match.values)}")
    if found.past:
        note(f"Indicators of {', '.join(found.past)} match nothing: those keys are destroyed.", quiet=quiet)
    note(f"{len(found.matches):,} indicators hold one or more of {len(own.items):,} values.", quiet=quiet)


def _search(config: "ExchangeConfig", own: "Values", bundle: Path | None, tell: Callable[[float], None]) -> "Found":
    from stillwatch.exchange.client.extension import Extension
    from stillwatch.exchange.client.session import opened
    from stillwatch.exchange.client.state import State
    from stillwatch.exchange.tokens.client import TokenClient
    from stillwatch.exchange.tokens.matches import in_bundle, search, sought

    now = datetime.now(UTC)
    with opened(config) as session, State.open(config.state) as state:
        root, extension = session.root.url, Extension.of(session, state)
        imported = (each.object for each in state.mirror.in_force(now) if each.root == root)
        client = TokenClient(
            session.http,
            root,
            cache=state.token_cache,
            local_key=state.secret("tokens"),
            exchange_key=extension.exchange_key if extension else None,
        )
        return search(sought(in_bundle(bundle) if bundle else imported, own.token_class, now), own, client, tell)


def _read(path: Path, klass: "TokenClass", column: str | None, *, quiet: bool) -> "Values":
    from stillwatch.exchange.tokens.values import read

    values = read(path, klass, column=column)
    if values.left_out:
        note(f"Left out {values.left_out:,} values that are no {klass} or mean something else elsewhere.", quiet=quiet)
    return values


def _runs(folder: Path | None) -> "Runs":
    from stillwatch.exchange.psi.ledger import Ledger
    from stillwatch.exchange.psi.runs import Runs

    home = Path(os.environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser())
    return Runs(Ledger(folder or home / "stillwatch" / "matching"), datetime.now(UTC))


@contextmanager
def _working(stage: str, *, quiet: bool) -> Iterator[None]:
    """Shows that something is done; the cryptography does not say how far it is."""
    with progress(quiet=quiet) as advance:
        advance(stage, 0.0)
        yield
        advance(stage, 1.0)


def _tell(transcript: "Transcript", says: str, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        click.echo(transcript.text(), nl=False)
    else:
        note(says, quiet=quiet)
