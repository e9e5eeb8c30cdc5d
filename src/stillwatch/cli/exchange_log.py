"""`stillwatch exchange log`: verify a transparency log, show its lines, turn the exchange's key."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.output import Progress, check_writable, note, progress, write_text
from stillwatch.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from stillwatch.exchange.log.contents import Held
    from stillwatch.exchange.log.verification import Found, Source
    from stillwatch.exchange.store.store import Store
    from stillwatch.signing import SigningKey

_WHERE = (
    click.option("--url", metavar="URL", help="The exchange, asked as a member; exchange.url by default."),
    click.option("--db", metavar="URL", help="The store itself: a path (SQLite) or postgresql://…"),
    click.option("--root", metavar="NAME", help="The API root, where there are several."),
    click.option("--member", metavar="NAME", help="Our name there; exchange.member by default."),
    click.option(
        "--secret-file", type=options.FILE, metavar="FILE", help="Our secret; exchange.secret_file by default."
    ),
)


def _where(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_WHERE):
        command = option(command)
    return command


@click.group(short_help="Verify and show the transparency log.")
def log() -> None:
    """The transparency log of an exchange: what was published or withdrawn, in an order that nobody changes unseen.

    \b
    Example:
      stillwatch exchange log verify --url https://exchange.example/forum/ --checkpoint forum.checkpoint
    """


@log.command(short_help="Compute the whole log again and hold it against what was signed.")
@_where
@click.option(
    "--checkpoint",
    type=options.FILE,
    metavar="FILE",
    help="The head of the last time: the log must have grown from it. The new head is written there.",
)
@click.option("--objects/--no-objects", default=True, help="With --db: hold every object against its line, too.")
@options.config
@options.as_json
@options.quiet
def verify(
    *,
    url: str | None,
    db: str | None,
    root: str | None,
    member: str | None,
    secret_file: Path | None,
    checkpoint: Path | None,
    objects: bool,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compute the tree from all lines, and check the exchange's signature, the tiles, the growth since --checkpoint,
    the members' cosignatures and the key directory.

    Leaves with 4 where something does not hold. A checkpoint that is kept outside of the exchange is what makes a
    rewritten log show: keep it.

    \b
    Example:
      stillwatch exchange log verify --url https://exchange.example/forum/ --checkpoint forum.checkpoint
      stillwatch exchange log verify --db forum.sqlite --root forum
    """  # noqa: D205 — click joins the lines
    from stillwatch.exchange.log.verification import verify as computed

    check_writable(checkpoint)
    saved = checkpoint.read_text(encoding="utf-8", errors="replace") if checkpoint and checkpoint.exists() else None
    flags = {"url": url, "root": root, "member": member, "secret_file": secret_file}
    with _opened(db, root, flags, config_file) as (source, public), progress(quiet=quiet or as_json) as advance:
        found = computed(source, saved=saved, exchange_public=public, progress=advance)
        held = _held(source, advance) if db and objects else None
    if checkpoint and found.note and found.checkpoint and found.checkpoint.size >= (found.grown_from or 0):
        write_text(checkpoint, found.note)
    if as_json:
        _print_json(_document(found, held))
    elif not quiet:
        click.echo("\n".join(_said(found, held)))


@log.command(short_help="Show the lines of the log.")
@_where
@click.option("--last", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many, from the end.")
@options.config
@options.as_json
def show(
    *,
    url: str | None,
    db: str | None,
    root: str | None,
    member: str | None,
    secret_file: Path | None,
    last: int,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Show when something was published (add), withdrawn (delete) or a key registered (key); of what, a line is silent.

    \b
    Example:
      stillwatch exchange log show --db forum.sqlite --last 100
    """
    from stillwatch.exchange.log.entries import read

    flags = {"url": url, "root": root, "member": member, "secret_file": secret_file}
    with _opened(db, root, flags, config_file) as (source, _):
        size = source.size()
        lines = [{"index": index} | read(line) for index, line in _lines(source, max(0, size - last), size)]
    if as_json:
        _print_json({"size": size, "entries": lines})
        return
    for line in lines:
        click.echo(f"{line['index']:>9}  {line['time']}  {line['action']:<6}  {line['commitment']}")


@log.command("turn-key", short_help="Put a new key of the exchange in the place of the old.")
@options.db
@click.option("--old", type=options.FILE, metavar="FILE", help="The present key; where init put it by default.")
@click.option("--new", type=options.FILE, metavar="FILE", required=True, help="The next key; made if it is not there.")
@options.config
@options.quiet
def turn_key(*, db: str | None, old: Path | None, new: Path, config_file: Path | None, quiet: bool) -> None:
    """Sign the exchange's next key over with the present one, in the log of every root, and seal the token keys anew.

    Members follow the key by this alone. Stop the server first, and start it again with the new key. Where it was
    interrupted, give the command again.

    \b
    Example:
      stillwatch exchange log turn-key --db forum.sqlite --new forum-2027.pem
    """
    from stillwatch.exchange.log.enrolment import turn
    from stillwatch.exchange.tokens.keys import Keys
    from stillwatch.signing import SigningKey

    with options.opened_store(db, config_file) as store:
        present = SigningKey.load(options.exchange_key(old, store.database))
        if not new.exists():
            SigningKey.generate().save(new)
        following = SigningKey.load(new)
        for each in store.roots():
            if not _turned(store, each.name, present, following):
                Keys(store, present).turn(each.name, following)
                turn(store, each.name, present, following)
    note(f"The exchange's key is {following.key_id} from now on: serve with --key {new}.", quiet=quiet)


def _turned(store: "Store", root: str, present: "SigningKey", following: "SigningKey") -> bool:
    """Whether a root has the next key already, of an earlier time that was interrupted."""
    from stillwatch.exchange.log.enrolment import enter

    try:
        enter(store, root, present)
    except TrustError:
        enter(store, root, following)
        return True
    return False


@contextmanager
def _opened(
    db: str | None, root: str | None, flags: Mapping[str, object], config_file: Path | None
) -> "Iterator[tuple[Source, bytes | None]]":
    """The log, and the exchange's key if the settings name it."""
    if db and flags["url"]:
        raise ConfigError("--url and --db are two places.", hint="Name one.")
    if db:
        with _store(db, root) as source:
            yield source, None
        return
    from stillwatch.exchange.client.connection import connect
    from stillwatch.exchange.client.session import access_of
    from stillwatch.exchange.client.taxii import Taxii
    from stillwatch.exchange.log.sources import Served
    from stillwatch.signing import from_base64

    settings = options.load_settings(config_file, {f"exchange.{name}": value for name, value in flags.items()})
    config = settings.config.exchange
    access = access_of(config)
    with connect(access) as http:
        found = Taxii(http, access.url).root(config.root)
        yield Served(http, found.url), from_base64(config.exchange_key) if config.exchange_key else None


@contextmanager
def _store(db: str, root: str | None) -> "Iterator[Source]":
    from stillwatch.exchange.log.sources import Stored
    from stillwatch.exchange.store.store import Store

    store = Store.open(db)
    try:
        names = [each.name for each in store.roots()]
        chosen = [root] if root in names else names if root is None else []
        if len(chosen) != 1:
            raise ConfigError(
                "Which root is meant is not clear.", where="--root", hint=f"There are: {', '.join(names)}."
            )
        yield Stored(store, chosen[0])
    finally:
        store.close()


def _held(source: "Source", advance: Progress) -> "Held | None":
    """The objects of a store, against its log; None where the exchange has not entered its key yet."""
    from stillwatch.exchange.log.contents import check_objects
    from stillwatch.exchange.log.directory import Directory
    from stillwatch.exchange.log.sources import Stored

    document = source.directory()
    if not isinstance(source, Stored) or document is None:
        return None
    return check_objects(source.store, source.root, Directory.read(document, None), advance)


def _lines(source: "Source", start: int, end: int) -> Iterator[tuple[int, bytes]]:
    from stillwatch.exchange.log.tiles import WIDTH, TileName

    for index in range(start // WIDTH, -(-end // WIDTH)):
        name = TileName(None, index, min(WIDTH, end - index * WIDTH))
        yield from ((at, line) for at, line in enumerate(source.entries(name), index * WIDTH) if at >= start)


def _document(found: "Found", held: "Held | None") -> dict[str, Any]:
    signed = found.checkpoint
    return {
        "origin": signed.origin if signed else None,
        "size": found.size,
        "root": found.root.hex(),
        "signed": signed.size if signed else None,
        "exchange_keys": list(found.key_ids),
        "grown_from": found.grown_from,
        "keys": found.keys,
        "witnesses": [{"identity": name, "size": size, "time": time} for name, (size, time) in found.witnesses.items()],
        "objects": vars(held) if held else None,
    }


def _said(found: "Found", held: "Held | None") -> Iterator[str]:
    """What was looked at, line by line."""
    yield f"{found.size:,} lines make the root {found.root.hex()}, and the tiles hold what they make."
    if found.checkpoint:
        key = found.key_ids[-1]
        yield f"The exchange has signed the first {found.checkpoint.size:,} as {found.checkpoint.origin} (key {key})."
    else:
        yield "The exchange has signed no head yet: nobody has asked for one."
    if found.grown_from is not None:
        yield f"It has grown from the {found.grown_from:,} lines of the saved checkpoint."
    yield f"{found.keys} statements of the key directory stand in it."
    for name, (size, _) in found.witnesses.items():
        yield f"{name} has cosigned the first {size:,}."
    if held:
        yield (
            f"{held.logged:,} versions of objects are what was logged; {held.unlogged:,} have no receipt, "
            f"and {held.deleted:,} were deleted."
        )


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, indent=2))
