"""What verbs that change measures have in common: who answers for it, in which ledger, and that gateways hear of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import note
from stillwatch.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.response.ledger.ledger import Ledger

ledger = click.option("--ledger", metavar="URL", help="Where decisions are kept; response.ledger by default.")
person = click.option("--as", "person", metavar="NAME", required=True, help="Who does it; one of response.people.")
reason = click.option("--reason", required=True, metavar="TEXT", help="Why: whoever reads the ledger will ask.")

_PLACE = (ledger, options.config, options.as_json)


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every verb that reads a ledger."""
    for option in reversed(_PLACE):
        command = option(command)
    return command


@dataclass(frozen=True)
class Opened:
    """A ledger, and what a verb does with it.

    Attributes:
        ledger: open.
        settings: the configuration in force.
        now: the moment of all that is done.
        by: who does it; "" where nobody has to say.
    """

    ledger: "Ledger"
    settings: "Settings"
    now: datetime
    by: str

    def tell_gateways(self, *, quiet: bool) -> None:
        """See `measures.tell_gateways`."""
        tell_gateways(self.ledger, self.settings, self.now, quiet=quiet)


@contextmanager
def opened(
    config_file: Path | None, ledger: str | None, person: str | None = None, *, create: bool = False
) -> Iterator[Opened]:
    """What `placed` and `person` say.

    Raises:
        StillwatchError: see `check_person` and `opened_ledger`.
    """
    settings = options.load_settings(config_file, {"response.ledger": ledger})
    by = check_person(person, settings) if person is not None else ""
    with opened_ledger(settings, create=create) as book:
        yield Opened(book, settings, datetime.now(UTC), by)


def check_person(name: str, settings: "Settings") -> str:
    """The name, if it is one of those who may act.

    Raises:
        ConfigError: nobody may yet.
        TrustError: this person may not.
    """
    people = settings.config.response.people
    if not people:
        raise ConfigError("Nobody may yet.", where="response.people", hint=f'Name who may: people = ["{name}"].')
    if name not in people:
        raise TrustError(f"{name} may not.", where="response.people")
    return name


@contextmanager
def opened_ledger(settings: "Settings", *, create: bool = False) -> "Iterator[Ledger]":
    """The ledger.

    Raises:
        ConfigError: it is not named, is none, or what it needs is not installed.
        ExchangeError: it cannot be reached.
    """
    address = settings.config.response.ledger
    if address is None:
        hint = "Name a file or postgresql://user@host/database, here, in STILLWATCH_LEDGER or as response.ledger."
        raise ConfigError("Which ledger is meant is not said.", where="--ledger", hint=hint)
    try:
        from stillwatch.response.ledger.ledger import Ledger
    except ModuleNotFoundError as missing:
        hint = "pip install 'stillwatch[gateway]'"
        raise ConfigError(f"A ledger needs {missing.name}, which is not installed.", hint=hint) from None
    with Ledger.open(address, create=create) as opened:
        yield opened


def tell_gateways(ledger: "Ledger", settings: "Settings", now: datetime, *, quiet: bool) -> None:
    """Gateways hear at once of what was just written, where there is a way to them.

    Raises:
        RelayError: they cannot be reached; what was written stands.
    """
    from stillwatch.response.publishing import tell

    if not tell(ledger, settings.config.response, now):
        note("No gateway was told: response.relay names no way to one.", quiet=quiet)
