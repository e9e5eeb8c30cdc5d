"""Who asks: read from the headers of a request, as the settings say.

who = Identity.of(config.gateway)
account, organization, api_key, address = who.read(dict(scope["headers"]), path, peer)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from stillwatch.config import GatewayConfig
from stillwatch.errors import ConfigError

_HEADER = "header:"
_LONGEST = 512  # bytes of an id; what is longer is none


class Who(msgspec.Struct, frozen=True, gc=False):
    """Who asks. "" where it is not said."""

    account: str
    organization: str
    api_key: str
    address: str


@lru_cache(maxsize=1 << 16)
def digest(key: bytes) -> str:
    """The id of an API key: SHA-256, hexadecimal, as LiteLLM's logs have it (`user_api_key_hash`)."""
    return hashlib.sha256(key).hexdigest()


@dataclass(frozen=True)
class Identity:
    """Where a request says who asks: names of headers, in lower case; b"" where it is not read."""

    account: bytes = b""
    organization: bytes = b""
    address: bytes = b""

    @classmethod
    def of(cls, config: GatewayConfig) -> "Identity":
        """As the settings say.

        Raises:
            ConfigError: a setting is neither `key` or `peer` nor `header:NAME`.
        """
        return cls(
            _header(config.account, "key", "gateway.account"),
            _header(config.organization or "", "", "gateway.organization"),
            _header(config.client_address, "peer", "gateway.client_address"),
        )

    def read(self, headers: Mapping[bytes, bytes], path: str, peer: str) -> Who:
        """Who asks.

        Args:
            headers: by name in lower case; of a header that comes twice the last counts, for it is the one that a
                front end adds.
            path: Anthropic's clients send their key as x-api-key, all others as a bearer token; where a request has
                both, the path's own counts.
            peer: the address of the connection's other end.
        """
        get = headers.get
        bearer, plain = get(b"authorization", b""), get(b"x-api-key", b"")
        key = (plain or bearer) if path.rstrip("/").endswith("/messages") else (bearer or plain)
        if key[:7].lower() == b"bearer ":
            key = key[7:].strip()
        api_key = digest(key) if key else ""
        return Who(
            _text(get(self.account, b"")) if self.account else api_key,
            _text(get(self.organization, b"")) if self.organization else "",
            api_key,
            _text(get(self.address, b"")) if self.address else peer,
        )


def _header(setting: str, otherwise: str, where: str) -> bytes:
    if setting == otherwise:
        return b""
    name = setting.removeprefix(_HEADER).strip().lower()
    if not setting.startswith(_HEADER) or not name.isascii() or not name:
        says = f"{otherwise} or header:NAME" if otherwise else "header:NAME"
        raise ConfigError(f"must be {says}.", where=where)
    return name.encode()


def _text(value: bytes) -> str:
    """A header's value; "" for what is no UTF-8 or too long to be an id."""
    if len(value) > _LONGEST:
        return ""
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return ""
