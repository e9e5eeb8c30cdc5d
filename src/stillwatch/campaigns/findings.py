"""What a scan finds, as values: a campaign is a sum of evidence over a set of accounts.

`bits = prior + sum(e.bits for e in evidence)`, log2 of a likelihood ratio each, capped per family: the waterfall is the
score. Times are numpy-free `datetime` in UTC. Nothing here holds a prompt, save `shared_text`, which stays with the
provider.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Severity = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True)
class Evidence:
    """One reason, for or against.

    `observed` and `expected` are in the unit that `says` names; `bits` > 0 speaks for a campaign, < 0 against.
    """

    family: str  # sign_up, text, content, time, protocol, client
    name: str
    bits: float
    observed: float
    expected: float
    technique: str  # MITRE ATLAS id
    says: str


@dataclass(frozen=True)
class Lookalike:
    """An innocent explanation that was considered."""

    name: str  # the slug of its page in docs/lookalikes/
    fits: bool  # True: this explanation holds, and weighs against the campaign
    says: str


@dataclass(frozen=True)
class Member:
    """One account of a campaign, and how surely it belongs."""

    account_id: str
    bits: float
    requests: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class Link:
    """Accounts that share one thing; the thing itself is not told."""

    family: str
    name: str  # payment, mail domain, address, turn, ...
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class TextPart:
    """A piece of a shared text: words that recur, or a slot whose content changes."""

    text: str
    slot: bool


@dataclass(frozen=True)
class Signature:
    """What of a campaign's words so many accounts sent that it is nobody's own: it may be said to others, as tokens."""

    template: tuple[int, ...]  # shingles (32 bits), those in most hands first


@dataclass(frozen=True)
class Taken:
    """Answers of one model and one kind that a campaign was given."""

    model: str  # as it was asked for; "" where the log does not say
    kind: str  # see `campaigns.takings.KINDS`
    answers: int  # requests that did not fail
    metered: int  # those of them for which the log has the tokens
    usage_input_tokens: int
    usage_output_tokens: int


@dataclass(frozen=True)
class Hour:
    """The load of the requests that began in one hour: a campaign's, or everybody's."""

    time: datetime  # when the hour begins
    requests: int
    with_status: int  # those of them whose status the log has
    throttled: int  # those answered with status 429
    usage_output_tokens: int
    with_duration: int  # those whose duration the log has
    busy_seconds: float  # how long those took together


@dataclass(frozen=True)
class Campaign:
    """Accounts that act together, since when, what they took, and why we think so."""

    id: str  # stable: derived from the members and the evidence
    bits: float
    prior: float
    severity: Severity
    families: tuple[str, ...]  # those that speak for it, strongest first
    first_seen: datetime
    crossed_at: datetime  # when the evidence first passed the line
    last_seen: datetime
    requests: int
    requests_before_crossing: int
    usage_input_tokens: int
    usage_output_tokens: int
    accounts: tuple[Member, ...]  # strongest first
    evidence: tuple[Evidence, ...]  # strongest first
    lookalikes_considered: tuple[Lookalike, ...]
    timeline: tuple[Hour, ...]  # hours without a request left out
    links: tuple[Link, ...]
    shared_text: tuple[tuple[TextPart, ...], ...]
    signature: Signature = Signature(())
    indicators: tuple[str, ...] = ()  # of other providers, which fit this campaign
    taken: tuple[Taken, ...] | None = None  # by model and kind, most answers first; None where nobody looked


@dataclass(frozen=True)
class Inputs:
    """What the scan read, and what it lacked."""

    files: int
    requests: int
    accounts: int
    rejected: int
    sign_up: bool  # an accounts table was given
    notes: tuple[str, ...]  # what was absent, and what that means
    usage_input_tokens: int | None = None  # of everybody; None where nobody counted
    usage_output_tokens: int | None = None


@dataclass(frozen=True)
class Findings:
    """The result of a scan."""

    start: datetime
    end: datetime
    campaigns: tuple[Campaign, ...]  # strongest first
    inputs: Inputs
    traffic: tuple[Hour, ...] = ()  # everybody's; () where nobody counted
