"""`stillwatch probe rehearse`: models made from nothing, to see that the tests work, and to try them."""

from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, progress


@click.command(short_help="Make models that were and were not trained on marked text, to try it all.")
@click.option("--out", "folder", type=options.FILE, required=True, metavar="DIR", help="Where to; a new folder.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one makes other models.")
@options.quiet
def rehearse(*, folder: Path, seed: int, quiet: bool) -> None:
    """Make a teacher that marks its text, a suspect that was trained on some of it, and innocent controls.

    Nothing is downloaded. Answers, keys and a plan are written, so that every other verb can be tried.

    \b
    Example:
      stillwatch probe rehearse --out rehearsal
    """
    from stillwatch.forensics.rehearsal.folder import write

    with progress(quiet=quiet) as advance:
        write(folder, seed=seed, progress=lambda share: advance("making models", share))
    note(f"Written to {folder}. Next: stillwatch probe plan {folder}/plan.toml --keys {folder}/keys", quiet=quiet)
