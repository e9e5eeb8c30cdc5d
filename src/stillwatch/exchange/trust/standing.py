"""Where a contributor and an indicator stand: two small state machines, each a function of what is known.

    contributor   quarantined ──(the operator, or PROVEN indicators that VOUCHERS members confirmed)──► admitted
                  admitted ──(it confirmed a decoy)──► quarantined, until the operator pardons it
                  any ──(the operator's kill switch)──► suspended ──(the operator)──► where it stood

    indicator     reported ──(another member's true positive)──► confirmed
                  any ──(false positives of DISPUTERS other members)──► disputed ──(they take it back)──► where it stood
                  any ──(valid_until passes, or its score reaches 0)──► expired
                  expired ──(another member's true positive, while valid)──► confirmed
                  any ──(its publisher revokes it)──► withdrawn

What a quarantined contributor publishes is shown and matches nothing by itself; a disputed indicator starts no
automation anywhere.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.exchange.trust.decay import LIFETIMES, SHORTEST, remaining
from stillwatch.exchange.trust.statements import Claim, Outcome, Statement

PROVEN = 5  # indicators, each confirmed by others
VOUCHERS = 2  # members that confirmed them, all of them admitted by the operator
DISPUTERS = 2


class Standing(StrEnum):
    """Of a contributor."""

    QUARANTINED = "quarantined"
    ADMITTED = "admitted"
    SUSPENDED = "suspended"


class State(StrEnum):
    """Of an indicator."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


def standing(*, suspended: bool, admitted: bool, caught: bool, confirmed: Mapping[str, Collection[str]]) -> Standing:
    """Where a contributor stands.

    Args:
        suspended: the operator's kill switch.
        admitted: whether the operator admitted it.
        caught: whether it confirmed a decoy, and was not pardoned since.
        confirmed: its indicators that members whom the operator admitted confirmed, and who did.
    """
    if suspended:
        return Standing.SUSPENDED
    if caught or not (admitted or _earned(confirmed)):
        return Standing.QUARANTINED
    return Standing.ADMITTED


def _earned(confirmed: Mapping[str, Collection[str]]) -> bool:
    return (
        len(confirmed) >= PROVEN and len({member for members in confirmed.values() for member in members}) >= VOUCHERS
    )


@dataclass(frozen=True)
class Indication:
    """An indicator with what others made of it."""

    state: State
    score: float  # 0 to 1: its publisher's confidence, less its age
    sources: int  # members that vouch for it, its publisher included if it is admitted
    disputes: int  # members that say it is wrong

    @property
    def automatic(self) -> bool:
        """Whether anything may follow from it without a person, as far as the exchange can tell."""
        return self.state in {State.REPORTED, State.CONFIRMED} and self.sources >= 2


def indication(claim: Claim, heard: Iterable[Statement], now: int, *, vouched: bool) -> Indication:
    """Where an indicator stands.

    Args:
        claim: the indicator.
        heard: the last word about it of each party that counts.
        now: the exchange's time, in microseconds.
        vouched: whether its publisher is admitted, and so counts as a source.
    """
    words = list(heard)
    seen = [word.time for word in words if word.outcome is Outcome.TRUE_POSITIVE]
    disputes = sum(word.outcome is Outcome.FALSE_POSITIVE for word in words)
    score = score_at(claim, max([claim.time, *seen]), now)
    state = _state(claim, now, confirmed=bool(seen), disputed=disputes >= DISPUTERS, spent=score <= 0)
    return Indication(state, score, len(seen) + vouched, disputes)


def score_at(claim: Claim, seen: int, now: int) -> float:
    """The score: `base * (1 - (t / lifetime) ** (1 / delta))`, t since it was published or last seen by another."""
    return claim.base * remaining(now - seen, LIFETIMES.get(claim.kind, SHORTEST))


def _state(claim: Claim, now: int, *, confirmed: bool, disputed: bool, spent: bool) -> State:
    """The strongest reason not to act comes first."""
    if claim.revoked:
        return State.WITHDRAWN
    if disputed:
        return State.DISPUTED
    if spent or (claim.valid_until is not None and claim.valid_until <= now):
        return State.EXPIRED
    return State.CONFIRMED if confirmed else State.REPORTED
