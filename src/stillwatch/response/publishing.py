"""From the ledger to the gateways: everything in force as one snapshot, handed to a relay.

    publish(ledger, policy.gate(), relay, now)      # and every gateway has it within a second

A measure ends at a gateway by the gateway's own clock: nothing has to be published for that.
"""

from datetime import datetime

from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.relay.protocol import Relay
from stillwatch.response.snapshot import Gate, Snapshot, snapshot_of


def snapshot(ledger: Ledger, gate: Gate, now: datetime) -> Snapshot:
    """What gateways are to do; nothing at all while the switch is off.

    Its version is the number of the ledger's last entry, read first: what is written meanwhile has a later one.
    """
    version, enabled = ledger.head().number, ledger.enabled
    picture = ledger.picture(now)
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
