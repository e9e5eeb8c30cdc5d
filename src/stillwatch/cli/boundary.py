"""Where errors end: each becomes one line on standard error and an exit code, never a traceback.

    stillwatch: where: what. hint

What no error class foresees is a fault of ours: its line names the place in the code, not the message, which might hold
a piece of a log.
"""

import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import click

from stillwatch.errors import StillwatchError

FAULT, INTERRUPTED, BROKEN_PIPE = 70, 130, 141
COMPLETION_VARIABLE = "_STILLWATCH_COMPLETE"


def run(group: click.Group, args: list[str]) -> int:
    """Runs one command line and returns its exit code."""
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(group, {}, "stillwatch", COMPLETION_VARIABLE, instruction)
    try:
        code = _invoke(group, args or ["--help"])
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 — the boundary
        return _told(error, debug="--debug" in args or bool(os.environ.get("STILLWATCH_DEBUG")))
    return code


def _invoke(group: click.Group, args: list[str]) -> int:
    try:
        with group.make_context("stillwatch", args) as context:
            group.invoke(context)
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.ctx.get_help() if bare.ctx else "")
    except click.exceptions.Exit as leave:
        return leave.exit_code
    return 0


def _told(error: BaseException, *, debug: bool) -> int:
    if isinstance(error, OSError):
        _abandon_stdout()
    if debug and not isinstance(error, BrokenPipeError):
        traceback.print_exception(error)
    line, code = worded(error)
    if line:
        click.echo(f"stillwatch: {' '.join(line.split())}", err=True)
    return code


def worded(error: BaseException) -> tuple[str, int]:
    """The line and the exit code for an error; no line where the reader has gone."""
    line, code = _fault(error), FAULT
    match error:
        case StillwatchError():
            line, code = str(error), error.exit_code
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else "stillwatch"
            line, code = f"{_verb(path)}{error.format_message()} See `{path} --help`.", 2
        case BrokenPipeError():
            line, code = "", BROKEN_PIPE
        case KeyboardInterrupt():
            line, code = "interrupted.", INTERRUPTED
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            line, code = f"{place}{error.strerror or error}.", 1
        case MemoryError():
            line, code = "out of memory. Scan fewer files at a time, or with --threads 1.", 1
    return line, code


def _verb(path: str) -> str:
    verb = path.removeprefix("stillwatch").strip()
    return f"{verb}: " if verb else ""


def _fault(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if "stillwatch" in frame.filename), None)
    place = f" in {Path(ours.filename).name}, line {ours.lineno}" if ours else ""
    return f"{type(error).__name__}{place}. This is a fault of stillwatch: please report it, with what --debug prints."


def _abandon_stdout() -> None:
    """Nobody reads on, or nothing fits: what is still buffered must not fail again as Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
