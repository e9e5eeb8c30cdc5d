"""A member at its exchange: the settings, put to work.

with opened(settings.config.exchange) as session:
    session.taxii.collections(session.root)
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from stillwatch.config import ExchangeConfig
from stillwatch.errors import ConfigError
from stillwatch.exchange.client.connection import Access, connect
from stillwatch.exchange.client.taxii import ApiRoot, Collection, Taxii
from stillwatch.signing import SigningKey

_EXAMPLE = (
    "Give --url, --member and --secret-file, or write into stillwatch.toml: [exchange], then url = "
    '"https://exchange.example/taxii2/", member = "acme", secret_file = "exchange.secret", a line each.'
)


@dataclass(frozen=True)
class Voice:
    """Who speaks, and how that is shown."""

    identity: str  # our STIX identity
    key: SigningKey | None  # None: nothing is signed, for the server keeps no signatures


@dataclass(frozen=True)
class Session:
    """An open connection to one API root."""

    config: ExchangeConfig
    http: httpx2.Client
    taxii: Taxii
    root: ApiRoot
    collections: tuple[Collection, ...]

    def to_read(self) -> tuple[Collection, ...]:
        """The collections that are read: those that were named, else all that may be.

        Raises:
            ConfigError: one was named that is not there or may not be read.
        """
        readable = [each for each in self.collections if each.can_read]
        names = self.config.collections
        for name in names:
            if not any(each.called(name) for each in readable):
                raise _no_collection("collections", name, readable)
        return tuple(each for each in readable if not names or any(map(each.called, names)))

    def to_write(self) -> Collection:
        """The collection that is published to: the one that was named, else the only one that may be written to.

        Raises:
            ConfigError: it is not there, may not be written to, or there are several.
        """
        writable = [each for each in self.collections if each.can_write]
        name = self.config.collection
        found = [each for each in writable if name is None or each.called(name)]
        if len(found) != 1:
            raise _no_collection("collection", name, writable)
        return found[0]


@contextmanager
def opened(config: ExchangeConfig) -> Iterator[Session]:
    """Opens a session.

    Raises:
        ConfigError: what is needed is not set, or is wrong.
        ExchangeError: the exchange cannot be reached, or does not let us in.
    """
    access = access_of(config)
    with connect(access) as http:
        taxii = Taxii(http, access.url)
        root = taxii.root(config.root)
        yield Session(config, http, taxii, root, taxii.collections(root))


def access_of(config: ExchangeConfig) -> Access:
    """Where the exchange is and who asks, out of the settings.

    Raises:
        ConfigError: what is needed is not set, or the secret cannot be read.
    """
    if config.url is None:
        raise ConfigError("No exchange is set.", where="exchange.url", hint=_EXAMPLE)
    return Access(
        config.url,
        config.auth,
        config.member,
        _secret(config.secret_file) if config.secret_file else None,
        token_url=config.token_url,
        ca_file=config.ca_file,
        certificate_file=config.certificate_file,
        certificate_key_file=config.certificate_key_file,
        timeout=config.timeout_seconds,
    )


def signing_key(config: ExchangeConfig) -> SigningKey | None:
    """Our key, if one is set.

    Raises:
        ConfigError: it cannot be read.
    """
    return SigningKey.load(config.key_file) if config.key_file else None


def _secret(path: Path) -> str:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        hint = "It holds the secret that the operator gave, on one line."
        raise ConfigError(f"The secret cannot be read ({error}).", where="exchange.secret_file", hint=hint) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError("Others than its owner may read the secret.", where=str(path), hint=f"chmod 600 {path}")
    if not text or not text.isprintable():
        raise ConfigError("The file holds no secret.", where=str(path), hint="One line of text, and nothing else.")
    return text


def _no_collection(setting: str, name: str | None, found: list[Collection]) -> ConfigError:
    known = ", ".join(each.alias or each.title or each.id for each in found) or "none"
    what = f"There is no collection {name}" if name else "Which collection is meant is not clear"
    purpose = "published to" if setting == "collection" else "read"
    return ConfigError(f"{what}.", where=f"exchange.{setting}", hint=f"These may be {purpose}: {known}.")
