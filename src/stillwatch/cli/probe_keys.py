"""`stillwatch probe keys`: make keys, commit to them, say when they were first used and when no more."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options, probing
from stillwatch.cli.output import note, show
from stillwatch.cli.probing import Desk
from stillwatch.cli.scan import Time
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from stillwatch.forensics.custody.keys import Record

_ASK = "curl --data-binary @{query} -H 'Content-Type: application/timestamp-query' AUTHORITY -o {answer}"


@click.group(short_help="Make keys, commit to them, retire them.")
def keys() -> None:
    """Keys of watermarks and choices, in a folder of their own.

    One secret root makes them all; records and commitments hold no secret. Commit before anything is marked with a key,
    and say when the first answer left the house.

    \b
    Example:
      stillwatch probe keys make --campaign c-1f09 --epoch 2026-q4 --scheme vllm-gumbel-philox4x32-10-v1 --width 2
      stillwatch probe keys commit
      stillwatch probe keys export k-0123456789ab engine.key
      stillwatch probe keys expose k-0123456789ab
    """


@keys.command(short_help="Make a key.")
@click.option("--campaign", default="", metavar="ID", help="Whose answers it will mark; everybody's by default.")
@click.option("--epoch", required=True, metavar="NAME", help="From when to when, such as 2026-q4.")
@click.option(
    "--scheme", required=True, metavar="NAME", help="What marks: an engine's watermark, choices, rephrasings."
)
@click.option("--width", type=int, metavar="N", help="Tokens of context; 2 for campaigns.")
@click.option("--gamma", type=float, metavar="SHARE", help="Of the green list, where there is one.")
@click.option("--mixing", type=float, metavar="SHARE", help="Of the second key, where there are two.")
@click.option("--vocabulary", type=int, metavar="N", help="Tokens of the model, where the scheme permutes them.")
@click.option("--file", "file", type=options.FILE, metavar="FILE", help="Catalogue or pairs that the key draws for.")
@probing.keys
@options.config
@options.as_json
def make(
    *,
    campaign: str,
    epoch: str,
    scheme: str,
    width: int | None,
    gamma: float | None,
    mixing: float | None,
    vocabulary: int | None,
    file: Path | None,
    keys: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Make a key, and with the first one the secret root that all are derived from.

    \b
    Example:
      stillwatch probe keys make --campaign c-1f09 --epoch 2026-q4 --scheme vllm-gumbel-philox4x32-10-v1 --width 2
      stillwatch probe keys make --epoch 2026-q4 --scheme choices --file catalogue.toml
    """
    from stillwatch.forensics.model import DRAWS
    from stillwatch.forensics.plan import digest_of

    given = {"width": width, "gamma": gamma, "mixing": mixing, "vocabulary": vocabulary}
    parameters: dict[str, int | float | str] = {name: value for name, value in given.items() if value is not None}
    _check(scheme, parameters)
    if file is None and scheme == DRAWS["canaries"]:
        raise ConfigError("A key of choices commits to their catalogue.", where="--file")
    if file and scheme not in DRAWS.values():
        raise ConfigError("The marks of this scheme do not depend on a file.", where="--file")
    if file:
        parameters["file"] = digest_of(file)
    desk = Desk.of(config_file, keys=keys)
    record = desk.keyring.make(campaign, epoch, scheme, parameters, desk.now)
    if record.warning:
        note(record.warning)
    if as_json:
        click.echo(json.dumps(record.model_dump(mode="json"), indent=2))
    else:
        click.echo(record.id)
        note("Commit to it before anything is marked with it: stillwatch probe keys commit")


@keys.command(name="list", short_help="List keys, without secrets.")
@probing.keys
@options.config
@options.as_json
def list_keys(*, keys: Path | None, config_file: Path | None, as_json: bool) -> None:
    """List all keys: for whom, since when, whether they were committed to.

    \b
    Example:
      stillwatch probe keys list --json
    """
    from stillwatch.forensics.custody.commitments import Commitments

    keyring = Desk.of(config_file, keys=keys).keyring
    records, heads = keyring.records(), Commitments(keyring.folder).heads()
    committed = max((each.size for each in heads), default=0)
    if as_json:
        told = [each.model_dump(mode="json") | {"committed": n < committed} for n, each in enumerate(records)]
        click.echo(json.dumps(told, indent=2))
    elif records:
        show(_table(records, committed))
    else:
        note("There are no keys. `stillwatch probe keys make` makes them.")


@keys.command(short_help="Commit to all keys, and write what an authority is asked to stamp.")
@probing.keys
@options.config
@options.as_json
@options.quiet
def commit(*, keys: Path | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Commit to all keys so far: a Merkle root over their records.

    Publish the root, or have the file time-stamped (RFC 3161); the authority's answer belongs beside it, as .tsr. The
    root tells nothing about keys or campaigns.

    \b
    Example:
      stillwatch probe keys commit
    """
    from stillwatch.forensics.custody.commitments import Commitments
    from stillwatch.forensics.custody.commitments import commit as commit_to

    desk = Desk.of(config_file, keys=keys)
    kept = Commitments(desk.keyring.folder)
    head = kept.add(commit_to(desk.keyring.records(), desk.now))
    path = kept.path(head)
    query = ask_stamp(path, head.text)
    if as_json:
        click.echo(json.dumps(head.model_dump(mode="json") | {"file": str(path)}, indent=2))
    else:
        click.echo(head.root)
        note(f"{head.size:,} keys are committed to in {path}. To have it time-stamped:", quiet=quiet)
        note(_ASK.format(query=query, answer=path.with_suffix(".tsr")), quiet=quiet)


def ask_stamp(path: Path, content: bytes) -> Path:
    """Writes, beside a file, what an authority is asked."""
    from stillwatch.forensics.custody.timestamps import request
    from stillwatch.writing import write_whole

    query = path.with_suffix(".tsq")
    write_whole(query, request(content), mode=0o644)
    return query


@keys.command(short_help="Say when the first answer marked with a key left the house.")
@click.argument("key")
@click.option("--at", type=Time(), metavar="TIME", help="When (ISO 8601); now by default.")
@probing.keys
@options.config
@options.quiet
def expose(*, key: str, at: datetime | None, keys: Path | None, config_file: Path | None, quiet: bool) -> None:
    """Remember a key's first exposure: without it nobody can tell that the commitment came before.

    \b
    Example:
      stillwatch probe keys expose k-0123456789ab --at 2026-10-01T08:00:00Z
    """
    desk = Desk.of(config_file, keys=keys)
    record = desk.keyring.expose(key, at or desk.now)
    note(f"{record.id}: first exposed at {record.exposed:%Y-%m-%d %H:%M} UTC.", quiet=quiet)


@keys.command(short_help="Say that nothing is marked with a key any more.")
@click.argument("key")
@click.option("--reason", required=True, help="Why: whoever reads the record next will ask.")
@probing.keys
@options.config
@options.quiet
def retire(*, key: str, reason: str, keys: Path | None, config_file: Path | None, quiet: bool) -> None:
    """Remember that a key is no longer used. It can still be tested.

    \b
    Example:
      stillwatch probe keys retire k-0123456789ab --reason "the quarter is over"
    """
    desk = Desk.of(config_file, keys=keys)
    record = desk.keyring.retire(key, desk.now, reason)
    note(f"{record.id}: retired.", quiet=quiet)


@keys.command(short_help="Write a key into a file for the engine that marks.")
@click.argument("key")
@click.argument("output", type=options.FILE)
@probing.keys
@options.config
@options.quiet
def export(*, key: str, output: Path, keys: Path | None, config_file: Path | None, quiet: bool) -> None:
    """Write a key as 16 hexadecimal digits into a new file that only its owner can read.

    It is shown nowhere: whoever has it can forge the mark.

    \b
    Example:
      stillwatch probe keys export k-0123456789ab engine.key
    """
    from stillwatch.cli.output import OutputError, write_text

    if output.exists():
        raise OutputError("A file is there already.", where=str(output))
    (found,) = Desk.of(config_file, keys=keys).keyring.keys([key])
    write_text(output, f"{found.value:016x}\n", mode=0o600)
    note(f"{found.id} is in {output}.", quiet=quiet)


def _check(scheme: str, parameters: dict[str, int | float | str]) -> None:
    from stillwatch.forensics import schemes
    from stillwatch.forensics.model import DRAWS
    from stillwatch.forensics.plan import Test

    if scheme in DRAWS.values():
        return
    schemes.of(Test.model_validate({"name": "key", "kind": "closed", "scheme": scheme} | parameters))


def _table(records: "Sequence[Record]", committed: int) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table("key", "campaign", "epoch", "scheme", "committed", "exposed", "retired", box=box.SIMPLE_HEAD)
    for number, each in enumerate(records):
        days = [f"{day:%Y-%m-%d}" if day else "" for day in (each.exposed, each.retired)]
        table.add_row(
            each.id, each.campaign or "all", each.epoch, each.scheme, "yes" if number < committed else "no", *days
        )
    return table
