"""`stillwatch exchange init`, `root`, `collection` and `show`: where members will find what."""

import json
import uuid
from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.output import check_writable, note, show


@click.command(short_help="Make the database and the exchange's key, or bring the tables up to date.")
@options.db
@click.option("--key", "key_file", type=options.FILE, metavar="FILE", help="The exchange's own Ed25519 key.")
@click.option("--title", metavar="TEXT", help="What members see first.")
@options.config
@options.as_json
@options.quiet
def init(
    *, db: str | None, key_file: Path | None, title: str | None, config_file: Path | None, as_json: bool, quiet: bool
) -> None:
    """Make the database and the exchange's own key, where they are missing.

    The key signs receipts and the log's head; the keys of cursors and access tokens are made from it. It lies beside a
    SQLite file (forum.sqlite: forum.pem), else in ~/.config/stillwatch, mode 0600. Tables of an earlier version are
    brought up to date.

    \b
    Example:
      stillwatch exchange init --db forum.sqlite --title "Forum of providers"
      stillwatch exchange init --db postgresql://stillwatch@/forum --key /etc/stillwatch/forum.pem
    """
    from stillwatch.database import Database
    from stillwatch.exchange.store.store import Store
    from stillwatch.signing import SigningKey

    address = options.database(db, config_file)
    database = Database.at(address)
    place = options.exchange_key(key_file, database)
    if key_file is None and database.file is None:
        place.parent.mkdir(parents=True, exist_ok=True)
    check_writable(database.file, place)
    made = [str(each) for each in (database.file, place) if each and not each.exists()]
    if place.exists():
        SigningKey.load(place)
    store = Store.open(address, create=True)
    try:
        if title:
            store.put_document("", "exchange", {"title": title})
    finally:
        store.close()
    if not place.exists():
        SigningKey.generate().save(place)
    key = SigningKey.load(place)
    if as_json:
        click.echo(json.dumps({"db": database.name, "key": str(place), "key_id": key.key_id, "made": made}, indent=2))
        return
    for each in (database.name, str(place)):
        note(f"{'made' if each in made else 'ready'} {each}", quiet=quiet)
    note(f"The exchange's key is {key.key_id}. Back it up: members know the exchange by it.", quiet=quiet)


@click.group(short_help="Add an API root: one trust group.")
def root() -> None:
    """Add an API root: one trust group, with collections and a log of its own.

    \b
    Example:
      stillwatch exchange root add forum --title "The forum"
    """


@root.command(name="add", short_help="Add an API root.")
@click.argument("name")
@click.option("--title", metavar="TEXT", required=True, help="What members read.")
@click.option("--description", metavar="TEXT", help="More of it.")
@click.option("--allow-list", is_flag=True, help="Take only objects whose every property is on the allow-list.")
@click.option(
    "--max-content-length",
    type=click.IntRange(min=1),
    default=100 * 1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help="The largest request.",
)
@options.db
@options.config
@options.as_json
@options.quiet
def add_root(
    *,
    name: str,
    title: str,
    description: str | None,
    allow_list: bool,
    max_content_length: int,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Add an API root, with its collection of retractions and an empty log. NAME stands in its path.

    \b
    Example:
      stillwatch exchange root add forum --title "The forum" --db forum.sqlite
    """
    from stillwatch.exchange.model import Root

    new = Root(name, title, description, max_content_length, allow_list)
    with options.opened_store(db, config_file) as store:
        store.add_root(new)
    if as_json:
        click.echo(json.dumps(asdict(new), indent=2))
    else:
        note(f"added /{name}/", quiet=quiet)


@click.group(short_help="Add a collection to an API root.")
def collection() -> None:
    """Add a collection to an API root.

    \b
    Example:
      stillwatch exchange collection add forum Findings --alias findings
    """


@collection.command(name="add", short_help="Add a collection.")
@click.argument("root_name", metavar="ROOT")
@click.argument("title")
@click.option("--alias", metavar="NAME", help="A name that may stand in its path instead of the id.")
@click.option("--id", "collection_id", metavar="UUID", help="Its id, a UUID of version 4; a new one by default.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@options.db
@options.config
@options.as_json
@options.quiet
def add_collection(
    *,
    root_name: str,
    title: str,
    alias: str | None,
    collection_id: str | None,
    description: str | None,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Add a collection to an API root. Its id is printed.

    \b
    Example:
      stillwatch exchange collection add forum Findings --alias findings --db forum.sqlite
    """
    from stillwatch.exchange.model import Collection

    new = Collection(collection_id or str(uuid.uuid4()), root_name, title, alias, description)
    with options.opened_store(db, config_file) as store:
        store.add_collection(new)
    if as_json:
        click.echo(json.dumps(asdict(new), indent=2))
    elif not quiet:
        click.echo(new.id)


@click.command(name="show", short_help="Show the API roots and their collections.")
@options.db
@options.config
@options.as_json
def show_places(*, db: str | None, config_file: Path | None, as_json: bool) -> None:
    """Show the API roots and their collections, with their ids.

    \b
    Example:
      stillwatch exchange show --db forum.sqlite
    """
    from rich import box
    from rich.table import Table

    with options.opened_store(db, config_file) as store:
        places = [(each, store.collections(each.name)) for each in store.roots()]
    if as_json:
        document = [asdict(each) | {"collections": [asdict(one) for one in inside]} for each, inside in places]
        click.echo(json.dumps(document, indent=2))
        return
    table = Table("root", "collection", "title", "id", box=box.SIMPLE_HEAD)
    for each, inside in places:
        for one in inside:
            table.add_row(each.name, one.alias or "-", one.title, one.id)
    show(table)
