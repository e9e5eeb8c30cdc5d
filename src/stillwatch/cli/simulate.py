"""`stillwatch simulate`: labelled traffic that we make ourselves."""

import json
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, progress


@click.command(short_help="Make labelled traffic, campaigns and their look-alikes planted.")
@click.argument("scenario")
@click.option("--out", type=options.FILE, required=True, metavar="FOLDER", help="Where to write.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Another seed, other traffic; the scenario's own by default.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    default=1.0,
    show_default=True,
    help="Times as much.",
)
@options.as_json
@options.quiet
def command(*, scenario: str, out: Path, seed: int | None, scale: float, as_json: bool, quiet: bool) -> None:
    """Make labelled traffic.

    SCENARIO is one of those that are shipped (demo, adaptive, attacks, evasive, innocent, scale, spread) or a TOML file
    of your own. The labels are in FOLDER/truth, which no scan reads.

    \b
    Example:
      stillwatch simulate demo --out out/demo --seed 7
    """
    from stillwatch.simulate import load, write

    planned = load(scenario)
    with progress(quiet=quiet or as_json) as advance:
        requests = write(planned, out, seed=seed, scale=scale, progress=advance)
    if as_json:
        click.echo(json.dumps({"scenario": planned.name, "folder": str(out), "requests": requests}, indent=2))
        return
    for provider, count in requests.items():
        note(f"{count:,} requests in {out / provider}", quiet=quiet)
