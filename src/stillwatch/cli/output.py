"""What the verbs write: results to standard output or whole into a file, progress to a terminal on standard error."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import StillwatchError
from stillwatch.writing import write_whole

if TYPE_CHECKING:
    from rich.console import RenderableType

Progress = Callable[[str, float], None]  # the stage, and how much of it is done, 0 to 1


class OutputError(StillwatchError):
    """A file that cannot be written."""


def check_writable(*paths: Path | None) -> None:
    """Fails before the work rather than after it, where a result would have nowhere to go.

    Raises:
        OutputError: the folder is absent or may not be written to, or the path is a folder.
    """
    for path in filter(None, paths):
        if path.exists() and not (path.is_file() or path.is_dir()):
            continue
        if path.is_dir():
            raise OutputError("is a folder, not a file.", where=str(path))
        if not path.parent.is_dir():
            raise OutputError("the folder does not exist.", where=str(path.parent), hint="Make it first.")
        if not os.access(path.parent, os.W_OK):
            raise OutputError("the folder may not be written to.", where=str(path.parent))


def write_text(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Writes a file as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode(), mode=mode)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Writes a file wholly or not at all (`stillwatch.writing`).

    Raises:
        OutputError: it cannot be written; what stood there before still stands.
    """
    try:
        write_whole(path, content, mode=mode)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror}).", where=str(path)) from error


def show(*renderables: "RenderableType") -> None:
    """Prints to standard output: in colour on a terminal unless NO_COLOR is set, 100 columns wide elsewhere."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:  # rich would end the process on a closed pipe
        for renderable in renderables:
            console.print(renderable)
    click.echo(captured.get(), nl=False)


def note(text: str, *, quiet: bool = False) -> None:
    """One line for the person at the terminal, on standard error."""
    if not quiet:
        click.echo(text, err=True)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A bar for each stage, if standard error is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _stage, _fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn()
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def advance(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield advance
