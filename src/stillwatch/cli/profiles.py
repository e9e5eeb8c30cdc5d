"""`stillwatch profiles`: what scans stored, merged and forgotten as it ages."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, show

if TYPE_CHECKING:
    from rich.table import Table

    from stillwatch.profiles.store.manifest import Manifest, Part

_FOLDER = click.argument("folder", type=options.FILE)


@click.group(short_help="What scans stored: show it, merge it, forget it.")
def command() -> None:
    """The profiles that `stillwatch scan --profiles FOLDER` stores.

    \b
    Example:
      stillwatch scan logs/today.jsonl --profiles profiles/ --accounts accounts.csv -o findings.json
      stillwatch profiles compact profiles/
      stillwatch profiles prune profiles/
    """


@command.command(name="show", short_help="Show what is stored.")
@_FOLDER
@options.as_json
def show_profiles(*, folder: Path, as_json: bool) -> None:
    """Show what FOLDER holds, of which time, and how much of the disk it takes.

    \b
    Example:
      stillwatch profiles show profiles/
    """
    from stillwatch.profiles.store.store import present

    document = _document(present(folder))
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        show(_table(document["parts"]), *_lines(document))


@command.command(short_help="Merge hours into days, and days into months.")
@_FOLDER
@click.option("--hourly-days", type=click.IntRange(0), metavar="N", help="Keep hours apart for N days.")
@click.option("--daily-days", type=click.IntRange(0), metavar="N", help="Keep days apart for N days.")
@options.config
@options.quiet
def compact(
    *, folder: Path, hourly_days: int | None, daily_days: int | None, config_file: Path | None, quiet: bool
) -> None:
    """Merge what is old enough in FOLDER, so that the next scan has less to read.

    Findings stay the same, but for when a campaign passed the line: of what is merged that is known to the day or the
    month. Days are counted back from the newest request.

    \b
    Example:
      stillwatch profiles compact profiles/ --hourly-days 2 --daily-days 31
    """
    from stillwatch.profiles.store.compacting import compact as merge
    from stillwatch.profiles.store.store import opened

    flags = {"profiles.hourly_days": hourly_days, "profiles.daily_days": daily_days}
    given = options.load_settings(config_file, flags).config.profiles
    with opened(folder) as store:
        before, end = _size(store.manifest), max((part.end for part in store.manifest.parts), default=0)
        fewer = merge(store, days_before=end - 24 * given.hourly_days, months_before=end - 24 * given.daily_days)
        after = _size(store.manifest)
    note(f"{fewer:,} parts fewer; {before / 1e6:,.1f} MB became {after / 1e6:,.1f} MB.", quiet=quiet)


@command.command(short_help="Delete what is too old.")
@_FOLDER
@click.option("--older-than", type=click.IntRange(1), metavar="DAYS", help="Days; profiles.keep_days by default.")
@options.config
@options.quiet
def prune(*, folder: Path, older_than: int | None, config_file: Path | None, quiet: bool) -> None:
    """Delete from FOLDER what ended more than so many days ago. What was deleted is not added again.

    \b
    Example:
      stillwatch profiles prune profiles/ --older-than 92
    """
    from stillwatch.profiles.store.compacting import prune as forget
    from stillwatch.profiles.store.store import hour_of, opened

    given = options.load_settings(config_file, {"profiles.keep_days": older_than}).config.profiles
    with opened(folder) as store:
        gone = forget(store, hour_of(datetime.now(UTC) - timedelta(days=given.keep_days)))
    requests = sum(part.requests for part in gone)
    note(f"Deleted {len(gone):,} parts, made of {requests:,} requests.", quiet=quiet)


def _size(manifest: "Manifest") -> int:
    return sum(part.size for part in manifest.parts) + sum(each.size for each in manifest.hashes)


def _document(manifest: "Manifest") -> dict[str, Any]:
    from stillwatch.profiles.store.store import moment_of

    hashes = sum(each.count for each in manifest.hashes)
    size = sum(each.size for each in manifest.hashes)
    floor = None if manifest.floor is None else moment_of(manifest.floor).isoformat()
    return {
        "parts": [_part(part) for part in sorted(manifest.parts, key=lambda part: (part.start, part.end))],
        "requests": sum(part.requests for part in manifest.parts),
        "bytes": _size(manifest),
        "hashes": {"requests": hashes, "bytes": size},
        "logs": len(manifest.files),
        "nothing_before": floor,
        "key": manifest.belongs.key,
        "grain": manifest.belongs.grain,
    }


def _part(part: "Part") -> dict[str, Any]:
    from stillwatch.profiles.store.store import moment_of

    start, end = (moment_of(hour).isoformat() for hour in (part.start, part.end))
    counts = {"rows": part.rows, "requests": part.requests, "bytes": part.size}
    return {"grain": part.grain, "start": start, "end": end, **counts}


def _table(parts: Sequence[dict[str, Any]]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("a row is of", "from", "to"):
        table.add_column(name)
    for name in ("rows", "requests", "MB"):
        table.add_column(name, justify="right")
    for part in parts:
        start, end = (part[name][:16].replace("T", " ") for name in ("start", "end"))
        counts = (f"{part['rows']:,}", f"{part['requests']:,}", f"{part['bytes'] / 1e6:,.1f}")
        table.add_row(f"an account's {part['grain']}", start, end, *counts)
    return table


def _lines(document: dict[str, Any]) -> list[str]:
    hashes = document["hashes"]
    each = hashes["bytes"] / hashes["requests"] if hashes["requests"] else 0
    before = document["nothing_before"]
    return [
        f"{document['requests']:,} requests of {document['logs']:,} logs in {document['bytes'] / 1e6:,.1f} MB.",
        f"Hashes of {hashes['requests']:,} requests, {each:.1f} bytes each: a second copy is told by them.",
        *([f"Nothing before {before[:16].replace('T', ' ')} is added any more."] if before else []),
    ]
