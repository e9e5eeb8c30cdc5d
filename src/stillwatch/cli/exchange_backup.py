"""`stillwatch exchange dump` and `load`: backup, restore, and the move from another server."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import click

from stillwatch.cli import options
from stillwatch.cli.output import OutputError, check_writable, note
from stillwatch.errors import InputError


@click.command(short_help="Write everything as JSON lines: a backup.")
@click.option("--output", "-o", type=options.FILE, metavar="FILE", help="Where to; standard output by default.")
@click.option(
    "--with-secrets",
    is_flag=True,
    help="With the hashes of members' secrets and the sealed token keys: without, tokens begin anew.",
)
@options.db
@options.config
@options.as_json
@options.quiet
def dump(
    *,
    output: Path | None,
    with_secrets: bool,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write everything as JSON lines, from one state of the database, while the exchange goes on.

    Roots, collections with their ids, members with their rights, objects with their date_added, the log. Without
    --with-secrets members need new secrets after a restore. The file is written wholly or not at all, mode 0600. The
    exchange's own key is not in it: back that file up, too. docs/exchange/dump.md describes the form.

    \b
    Example:
      stillwatch exchange dump --db forum.sqlite --with-secrets -o forum.jsonl
    """
    check_writable(output)
    with options.opened_store(db, config_file) as store, _written(output) as stream:
        counts = store.dump(stream, secrets=with_secrets)
    _tell(counts, as_json=as_json and output is not None, quiet=quiet)


@click.command(short_help="Read a dump: restore, or move here from another server.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@options.db
@options.config
@options.as_json
@options.quiet
def load(*, file: Path, db: str | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Read a dump into the database: all of it or nothing. `-` is standard input.

    What is there already stays as it is, so that a dump may be loaded again. A dump of another TAXII server needs no
    more than roots, collections and objects with their date_added (docs/exchange/dump.md).

    \b
    Example:
      stillwatch exchange init --db restored.sqlite --key forum.pem
      stillwatch exchange load forum.jsonl --db restored.sqlite
    """
    with options.opened_store(db, config_file) as store, _read(file) as stream:
        counts = store.load(stream)
    _tell(counts, as_json=as_json, quiet=quiet)


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO]:
    """A new file in the place of the old one once it is whole, or standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() and not path.is_file():
        with path.open("wb") as special:
            yield special
        return
    beside = path.resolve().with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path.resolve())
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror}).", where=str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def _read(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}).", where=str(path)) from error
    with file:
        yield file


def _tell(counts: Mapping[str, int], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        click.echo(json.dumps(counts, indent=2))
        return
    parts = ", ".join(f"{kind} {count:,}" for kind, count in counts.items() if count)
    note(parts or "nothing", quiet=quiet)
