"""`stillwatch exchange tokens`: the keys under which members' values become tokens."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import note


@click.group(name="tokens", short_help="The keys of the token service.")
def command() -> None:
    """The keys under which members' values become tokens.

    \b
    Example:
      stillwatch exchange tokens rotate --db forum.sqlite
    """


@command.command(short_help="Make this quarter's keys, and destroy those that are past.")
@options.db
@click.option(
    "--key", "key_file", type=options.FILE, metavar="FILE", help="The exchange's own key; where init put it by default."
)
@click.option("--root", metavar="NAME", help="Only of this API root; of all by default.")
@options.config
@options.as_json
@options.quiet
def rotate(
    *, db: str | None, key_file: Path | None, root: str | None, config_file: Path | None, as_json: bool, quiet: bool
) -> None:
    """Make this quarter's keys where there are none, and destroy those of before the last quarter.

    The server does so by itself with the first request of a quarter; a timer that runs this daily has past keys
    destroyed on the day even where nobody asks. Backups of the database are destroyed by whoever keeps them.

    \b
    Example:
      stillwatch exchange tokens rotate --db forum.sqlite
    """
    from stillwatch.exchange.tokens.keys import Keys
    from stillwatch.signing import SigningKey

    with options.opened_store(db, config_file) as store:
        signing_key = SigningKey.load(options.exchange_key(key_file, store.database))
        keys, names = Keys(store, signing_key), [root] if root else [each.name for each in store.roots()]
        changed = {name: keys.rotate(name, datetime.now(UTC)) for name in names}
    if as_json:
        told = {name: {"made": each.made, "destroyed": each.destroyed} for name, each in changed.items()}
        click.echo(json.dumps(told, indent=2))
        return
    for name, each in changed.items():
        made, destroyed = (", ".join(epochs) or "none" for epochs in (each.made, each.destroyed))
        note(f"{name}: made {made}; destroyed {destroyed}.", quiet=quiet)
