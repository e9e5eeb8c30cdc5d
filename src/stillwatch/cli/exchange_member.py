"""`stillwatch exchange member`: who takes part, with which rights."""

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from stillwatch.cli import exchange_keys, exchange_rights, options
from stillwatch.cli.exchange_rights import place_of
from stillwatch.cli.output import note, show
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.exchange.model import Member
    from stillwatch.exchange.store.store import Store

_CERTIFICATE = click.option(
    "--certificate", type=options.FILE, metavar="PEM", help="The client certificate, for --auth mtls."
)
_PUBLIC_KEY = click.option(
    "--public-key", type=options.FILE, metavar="FILE", help="Its Ed25519 public key, in PEM or base 64."
)


def _with(*given: Callable[[Callable[..., None]], Callable[..., None]]) -> Callable[..., Callable[..., None]]:
    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(given):
            command = option(command)
        return command

    return decorate


_STORE = (options.db, options.config, options.as_json, options.quiet)


@click.group(short_help="Add, suspend or list members; give rights and secrets.")
def command() -> None:
    """The members of an exchange: who they are, how they prove it, what they may do.

    \b
    Example:
      stillwatch exchange member add acme --read forum/findings --write forum/findings
      stillwatch exchange member list
    """


@command.command(short_help="Add a member. Its secret is shown once.")
@click.argument("name")
@_with(*exchange_rights.OPTIONS)
@click.option("--auth", type=click.Choice(("oauth", "basic", "mtls")), default="oauth", show_default=True)
@_CERTIFICATE
@_PUBLIC_KEY
@click.option("--identity", metavar="ID", help="Its pseudonym, a STIX identity; a new one by default.")
@click.option("--admitted", is_flag=True, help="Not in quarantine: what it says may match by itself at once.")
@_with(*_STORE)
def add(
    *,
    name: str,
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    level: str,
    root: str | None,
    auth: Literal["oauth", "basic", "mtls"],
    certificate: Path | None,
    public_key: Path | None,
    identity: str | None,
    admitted: bool,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Add a member. Its secret is printed on standard output, this once: only a hash of it is kept.

    Others see the member under its pseudonym alone. Until it is admitted, what it says is shown and matches nothing by
    itself.

    \b
    Example:
      stillwatch exchange member add acme --read forum/findings --write forum/findings --public-key acme.pub
      stillwatch exchange member add tip --read findings --level green --auth basic --json
    """
    from stillwatch.exchange.credentials import hashed, new_secret
    from stillwatch.exchange.model import Member

    if (auth == "mtls") != (certificate is not None):
        raise ConfigError("--auth mtls and --certificate belong together.", hint="Name both, or neither.")
    secret = None if auth == "mtls" else new_secret()
    new = Member(
        name=name,
        identity=_identity(identity),
        auth=auth,
        quarantined=not admitted,
        public_key=exchange_keys.public_key(public_key) if public_key else None,
        fingerprint=exchange_keys.fingerprint(certificate) if certificate else None,
    )
    with options.opened_store(db, config_file) as store:
        rights = exchange_rights.named(store, reads, writes, level, root)
        store.add_member(new, hashed(secret) if secret else None, rights)
        _tell(store, new.name, f"added {name} as {new.identity}", secret, as_json=as_json, quiet=quiet)


@command.command(short_help="Change what a member may do.")
@click.argument("name")
@_with(*exchange_rights.OPTIONS)
@click.option("--none", "nones", multiple=True, metavar="COLLECTION", help="May do nothing there any more.")
@_with(*_STORE)
def grant(
    *,
    name: str,
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    level: str,
    root: str | None,
    nones: tuple[str, ...],
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Give rights in the place of those that a member has in the collections named here; others stay.

    \b
    Example:
      stillwatch exchange member grant acme --read forum/red --level red
      stillwatch exchange member grant acme --none forum/inbox
    """
    with options.opened_store(db, config_file) as store:
        rights = exchange_rights.named(store, reads, writes, level, root, nones)
        if not rights:
            raise ConfigError("Which collections are meant is not said.", hint="Name --read, --write or --none.")
        store.grant(name, rights)
        _tell(store, name, f"changed the rights of {name}", None, as_json=as_json, quiet=quiet)


@command.command(short_help="Shut a member out, at once.")
@click.argument("name")
@_with(*_STORE)
def suspend(*, name: str, db: str | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Shut a member out, with the next request and in every process. What it published stays.

    \b
    Example:
      stillwatch exchange member suspend acme
    """
    with options.opened_store(db, config_file) as store:
        store.suspend(name)
        _tell(store, name, f"suspended {name}", None, as_json=as_json, quiet=quiet)


@command.command(short_help="Let a suspended member in again.")
@click.argument("name")
@_with(*_STORE)
def resume(*, name: str, db: str | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Let a suspended member in again, with the secret that it had.

    \b
    Example:
      stillwatch exchange member resume acme
    """
    with options.opened_store(db, config_file) as store:
        store.resume(name)
        _tell(store, name, f"resumed {name}", None, as_json=as_json, quiet=quiet)


@command.command(short_help="Give a member a new secret, certificate or public key.")
@click.argument("name")
@_CERTIFICATE
@_PUBLIC_KEY
@_with(*_STORE)
def rotate(
    *,
    name: str,
    certificate: Path | None,
    public_key: Path | None,
    db: str | None,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a new secret, shown this once, or register a new certificate or public key. The old one ends at once.

    \b
    Example:
      stillwatch exchange member rotate acme
      stillwatch exchange member rotate bank --certificate bank-2027.pem
    """
    from stillwatch.exchange.credentials import hashed, new_secret

    with options.opened_store(db, config_file) as store:
        known = _known(store, name)
        secret = None if certificate or public_key or known.auth == "mtls" else new_secret()
        if known.auth == "mtls" and not (certificate or public_key):
            raise ConfigError("The member has a certificate, not a secret.", where=name, hint="Name --certificate.")
        if certificate and known.auth != "mtls":
            raise ConfigError("The member has a secret, not a certificate.", where=name)
        if certificate:
            store.rotate(name, fingerprint=exchange_keys.fingerprint(certificate))
        if public_key:
            store.set_public_key(name, exchange_keys.public_key(public_key))
        if secret:
            store.rotate(name, secret_hash=hashed(secret))
        _tell(store, name, f"rotated {name}", secret, as_json=as_json, quiet=quiet)


@command.command(short_help="End a member's quarantine, or begin it again.")
@click.argument("name")
@click.option("--quarantine", is_flag=True, help="Begin it again.")
@_with(*_STORE)
def admit(*, name: str, quarantine: bool, db: str | None, config_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Let what a member says match by itself.

    \b
    Example:
      stillwatch exchange member admit acme
    """
    with options.opened_store(db, config_file) as store:
        store.admit(name, not quarantine)
        says = f"{name} is in quarantine" if quarantine else f"admitted {name}"
        _tell(store, name, says, None, as_json=as_json, quiet=quiet)


@command.command(name="list", short_help="List the members and their rights.")
@options.db
@options.config
@options.as_json
def list_members(*, db: str | None, config_file: Path | None, as_json: bool) -> None:
    """List the members, how they prove who they are, and what they may do.

    \b
    Example:
      stillwatch exchange member list --json
    """
    from rich import box
    from rich.table import Table

    with options.opened_store(db, config_file) as store:
        documents = [_document(store, each) for each in store.members()]
    if as_json:
        click.echo(json.dumps(documents, indent=2))
        return
    table = Table("member", "pseudonym", "auth", "standing", "rights", box=box.SIMPLE_HEAD)
    for each in documents:
        standing = "suspended" if each["suspended"] else "quarantined" if each["quarantined"] else "admitted"
        table.add_row(each["name"], each["identity"], each["auth"], standing, "\n".join(map(_right, each["rights"])))
    show(table)


def _right(right: Mapping[str, Any]) -> str:
    does = " and ".join(name for name in ("read", "write") if right[name])
    return f"{right['place']}: {does}, up to {right['level']}"


def _tell(store: "Store", name: str, says: str, secret: str | None, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        document = _document(store, _known(store, name))
        click.echo(json.dumps(document | ({"secret": secret} if secret else {}), indent=2))
        return
    note(says + ("; its secret, shown this once:" if secret else ""), quiet=quiet)
    if secret:
        click.echo(secret)


def _document(store: "Store", member: "Member") -> dict[str, Any]:
    from stillwatch.signing import key_id

    places = {each.id: each for root in store.roots() for each in store.collections(root.name)}
    return {
        "name": member.name,
        "identity": member.identity,
        "auth": member.auth,
        "suspended": member.suspended,
        "quarantined": member.quarantined,
        "key_id": key_id(member.public_key) if member.public_key else None,
        "fingerprint": member.fingerprint,
        "rights": [
            {"collection": key, "place": place_of(places[key]), "read": each.read, "write": each.write}
            | {"level": each.level.label}
            for key, each in sorted(store.rights(member.name).items(), key=lambda pair: place_of(places[pair[0]]))
        ],
    }


def _known(store: "Store", name: str) -> "Member":
    found = store.member(name)
    if found is None:
        hint = "`stillwatch exchange member list` lists them."
        raise ConfigError("There is no member of this name.", where=name, hint=hint)
    return found


def _identity(given: str | None) -> str:
    if given is None:
        return f"identity--{uuid.uuid4()}"
    prefix, _, rest = given.partition("--")
    try:
        plain = prefix == "identity" and str(uuid.UUID(rest)) == rest
    except ValueError:
        plain = False
    if not plain:
        raise ConfigError(
            "This is no STIX identity.", where=given, hint="identity-- and a UUID; not the member's name."
        )
    return given
