"""What the entries come to at one moment: what stands, what waits for a person, and who is exempt. Pure.

    picture = fold(bodies, now)          # in the order of the ledger

A decision stands until it ends, is lifted, or a newer one takes its place. No process has to run for a measure to end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from stillwatch.response.ledger.entries import Body, Decided, Exempted, Lifted, Proposed
from stillwatch.response.model import Decision

Key = tuple[str, str, str, bool]


@dataclass
class Picture:
    """What counts at one moment.

    Attributes:
        standing: decisions in force or about to be, by id, oldest first.
        waiting: proposals, by id, oldest first.
        exempt: by account, organization or key, the appeal that was granted.
    """

    standing: dict[str, Decision] = field(default_factory=dict)
    waiting: dict[str, Decision] = field(default_factory=dict)
    exempt: dict[str, Exempted] = field(default_factory=dict)


def key(decision: Decision) -> Key:
    """Of two decisions with the same one, the newer takes the other's place."""
    return decision.scope, decision.value, decision.campaign, decision.simulated


def families(decision: Decision) -> frozenset[str]:
    """The families of the evidence that a decision rests on ("<campaign>:<family>:<name>")."""
    return frozenset(each.split(":")[1] for each in decision.evidence if each.count(":") >= 2)


def fold(bodies: Iterable[Body], now: datetime) -> Picture:
    """What entries come to.

    Args:
        bodies: in the ledger's order; those that can no longer matter may be left out.
        now: what has ended by then is not shown.
    """
    picture = Picture()
    for body in bodies:
        match body:
            case Decided(decision):
                picture.waiting.pop(decision.id, None)
                picture.standing[decision.id] = decision
                if decision.by is not None:  # a person decided anew
                    picture.exempt.pop(decision.value, None)
            case Proposed(decision):
                picture.waiting[decision.id] = decision
            case Lifted():
                _lift(body, picture, now)
            case Exempted():
                picture.exempt[body.value] = body
    return Picture(
        {id_: each for id_, each in picture.standing.items() if each.until > now},
        {id_: each for id_, each in picture.waiting.items() if each.until > now},
        {value: each for value, each in picture.exempt.items() if each.until > now},
    )


def _lift(body: Lifted, picture: Picture, now: datetime) -> None:
    found = picture.standing.get(body.decision)
    if found is not None and body.at is not None and body.at > now:
        picture.standing[found.id] = replace(found, until=min(found.until, body.at))
    else:
        picture.standing.pop(body.decision, None)
        picture.waiting.pop(body.decision, None)
