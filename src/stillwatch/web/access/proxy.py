"""A reverse proxy in front, at which people are signed in already, and which names them in a header.

    proxy = Proxy.of(settings.config.console)
    proxy.address(headers, peer)       # the client's
    proxy.name(headers, peer)          # who is signed in there; "" for nobody; None where no proxy is trusted with it

A header is worth what its sender is: only the configured addresses are believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

from stillwatch.config import ConsoleConfig
from stillwatch.errors import ConfigError


@dataclass(frozen=True)
class Proxy:
    """Which peers are believed, and the header."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    header: str | None = None

    @classmethod
    def of(cls, config: ConsoleConfig) -> Self:
        """Reads the settings.

        Raises:
            ConfigError: an address is none, or a header is named and nobody is believed.
        """
        try:
            networks = tuple(ip_network(each) for each in config.proxy_addresses)
        except ValueError as error:
            raise ConfigError(f"{error}.", where="console.proxy_addresses") from None
        if config.proxy_header and not networks:
            hint = "Name the proxy in console.proxy_addresses."
            raise ConfigError("Anybody could send this header.", where="console.proxy_header", hint=hint)
        return cls(networks, config.proxy_header.lower() if config.proxy_header else None)

    def address(self, headers: Mapping[str, str], peer: str) -> str:
        """The client's address: the last that no proxy of ours has."""
        hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        while hops and self._trusted(peer):
            peer = hops.pop()
        return peer[:64]

    def name(self, headers: Mapping[str, str], peer: str) -> str | None:
        """Who is signed in at the proxy."""
        if self.header is None or not self._trusted(peer):
            return None
        return headers.get(self.header, "").strip()

    def _trusted(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.networks)
