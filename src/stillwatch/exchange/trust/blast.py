"""What a foreign indicator may do at the receiver's: a wrong one does no harm by itself.

    blast.narrow(indicator)                        # a reason to refuse it: it could point at one account
    blast.use(Reach(400, 900, 2_000, 9_000), sources=3, local=True)      # Use.TOO_WIDE

The receiver measures on its own traffic and tells nobody but "too wide", as a false positive: two members who find the
same make the indicator disputed, and it starts no automation anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stillwatch.campaigns.signals import FEW, WIDEST
from stillwatch.exchange.trust.statements import Outcome
from stillwatch.indicators import patterns

#: A campaign is a small part of a provider's accounts (planted ones in the labelled scenarios: at most 6 %), but may be
#: a large part of its requests; common words match a majority of both. A scan holds what matched to the same share.
ACCOUNTS = WIDEST
REQUESTS = 0.25

SOURCES = 2  # members that vouch, where there is no evidence of one's own
FEWEST_ACCOUNTS = 2  # below, it points at somebody


class Use(StrEnum):
    """What may be done with an indicator that matched."""

    USABLE = "usable"  # as evidence of its own family, never enough alone
    TOO_WIDE = "too-wide"  # switched off here, and reported
    ONE_ACCOUNT = "one-account"
    UNSUPPORTED = "unsupported"  # shown, but one source and no evidence of one's own
    NO_MATCH = "no-match"


@dataclass(frozen=True)
class Reach:
    """What an indicator matched of the local traffic, and how much there is."""

    accounts: int
    all_accounts: int
    requests: int
    all_requests: int


def use(reach: Reach, *, sources: int, local: bool, accounts: float = ACCOUNTS, requests: float = REQUESTS) -> Use:
    """Decides what a match is worth.

    Args:
        reach: what matched.
        sources: members in good standing that vouch for the indicator.
        local: whether evidence of the receiver's own, of another family, points the same way.
        accounts: the cap, as a share of all accounts.
        requests: the cap, as a share of all requests.
    """
    if reach.accounts == 0:
        return Use.NO_MATCH
    if reach.accounts < FEWEST_ACCOUNTS:
        return Use.ONE_ACCOUNT
    wide = reach.accounts > accounts * reach.all_accounts or reach.requests > requests * reach.all_requests
    if wide and reach.accounts > FEW:
        return Use.TOO_WIDE
    return Use.USABLE if local or sources >= SOURCES else Use.UNSUPPORTED


def told(found: Use) -> Outcome | None:
    """What the exchange is told without a person's review: that it is too wide, and nothing else."""
    return Outcome.FALSE_POSITIVE if found is Use.TOO_WIDE else None


def narrow(indicator: Mapping[str, Any]) -> str | None:
    """Why an indicator could point at one account; None where it cannot.

    Args:
        indicator: a checked STIX indicator (`indicators.incoming`).
    """
    if indicator.get("pattern_type") != patterns.PATTERN_TYPE:
        return None
    match patterns.parse(indicator["pattern"]):
        case patterns.Cadence(features=features) if all(one.min == one.max for one in features.values()):
            return "a cadence of exact values describes one account"
        case patterns.AccountNetwork(size_bucket="1-9", edges=edges) if sum(map(len, edges.values())) == 1:
            return "one shared means of a handful of accounts is nearly a name"
        case _:
            return None
