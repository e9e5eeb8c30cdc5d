"""Which relay an address means.

relay = open_relay("relay/")                        # a folder: one gateway and the watch on one machine
relay = open_relay("redis://127.0.0.1:6379/0")      # several gateways; Valkey speaks the same
"""

from pathlib import Path

from stillwatch.errors import ConfigError
from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.relay.protocol import Relay, RelayError

__all__ = ["Relay", "RelayError", "open_relay"]

#: Valkey's names for what the client knows under Redis's.
_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def open_relay(address: str) -> Relay:
    """Prepares a relay; nothing is reached yet, so that a gateway starts whether the relay is there or not.

    Args:
        address: a folder, or redis://, rediss:// (TLS), valkey://, valkeys:// or unix:// (a socket of this machine).

    Raises:
        ConfigError: it is none of these, or Redis's client is not installed.
    """
    scheme, colon, rest = address.partition("://")
    if not colon:
        if not address:
            raise ConfigError("The relay's address is empty.", hint="Name a folder or redis://host:port/0.")
        return FolderRelay(Path(address).expanduser())
    if scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise ConfigError(f"{scheme}:// is no relay that stillwatch knows.", hint=f"Name a folder or one of {known}.")
    try:
        from stillwatch.response.relay.redis import RedisRelay  # noqa: PLC0415 - a folder needs no client
    except ModuleNotFoundError as error:
        hint = "pip install 'stillwatch[gateway]'"
        raise ConfigError("Redis's client is not installed.", where="relay", hint=hint) from error
    return RedisRelay(f"{_SCHEMES[scheme]}://{rest}")
