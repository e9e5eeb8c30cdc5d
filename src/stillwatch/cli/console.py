"""`stillwatch console`: who may sign in to the console, and as what."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, show
from stillwatch.errors import InputError

if TYPE_CHECKING:
    from stillwatch.web.access.people import People

_ROLES = ("viewer", "analyst", "approver", "operator")
_role = click.option("--role", type=click.Choice(_ROLES), required=True, help="What the person may do.")
_password_file = click.option(
    "--password-file", type=options.FILE, metavar="FILE", help="The password is its first line; else it is asked for."
)
_db = click.option("--db", metavar="URL", help="The console's database; console.db by default.")


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    for option in (options.quiet, options.config, _db):
        command = option(command)
    return command


@contextmanager
def _people(db: str | None, config_file: Path | None) -> "Iterator[People]":
    settings = options.load_settings(config_file, {"console.db": db})
    with options.opened_console(settings) as store:
        from stillwatch.web.access import tables
        from stillwatch.web.access.people import People

        tables.make(store.database)
        yield People(store.database)


@click.group(short_help="Who may sign in to the console.")
def command() -> None:
    """The console's people.

    `stillwatch serve console` serves it.

    \b
    Example:
      stillwatch console people add ana --role analyst
      stillwatch console people list
    """


@command.group(short_help="Add, list, change or remove people.")
def people() -> None:
    """Who may sign in, and as what.

    \b
    viewer     sees
    analyst    and judges: reviews, notes, assigns, merges and splits
    approver   and answers for it: signs and lifts measures, answers appeals, approves what is shared
    operator   and turns all measures off and on

    \b
    Example:
      stillwatch console people add ana --role analyst
      stillwatch console people role ana --role approver
    """


@people.command(short_help="Add a person.")
@click.argument("name")
@_role
@_password_file
@click.option("--elsewhere", is_flag=True, help="Signs in at the proxy or the OpenID provider: no password.")
@_placed
def add(
    *,
    name: str,
    role: str,
    password_file: Path | None,
    elsewhere: bool,
    db: str | None,
    config_file: Path | None,
    quiet: bool,
) -> None:
    """Add a person, under the NAME that notes, reviews and the ledger will give.

    The password is asked for, or read from a file: an argument would stand in the history and in the list of processes.

    \b
    Example:
      stillwatch console people add ana --role analyst
      stillwatch console people add ana@example.com --role viewer --elsewhere
    """
    from stillwatch.web.model import Role

    password = None if elsewhere else _password(password_file)
    with _people(db, config_file) as known:
        person = known.add(name, Role.named(role), password=password)
    note(f"{person.name} may sign in, as {person.role.word}.", quiet=quiet)


@people.command(name="list", short_help="List people.")
@options.as_json
@_placed
def list_people(*, as_json: bool, db: str | None, config_file: Path | None, quiet: bool) -> None:
    """List who may sign in, and as what.

    \b
    Example:
      stillwatch console people list --json
    """
    from rich import box
    from rich.table import Table

    with _people(db, config_file) as known:
        everybody = known.everybody()
    if as_json:
        found = [{"name": each.name, "role": each.role.word, "password": each.password} for each in everybody]
        click.echo(json.dumps(found, indent=2))
        return
    if not everybody:
        note("Nobody may sign in yet: `stillwatch console people add NAME --role operator`.", quiet=quiet)
        return
    table = Table("name", "role", "signs in", box=box.SIMPLE_HEAD)
    for each in everybody:
        table.add_row(each.name, each.role.word, "with a password" if each.password else "elsewhere")
    show(table)


@people.command(short_help="Give a person another role.")
@click.argument("name")
@_role
@_placed
def role(*, name: str, role: str, db: str | None, config_file: Path | None, quiet: bool) -> None:
    """Give a person another role, at once, also where he is signed in.

    \b
    Example:
      stillwatch console people role ana --role approver
    """
    from stillwatch.web.model import Role

    with _people(db, config_file) as known:
        known.set_role(name, Role.named(role))
    note(f"{name} is {role} now.", quiet=quiet)


@people.command(short_help="Give a person another password.")
@click.argument("name")
@_password_file
@_placed
def password(*, name: str, password_file: Path | None, db: str | None, config_file: Path | None, quiet: bool) -> None:
    """Give a person another password, and sign him out everywhere.

    \b
    Example:
      stillwatch console people password ana
    """
    with _people(db, config_file) as known:
        known.set_password(name, _password(password_file))
    note(f"{name} has another password, and is signed out.", quiet=quiet)


@people.command(short_help="Remove a person.")
@click.argument("name")
@_placed
def remove(*, name: str, db: str | None, config_file: Path | None, quiet: bool) -> None:
    """Remove a person, and sign him out everywhere. What he wrote stays, under his name.

    \b
    Example:
      stillwatch console people remove ana
    """
    with _people(db, config_file) as known:
        known.remove(name)
    note(f"{name} may no longer sign in.", quiet=quiet)


def _password(file: Path | None) -> str:
    if file is None:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return file.read_text(encoding="utf-8").split("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The password cannot be read ({error}).", where=str(file)) from None
