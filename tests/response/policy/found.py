"""Campaigns by hand, as findings have them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stillwatch.campaigns.findings import Evidence, Lookalike, Member, Signature

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What of a campaign a policy looks at."""

    id: str = "c-1"
    severity: str = "critical"
    bits: float = 20.0
    evidence: tuple = (Evidence("text", "rare", 10.0, 0, 0, "", ""), Evidence("sign_up", "card", 8.0, 0, 0, "", ""))
    accounts: tuple = ()
    lookalikes_considered: tuple = ()
    signature: Signature = field(default_factory=lambda: Signature((1, 2, 3, 4)))
    last_seen: datetime = NOW
    dismissed: bool = False


@dataclass(frozen=True)
class Findings:
    """What of findings a policy looks at."""

    campaigns: tuple


def evidence(**bits):
    return tuple(Evidence(family, family, value, 0, 0, "", "") for family, value in bits.items())


def members(*names, bits=5.0, seen=NOW):
    return tuple(Member(name, bits, 10, seen - timedelta(days=3), seen) for name in names)


def lookalikes(*names):
    return tuple(Lookalike(name, fits=True, says="") for name in names)
