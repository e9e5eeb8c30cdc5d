"""`stillwatch probe canaries`: catalogues of choices, and how many a test needs."""

import json
import math
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import note


@click.group(short_help="Catalogues of keyed choices; how many a test needs.")
def canaries() -> None:
    """Choices among equally correct variants, for whoever has no decoder.

    \b
    Example:
      stillwatch probe canaries check catalogue.toml
      stillwatch probe canaries need --rate 0.6
    """


@canaries.command(short_help="Check a catalogue against its laws.")
@click.argument("file", metavar="[CATALOGUE.toml]", type=options.FILE, required=False)
@options.as_json
def check(*, file: Path | None, as_json: bool) -> None:
    """Check a catalogue, or the one that comes along: slots, variants, who reviewed them.

    \b
    Example:
      stillwatch probe canaries check catalogue.toml
    """
    from stillwatch.forensics.canaries.catalogue import load

    found = load(file)
    used = [each for each in found.slots if each.in_use]
    if as_json:
        click.echo(json.dumps({"slots": len(found.slots), "in_use": len(used), "digest": found.digest}))
        return
    click.echo(found.digest)
    note(f"{len(found.slots):,} slots, {len(used):,} of them reviewed and in use.")


@canaries.command(short_help="How many choices a test needs.")
@click.option("--rate", type=float, required=True, metavar="SHARE", help="Of matches that is to be found.")
@click.option("--variants", "n", type=int, default=2, show_default=True, help="Of a slot.")
@click.option("--alpha", type=float, default=1e-6, show_default=True, help="The error rate, over all keys together.")
@click.option("--keys", type=int, default=1, show_default=True, help="How many are tested together.")
@click.option("--power", type=float, default=0.9, show_default=True, help="In which share of cases it is found.")
@options.as_json
def need(*, rate: float, n: int, alpha: float, keys: int, power: float, as_json: bool) -> None:
    """Say how many choices a test needs to find a rate of matches.

    \b
    Example:
      stillwatch probe canaries need --rate 0.6 --variants 2
    """
    from stillwatch.errors import ConfigError
    from stillwatch.forensics.canaries.planning import needed

    if not 0 < alpha < 1 or keys < 1:
        raise ConfigError("The error rate lies between 0 and 1, and there is a key at least.", where="--alpha, --keys")
    choices = needed(n, rate, log10_alpha=math.log10(alpha / keys), power=power)
    click.echo(json.dumps({"needed": choices}) if as_json else f"{choices:,}")
