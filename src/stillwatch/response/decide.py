"""What happens to one request: pure, O(1), no clock, no lock, no network.

    verdict = decide(Asked("acct-7", "org-1"), snapshot, spent, now)
    if verdict.status:
        ...                                  # answer 429 or 403 instead
    elif verdict.capped:
        ...                                  # take out log probabilities, shorten the answer

A measure that names the customer comes first (organization, account, key; of several the highest). Whoever has none and
was recognised as a campaign's falls under the campaign's, up to `Gate.recognised`. Simulated measures are told and
change nothing.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from stillwatch.response.model import NO_LIMITS, Kind, Limits, Reason, Rung, Spent
from stillwatch.response.snapshot import Measure, Snapshot

HOUR = 3600


class Asked(msgspec.Struct, frozen=True, gc=False):
    """Who asks, and as whose the gateway recognised the request.

    Attributes:
        account, organization, api_key: ids; "" where there is none.
        campaign: the campaign's id; "" for a request that is like nobody's.
        kind: what it was recognised by.
    """

    account: str
    organization: str = ""
    api_key: str = ""
    campaign: str = ""
    kind: Kind | None = None


class Verdict(NamedTuple):
    """What to do with one request, and what to tell the client.

    Attributes:
        action: the rung in force; `OBSERVE`: none.
        status: the HTTP status to answer with in place of the model; 0: the request passes.
        decision: the id to quote.
        campaign: whose measure it is, or as whose the request was recognised.
        reason: from the closed vocabulary.
        until: when the measure ends, seconds since 1970.
        retry_after: seconds until asking again makes sense; 0: unknown.
        limits: of cap and budget.
        sighting: how the account was recognised; None: it was not, or has a measure of its own.
        simulated: the measure is only written down: status is 0, and nothing is taken out.
        custom: of an account that may have customers of its own: `shown`, the request holds its campaign's template;
            `spared`, it does not, and the measure passes it over.
        fault: why nothing could be judged, by the name under which it is counted; "" if it could.
    """

    action: Rung = Rung.OBSERVE
    status: int = 0
    decision: str = ""
    campaign: str = ""
    reason: Reason = "unspecified"
    until: float = 0.0
    retry_after: int = 0
    limits: Limits = NO_LIMITS
    sighting: Kind | None = None
    simulated: bool = False
    custom: Literal["", "shown", "spared"] = ""
    fault: str = ""

    @property
    def capped(self) -> bool:
        """The request passes, without what `CAP` withholds."""
        return self.action >= Rung.CAP and not self.simulated and not self.status

    @property
    def budget(self) -> str:
        """Under which budgets are kept: the campaign, or the decision where a person decided without one."""
        return self.campaign or self.decision


PASS = Verdict()
NOTHING = Spent()


def decide(asked: Asked, snapshot: Snapshot, spent: Mapping[str, Spent], now: float) -> Verdict:
    """What happens to a request.

    Args:
        asked: who asks.
        snapshot: what is in force.
        spent: what campaigns used of their budgets in the hour that is running.
        now: seconds since 1970.
    """
    if not snapshot.enabled or asked.account in snapshot.exempt or asked.organization in snapshot.exempt:
        return PASS
    measure = _named(asked, snapshot, now)
    if measure is not None:
        if measure.spares and not asked.campaign:
            return Verdict(campaign=measure.campaign, custom="spared")
        verdict = _verdict(measure, _most(measure.action, asked, snapshot), None, spent, now)
        return verdict._replace(custom="shown") if measure.spares else verdict
    if not asked.campaign:
        return PASS
    measure = snapshot.campaigns.get(asked.campaign)
    if measure is None or not measure.since <= now < measure.until:
        return Verdict(campaign=asked.campaign, sighting=asked.kind)
    action = _most(min(measure.action, snapshot.gate.recognised), asked, snapshot)
    return _verdict(measure, action, asked, spent, now)


def _most(action: Rung, asked: Asked, snapshot: Snapshot) -> Rung:
    """No higher than what the policy lets touch whoever declared his use."""
    if most := snapshot.gate.most:
        action = min(action, most.get(asked.account, action), most.get(asked.organization, action))
    return action


def _named(asked: Asked, snapshot: Snapshot, now: float) -> Measure | None:
    """The measure in force against this customer: a real one before a simulated one, then the highest."""
    best = None
    for table, value in (
        (snapshot.accounts, asked.account),
        (snapshot.organizations, asked.organization),
        (snapshot.api_keys, asked.api_key),
    ):
        found = table.get(value)
        if found is None or not found.since <= now < found.until:
            continue
        if best is None or (not found.simulated, found.action) > (not best.simulated, best.action):
            best = found
    return best


def _verdict(
    measure: Measure, action: Rung, recognised: Asked | None, spent: Mapping[str, Spent], now: float
) -> Verdict:
    status, wait = (0, 0) if measure.simulated else _status(measure, action, spent, now)
    campaign = measure.campaign or (recognised.campaign if recognised else "")
    kind = recognised.kind if recognised else None
    return Verdict(
        action,
        status,
        measure.decision,
        campaign,
        measure.reason,
        measure.until,
        wait,
        measure.limits,
        kind,
        measure.simulated,
    )


def _status(measure: Measure, action: Rung, spent: Mapping[str, Spent], now: float) -> tuple[int, int]:
    """The status to answer with (0: pass), and the seconds until asking again makes sense."""
    if action >= Rung.VERIFY:
        return 403, max(1, int(measure.until - now))
    if action < Rung.BUDGET:
        return 0, 0
    limits, used = measure.limits, spent.get(measure.campaign or measure.decision, NOTHING)
    requests, tokens = limits.requests_per_hour, limits.tokens_per_hour
    if (requests is None or used.requests < requests) and (tokens is None or used.tokens < tokens):
        return 0, 0
    return 429, HOUR - int(now % HOUR)
