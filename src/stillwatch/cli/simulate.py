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
    "--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Another seed, other traffic."
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
def command(*, scenario: str, out: Path, seed: int, scale: float, as_json: bool, quiet: bool) -> None:
    """Make labelled traffic.

    SCENARIO is the name of a built-in scenario, or a TOML file. The labels are in FOLDER/truth, which no scan reads.

    \b
    Example:
      stillwatch simulate demo --out out/demo --seed 7
    """
    from stillwatch.simulate import load, write

    planned = load(scenario)
    with progress(quiet=quiet or as_json) as advance:
        write(planned, out, seed=seed, scale=scale, progress=advance)
    files = sorted(str(path) for path in out.rglob("*") if path.is_file())
    if as_json:
        click.echo(json.dumps({"scenario": scenario, "seed": seed, "scale": scale, "files": files}, indent=2))
    else:
        note("\n".join(files), quiet=quiet)
