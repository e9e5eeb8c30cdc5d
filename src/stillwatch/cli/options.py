"""Options that several verbs have, and what they mean."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.database import Database
    from stillwatch.exchange.store.store import Store
    from stillwatch.reports.document import FindingsDocument
    from stillwatch.reports.reviews import ReviewStore
    from stillwatch.web.store import Store as ConsoleStore

FILE = click.Path(path_type=Path)
FINDINGS = Path("findings.json")

config = click.option(
    "--config", "config_file", type=FILE, help="The settings; ./stillwatch.toml is read if it is there.", metavar="FILE"
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors (and what --json asks for).")
findings = click.option(
    "--findings", "-f", type=FILE, default=FINDINGS, show_default=True, help="What `scan -o` wrote.", metavar="FILE"
)

_EXCHANGE = (
    click.option("--url", metavar="URL", help="The exchange; exchange.url by default."),
    click.option("--root", metavar="NAME", help="Its API root; exchange.root by default."),
    click.option("--member", metavar="NAME", help="Our name there; exchange.member by default."),
    click.option("--secret-file", type=FILE, metavar="FILE", help="Our secret; exchange.secret_file by default."),
    click.option("--key-file", type=FILE, metavar="FILE", help="Our Ed25519 key; exchange.key_file by default."),
    click.option("--state", type=FILE, metavar="FILE", help="What was said and heard; exchange.state by default."),
)


def exchange(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a verb that speaks to an exchange; see `exchange_flags`."""
    for option in reversed(_EXCHANGE):
        command = option(command)
    return command


def exchange_flags(given: Mapping[str, object]) -> dict[str, object]:
    """The flags of `exchange`, as settings."""
    return {f"exchange.{name}": value for name, value in given.items()}


_ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(("local", "spark")),
        default="local",
        show_default=True,
        help="Where it runs: in this process, or on Spark.",
    ),
    click.option(
        "--master", metavar="URL", help="Spark's cluster: spark://HOST:PORT, yarn, k8s://...; local[*] by default."
    ),
    click.option(
        "--spark-conf", multiple=True, metavar="KEY=VALUE", help="A setting of Spark's; may be given several times."
    ),
)


def engine(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a verb that may run on Spark; see `cli.cluster`."""
    for option in reversed(_ENGINE):
        command = option(command)
    return command


db = click.option(
    "--db", metavar="URL", help="A SQLite file, or postgresql://user@host/database; STILLWATCH_DB by default."
)


def load_settings(config_file: Path | None, flags: Mapping[str, object] | None = None) -> "Settings":
    """The configuration in force for this command line."""
    from stillwatch.config import load

    return load(config_file, os.environ, flags)


def load_reviews(settings: "Settings") -> "ReviewStore":
    """Where people's verdicts are remembered."""
    from stillwatch.reports.reviews import ReviewStore

    return ReviewStore(settings.config.reviews.path)


def load_findings(path: Path, settings: "Settings") -> "FindingsDocument":
    """The findings of an earlier scan, with what people have said of them since.

    Raises:
        InputError: there is no such file, or it holds no findings.
    """
    from stillwatch.reports.reviews import reviewed

    return reviewed(path, load_reviews(settings))


def database(db: str | None, config_file: Path | None) -> str:
    """The address of the exchange's database.

    Raises:
        ConfigError: no option, variable or setting names one.
    """
    found = load_settings(config_file, {"server.db": db}).config.server.db
    if found is None:
        hint = "Name a file or postgresql://user@host/database, here, in STILLWATCH_DB or as server.db in the settings."
        raise ConfigError("Which database is meant is not said.", where="--db", hint=hint)
    return found


@contextmanager
def opened_store(db: str | None, config_file: Path | None) -> "Iterator[Store]":
    """The exchange's store.

    Raises:
        ConfigError: it is not named, is none, or is of another version.
        ExchangeError: it cannot be reached.
    """
    from stillwatch.exchange.store.store import Store

    store = Store.open(database(db, config_file))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_console(settings: "Settings") -> "Iterator[ConsoleStore]":
    """The console's store, made where there is none yet.

    Raises:
        ConfigError: the extra `console` is not installed, or the database is none, or of another version.
        ExchangeError: it cannot be reached.
    """
    try:
        import argon2  # noqa: F401  passwords of people

        from stillwatch.database import parse
        from stillwatch.web.store import Store as ConsoleStore
    except ModuleNotFoundError as missing:
        hint = "pip install 'stillwatch[console]'"
        raise ConfigError(f"This needs {missing.name}, which is not installed.", hint=hint) from None
    address = settings.config.console.db
    if parse(address).get_backend_name() == "sqlite":
        Path(str(parse(address).database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ConsoleStore.open(address) as store:
        yield store


def exchange_key(named: Path | None, database: "Database") -> Path:
    """Where the exchange's own key lies: where it was said, beside a SQLite file, else in ~/.config/stillwatch."""
    if named or database.file:
        return named or Path(database.file or "").with_suffix(".pem")
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "stillwatch" / f"{database.engine.url.database}.pem"
