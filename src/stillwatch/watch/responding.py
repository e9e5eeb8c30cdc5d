"""Acting, as the threads of a watch call it: one at a time, measured, and no gateway out of reach stops it.

responding = Responding(acting, metrics, told)
waiting = responding.judged(judgement, accounts)     # from the judgement's thread
responding.heard(sightings, counts)                  # from the loop's
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock

import pyarrow as pa

from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Sighting
from stillwatch.response.policy.policy import Policy
from stillwatch.response.policy.ruling import Proposal
from stillwatch.response.publishing import publish
from stillwatch.response.relay.protocol import Relay, RelayError
from stillwatch.watch.acting import Acting
from stillwatch.watch.judgement import Judgement
from stillwatch.watch.metrics import Metrics


class Responding:
    """What follows from judgements and reports.

    Args:
        acting: what decides and writes it down.
        metrics: told what was decided, and what stands.
        told: told what the policy decided on a judgement.
    """

    def __init__(self, acting: Acting, metrics: Metrics, told: Callable[[Proposal], None] = lambda _: None) -> None:
        self._acting, self._metrics, self._told, self._lock = acting, metrics, told, Lock()

    def judged(self, judgement: Judgement, accounts: pa.Table | None) -> tuple[Decision, ...]:
        """Act on a judgement; returns what waits for a person.

        Raises:
            ExchangeError: the ledger cannot be used.
        """
        now = datetime.now(UTC)
        with self._lock:
            proposal = self._acting.judged(judgement, accounts, now)
            ledger = self._acting.ledger
            standing, waiting, enabled = ledger.standing(now), ledger.waiting(now), ledger.enabled
        self._metrics.decided(proposal.decisions)
        self._metrics.standing(standing, waiting, enabled=enabled)
        self._told(proposal)
        return waiting

    def heard(self, sightings: Sequence[Sighting], counts: Mapping[str, int]) -> None:
        """Act on what gateways reported.

        Raises:
            ExchangeError: the ledger cannot be used.
        """
        with self._lock:
            self._acting.heard(sightings, counts.items(), datetime.now(UTC))


def publishing(
    ledger: Ledger, policy: Policy, relay: Relay, failed: Callable[[str, Exception], None]
) -> Callable[[datetime], None]:
    """Tells gateways what stands; one that cannot be reached is reported, and told with the next judgement."""

    def tell(now: datetime) -> None:
        try:
            publish(ledger, policy.gate(now), relay, now)
        except RelayError as error:
            failed("relay", error)

    return tell
