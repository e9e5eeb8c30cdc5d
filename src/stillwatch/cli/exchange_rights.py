"""What a member may do, as the options of a command line say it."""

from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.exchange.model import Collection, Right
    from stillwatch.exchange.store.store import Store

LEVELS = ("clear", "green", "amber", "amber+strict", "red")

OPTIONS = (
    click.option(
        "--read", "reads", multiple=True, metavar="COLLECTION", help="May read it: root/alias, an alias or an id."
    ),
    click.option("--write", "writes", multiple=True, metavar="COLLECTION", help="May publish in it."),
    click.option(
        "--level",
        type=click.Choice(LEVELS),
        default="amber+strict",
        show_default=True,
        help="Reads nothing marked narrower than this (TLP 2.0), in the collections named here.",
    ),
    click.option("--root", metavar="NAME", help="The API root that aliases are meant in."),
)


def named(  # noqa: PLR0917 — the options of two verbs
    store: "Store",
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    level: str,
    root: str | None,
    nones: tuple[str, ...] = (),
) -> "dict[str, Right]":
    """The rights that the options say, by the id of the collection.

    Raises:
        ConfigError: a collection is not there, is in several roots, or named for contrary things.
    """
    from stillwatch.exchange.model import Level, Right

    chosen = next(each for each in Level if each.label == level)
    read, write, none = ({_found(store, name, root) for name in names} for names in (reads, writes, nones))
    if none & (read | write):
        raise ConfigError("--none and --read or --write name the same collection.")
    return {key: Right(read=key in read, write=key in write, level=chosen) for key in read | write | none}


def _found(store: "Store", name: str, root: str | None) -> str:
    """The id of a collection that is named by root and alias, by alias, or by id."""
    before, _, last = name.rpartition("/")
    within = before or root
    everywhere = [each for place in store.roots() for each in store.collections(place.name)]
    found = [each for each in everywhere if each.id == last and before in {"", each.root}] or [
        each for each in everywhere if each.alias == last and within in {None, each.root}
    ]
    if not found:
        raise ConfigError("There is no such collection.", where=name, hint="`stillwatch exchange show` lists them.")
    if len(found) > 1:
        hint = f"Say which: {', '.join(place_of(each) for each in found)}."
        raise ConfigError("Several roots have such a collection.", where=name, hint=hint)
    return found[0].id


def place_of(collection: "Collection") -> str:
    """How a person names a collection."""
    return f"{collection.root}/{collection.alias or collection.id}"
