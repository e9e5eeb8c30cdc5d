"""The words of response: rungs, decisions, and what a gateway reports back.

A `Decision` is what the ledger holds and what a person can appeal. Nothing here acts: decisions are carried to the
gateways as a `response.snapshot.Snapshot`, and what they saw comes back as a `Tap`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

import msgspec


class Rung(IntEnum):
    """The ladder, mildest first; every rung includes what is below it."""

    OBSERVE = 0  # nothing: written down, no more
    WARN = 1  # the request is answered, with a notice that cites the terms of service
    CAP = 2  # no log probabilities, no raw reasoning, one choice, shorter answers
    BUDGET = 3  # so many requests and tokens an hour for the whole campaign, then 429
    VERIFY = 4  # 403 until the customer has said who he is
    HOLD = 5  # 403; a person signed it

    @property
    def word(self) -> str:
        """As policies, ledgers and answers write it."""
        return self.name.lower()


Scope = Literal["campaign", "organization", "account", "api_key"]
Origin = Literal["own", "imported", "both", "person"]  # where the evidence comes from; a person may decide without any
Kind = Literal["template", "failover", "conversation", "reasoning"]  # how a gateway recognised somebody

#: Why, in words that a client may see; nothing about features or thresholds.
Reason = Literal[
    "coordinated_extraction", "reasoning_extraction", "capability_resale", "account_compromise", "ramp_exceeded",
    "unspecified",
]  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What cap and budget mean; None: no limit of that kind. Budgets are those of the whole campaign, all gateways."""

    max_tokens: int | None = None
    requests_per_hour: int | None = None
    tokens_per_hour: int | None = None


NO_LIMITS = Limits()

#: The last part of the evidence against an account that is recognised, and that no judgement has named yet.
RECOGNISED = "recognised"


@dataclass(frozen=True)
class Decision:
    """One measure against one account (or key, or organization), or against whoever is recognised as a campaign's.

    Attributes:
        id: "d-" and 12 hexadecimal digits; what a client quotes in an appeal.
        scope: what `value` is. Of scope `campaign` there is one a campaign: it says what happens to accounts that a
            gateway recognises before a scan has judged them.
        value: the account's id and so on; the campaign's id where the scope is that.
        action: the rung.
        since: from when on; drawn at random within the policy's onset, so that nobody learns which request told.
        until: the end; there is always one. A renewal is a new decision, with fresh evidence.
        reason: from the closed vocabulary.
        evidence: what it rests on: "<campaign id>:<family>:<name>", strongest first.
        origin: whose evidence it is.
        simulated: written down and shown, and nothing else.
        campaign: the campaign's id; "" if a person decided without one.
        policy: the digest of the policy that led here.
        by: the person who signed; required for `hold`, and for all that is beyond the blast radius.
        limits: of cap and budget.
        template: shingles (32 bits) that recognise the campaign's next account; of scope `campaign` only.
        spares: touches only requests that hold a template: the account may have customers of its own, who
            are nobody's campaign.
    """

    id: str
    scope: Scope
    value: str
    action: Rung
    since: datetime
    until: datetime
    reason: Reason
    evidence: tuple[str, ...]
    origin: Origin
    simulated: bool
    campaign: str = ""
    policy: str = ""
    by: str | None = None
    limits: Limits = NO_LIMITS
    template: tuple[int, ...] = ()
    spares: bool = False


def told(decision: Decision) -> dict[str, Any]:
    """A decision as JSON has it, its rung as a word."""
    return {**msgspec.to_builtins(decision), "action": decision.action.word}


@dataclass(frozen=True)
class Sighting:
    """A gateway recognised an account as a campaign's."""

    account: str
    campaign: str
    kind: Kind
    time: float  # seconds since 1970


@dataclass(frozen=True)
class Tap:
    """What one gateway saw since its last report: no prompt, for it was folded where it was seen.

    Attributes:
        gateway: a random name for one process of a gateway.
        number: 1, 2, 3, ... by gateway; a number is taken once, however often it arrives.
        at: when it was sent, seconds since 1970.
        profiles: `profiles.wire.dumps` of the requests seen; b"" for none.
        sightings: who was recognised.
        counts: what happened how often, by name ("decided", "denied.verify", "failed_open", ...): since the last one.
    """

    gateway: str
    number: int
    at: float
    profiles: bytes = b""
    sightings: tuple[Sighting, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Spent:
    """What a campaign used of its budget in the hour that is running."""

    requests: int = 0
    tokens: int = 0
