"""`stillwatch exchange decoy`, `affiliate` and `pardon`: what the operator knows of members and tells nobody."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import note
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.exchange.store.store import Store
    from stillwatch.exchange.trust.register import Register

_ROOT = click.option("--root", metavar="NAME", help="In this API root; in all of them by default.")


@click.group(short_help="Publish campaigns that do not exist, to find who does not look.")
def decoy() -> None:
    """Campaigns that do not exist: whoever confirms one of their indicators did not look, and is in quarantine then.

    \b
    Example:
      stillwatch exchange decoy add forum findings --as keeper --member-key keeper.pem
    """


@decoy.command(name="add", short_help="Publish a decoy.")
@click.argument("root_name", metavar="ROOT")
@click.argument("collection")
@click.option("--as", "member", metavar="MEMBER", required=True, help="The member that says it: one of yours.")
@click.option("--member-key", type=options.FILE, metavar="FILE", help="Its Ed25519 key, where it has registered one.")
@click.option("--like", metavar="CAMPAIGN-ID", help="The campaign that it resembles; the newest by default.")
@click.option(
    "--key", "key_file", type=options.FILE, metavar="FILE", help="The exchange's own key; where init put it by default."
)
@options.db
@options.config
@options.as_json
@options.quiet
def add_decoy(
    *,
    root_name: str,
    collection: str,
    member: str,
    member_key: Path | None,
    like: str | None,
    key_file: Path | None,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Publish a campaign that does not exist, in the dimensions of one that does. Its tokens match nothing.

    It goes into COLLECTION (an alias or an id) as MEMBER's own, with all that a real one has; the exchange remembers
    what it is. Let the member say real things, too: one whose every campaign is a decoy is soon known for it.

    \b
    Example:
      stillwatch exchange decoy add forum findings --as keeper --member-key keeper.pem
      stillwatch exchange decoy add forum findings --as keeper --like campaign--9517ed28-2fd2-561e-95b0-26df7f73afb2
    """
    from stillwatch.exchange.trust.planting import Voice, plant
    from stillwatch.signing import SigningKey

    with options.opened_store(db, config_file) as store:
        place = store.collection(root_name, collection)
        if place is None:
            hint = "`stillwatch exchange show` lists them."
            raise ConfigError("There is no such collection.", where=f"{root_name}/{collection}", hint=hint)
        own = SigningKey.load(options.exchange_key(key_file, store.database))
        voice = Voice(member, SigningKey.load(member_key) if member_key else None)
        planted = plant(store, own, place, voice, like)
    if as_json:
        click.echo(json.dumps(vars(planted), indent=2))
        return
    note(f"published {planted.campaign}, like {planted.like}: {len(planted.indicators)} indicators.", quiet=quiet)


@click.command(short_help="Remember that members speak with one voice.")
@click.argument("members", metavar="MEMBER...", nargs=-1, required=True)
@click.option("--apart", is_flag=True, help="They do not: take each of them out of its group.")
@_ROOT
@options.db
@options.config
@options.as_json
@options.quiet
def affiliate(
    *,
    members: tuple[str, ...],
    apart: bool,
    root: str | None,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Remember that members are under one roof: they count as one, and not about each other.

    Who is affiliated with one of them already joins them.

    \b
    Example:
      stillwatch exchange affiliate acme acme-labs
      stillwatch exchange affiliate acme-labs --apart
    """
    if not apart and len(set(members)) < 2:
        raise ConfigError("One member alone is affiliated with nobody.", hint="Name two or more.")
    with options.opened_store(db, config_file) as store:
        named = [_identity(store, each) for each in members]

        def changed(known: "Register") -> "Register":
            return known.without_affiliates(*named) if apart else known.with_affiliates(*named)

        groups = {name: _named(store, known) for name, known in _changed(store, root, changed).items()}
    if as_json:
        click.echo(json.dumps(groups, indent=2))
        return
    for name, listed in groups.items():
        told = "; ".join(", ".join(group) for group in listed) or "nobody"
        note(f"{name}: under one roof: {told}.", quiet=quiet)


@click.command(short_help="Forgive a member the decoys that it confirmed.")
@click.argument("member")
@_ROOT
@options.db
@options.config
@options.as_json
@options.quiet
def pardon(
    *, member: str, root: str | None, db: str | None, config_file: Path | None, as_json: bool, quiet: bool
) -> None:
    """Forgive a member the decoys that it confirmed until now: it is where it stood before.

    \b
    Example:
      stillwatch exchange pardon acme
    """
    from stillwatch.exchange.store.store import microseconds
    from stillwatch.indicators import timestamps

    now = microseconds()
    with options.opened_store(db, config_file) as store:
        identity = _identity(store, member)
        roots = list(_changed(store, root, lambda known: known.with_pardon(identity, now)))
    if as_json:
        click.echo(json.dumps({"member": member, "identity": identity, "until": timestamps.text(now), "roots": roots}))
    else:
        note(f"pardoned {member} in {', '.join(roots)}", quiet=quiet)


def _identity(store: "Store", name: str) -> str:
    """A member's pseudonym.

    Raises:
        ConfigError: there is no such member.
    """
    found = store.member(name)
    if found is None:
        raise ConfigError("There is no such member.", where=name, hint="`stillwatch exchange member list` shows them.")
    return found.identity


def _changed(store: "Store", root: str | None, change: "Callable[[Register], Register]") -> "dict[str, Register]":
    """Changes what is known of the members of one root or of all; gives what is known then, by root.

    Raises:
        ConfigError: there is no such root.
    """
    from stillwatch.exchange.trust import register

    names = [root] if root else [each.name for each in store.roots()]
    for name in names:
        register.change(store, name, change)
    return {name: register.register(store, name) for name in names}


def _named(store: "Store", known: "Register") -> list[list[str]]:
    """The groups, by the members' names."""
    names = {each.identity: each.name for each in store.members()}
    return [sorted(names.get(each, each) for each in group) for group in known.affiliates]
