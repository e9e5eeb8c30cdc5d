"""What gateways were told by the relay, counted anew only when they were told something else.

    heard = Heard()
    told = heard.of("redis://127.0.0.1:6379/0")        # None: nothing was ever published
    told.enabled, told.measures

A snapshot of 100,000 measures has 15 MB: it is asked for by the version of the one that was counted last.
"""

import threading
from dataclasses import dataclass

from stillwatch.response.relay.places import Relay, open_relay
from stillwatch.response.snapshot import Snapshot


@dataclass(frozen=True)
class Told:
    """A snapshot, as far as it is shown."""

    version: int
    enabled: bool
    measures: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Told":
        """What a snapshot comes to."""
        tables = (snapshot.accounts, snapshot.organizations, snapshot.api_keys, snapshot.campaigns)
        return cls(snapshot.version, snapshot.enabled, sum(map(len, tables)))


class Heard:
    """One relay; for any thread."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._address = ""
        self._relay: Relay | None = None
        self._told: Told | None = None

    def of(self, address: str) -> Told | None:
        """What gateways have been told; None: nothing was ever published.

        Raises:
            RelayError: the relay cannot be reached.
            ConfigError: the address is none, or Redis's client is not installed.
        """
        with self._alone:
            if self._relay is None or address != self._address:
                self._address, self._relay, self._told = address, open_relay(address), None
            newer = self._relay.snapshot(self._told.version if self._told else -1)
            if newer is not None:
                self._told = Told.of(newer)
            return self._told
