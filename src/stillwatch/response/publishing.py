"""From the ledger to the gateways: everything in force as one snapshot, handed to a relay.

    publish(ledger, policy.gate(), relay, now)      # and every gateway has it within a second
    tell(ledger, settings.config.response, now)     # the same, with policy and relay as the settings name them

A measure ends at a gateway by the gateway's own clock: nothing has to be published for that.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from stillwatch.config import ResponseConfig
from stillwatch.response.ledger.entries import Exempted
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.policy.policy import load
from stillwatch.response.relay.places import open_relay
from stillwatch.response.relay.protocol import Relay, RelayError
from stillwatch.response.snapshot import Gate, Snapshot, snapshot_of

_DIGEST_BITS = 20


def snapshot(ledger: Ledger, gate: Gate, now: datetime) -> Snapshot:
    """What gateways are to do; nothing at all while the switch is off."""
    number, enabled = ledger.head().number, ledger.enabled  # first: what is written meanwhile has a later number
    picture = ledger.picture(now)
    version = _version(number, gate, picture.exempt)
    return snapshot_of(picture.standing.values(), gate, version=version, enabled=enabled, exempt=picture.exempt)


def publish(ledger: Ledger, gate: Gate, relay: Relay, now: datetime) -> Snapshot:
    """Tells every gateway what is in force.

    Raises:
        RelayError: the relay cannot be reached; gateways go on with what they know, and it can be tried again.
        ExchangeError: the ledger cannot be read; nothing is published then.
    """
    made = snapshot(ledger, gate, now)
    relay.publish(made)
    return made


def tell(ledger: Ledger, config: ResponseConfig, now: datetime) -> bool:
    """Gateways hear at once of what was just written; False where `response.relay` names no way to them.

    Raises:
        RelayError: they cannot be reached; what was written stands.
        ConfigError: the policy cannot be read, or what the relay needs is not installed.
        ExchangeError: the ledger cannot be read.
    """
    if config.relay is None:
        return False
    gate = load(config.policy).gate(now)
    relay = open_relay(config.relay)
    try:
        publish(ledger, gate, relay, now)
    except RelayError as error:
        hint = "It stands in the ledger; `stillwatch decisions publish` tells the gateways."
        raise RelayError(f"No gateway was told: {error.what}", where=error.where, hint=hint) from error
    finally:
        relay.close()
    return True


def _version(number: int, gate: Gate, exempt: Mapping[str, Exempted]) -> int:
    """The number of the ledger's last entry, then what else a gateway must hear of: the policy, an exemption's end."""
    beside = msgspec.msgpack.encode((gate, sorted(exempt)), order="deterministic")
    return number << _DIGEST_BITS | zlib.crc32(beside) >> (32 - _DIGEST_BITS)
