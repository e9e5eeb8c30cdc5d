"""What the ledger holds to whoever decides: pure, from what stands to what is to be written.

- Every measure ends, and `hold` bears a person's signature.
- A newer decision takes the place of the older about the same, from its own beginning on.
- Whoever an appeal exempted is not measured again on the same families of evidence; on others a person must sign.
- What waits for a person already is not proposed again before half of its time is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from stillwatch.errors import TrustError
from stillwatch.response.ledger.entries import Body, Decided, Lifted, Proposed
from stillwatch.response.ledger.picture import Picture, families, key
from stillwatch.response.model import Decision, Rung

#: Who ends a decision for which a newer one came.
LEDGER = "ledger"


@dataclass(frozen=True)
class Recorded:
    """What became of decisions that were handed over.

    Attributes:
        decided: they stand now.
        waiting: a person must sign them.
        dropped: an appeal was granted and nothing new is said, or they wait already.
    """

    decided: list[Decision] = field(default_factory=list)
    waiting: list[Decision] = field(default_factory=list)
    dropped: list[Decision] = field(default_factory=list)


def deciding(decisions: Iterable[Decision], picture: Picture, by: str) -> tuple[list[Body], Recorded]:
    """What to write for decisions that somebody applies.

    Raises:
        TrustError: a hold without a signature, or a measure that ends before it begins.
    """
    bodies: list[Body] = []
    recorded = Recorded()
    older: dict[object, list[Decision]] = {}
    for each in picture.standing.values():
        older.setdefault(key(each), []).append(each)
    for decision in decisions:
        _lawful(decision)
        exempted = decision.by is None and decision.value in picture.exempt
        if exempted:
            _propose(decision, picture, bodies, recorded)
            continue
        before = older.get(key(decision), ())
        bodies += [_replaced(old, decision, at=decision.since) for old in before if old.until > decision.since]
        bodies.append(Decided(decision, by))
        older[key(decision)] = [decision]
        recorded.decided.append(decision)
    return bodies, recorded


def proposing(decisions: Iterable[Decision], picture: Picture, now: datetime) -> tuple[list[Body], Recorded]:
    """What to write for decisions that need a person."""
    bodies: list[Body] = []
    recorded = Recorded()
    waiting = {key(each): each for each in picture.waiting.values()}
    for decision in decisions:
        old = waiting.get(key(decision))
        if old and old.action == decision.action and now - old.since < (old.until - old.since) / 2:
            recorded.dropped.append(decision)
            continue
        if old:
            bodies.append(_replaced(old, decision, at=None))
        waiting[key(decision)] = decision
        _propose(decision, picture, bodies, recorded)
    return bodies, recorded


def ending(decisions: Iterable[Decision], by: str, reason: str) -> Iterator[Lifted]:
    """What to write where somebody ends decisions, or refuses proposals."""
    return (Lifted(each.id, each.value, None, each.until, by, reason) for each in decisions)


def _propose(decision: Decision, picture: Picture, bodies: list[Body], recorded: Recorded) -> None:
    granted = picture.exempt.get(decision.value)
    if granted and families(decision) <= set(granted.families):
        recorded.dropped.append(decision)
        return
    bodies.append(Proposed(decision))
    recorded.waiting.append(decision)


def _replaced(old: Decision, new: Decision, *, at: datetime | None) -> Lifted:
    return Lifted(old.id, old.value, at, old.until, LEDGER, f"{new.id} takes its place")


def _lawful(decision: Decision) -> None:
    if decision.until <= decision.since:
        raise TrustError("A measure must end after it begins.", where=decision.id)
    if decision.action >= Rung.HOLD and not decision.by and not decision.simulated:
        hint = "Propose it; `stillwatch decisions sign` signs it."
        raise TrustError("A hold needs a person's signature.", where=decision.id, hint=hint)
