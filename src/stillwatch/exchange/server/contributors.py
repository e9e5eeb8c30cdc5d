"""How far each contributor's word carries, and what is disputed: for a member's scan, before it weighs what others say.

    GET /{root}/ext/contributors/

Contributors are named by their pseudonyms, as in the objects. All of it follows from what the member itself may read,
and from the operator's roster.
"""

from functools import lru_cache

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from stillwatch.exchange.model import Right
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.errors import TaxiiResponse
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import RootName, problems
from stillwatch.exchange.server.resources import exchange_of, root_of
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.judgement import Contributor, Judgement
from stillwatch.exchange.trust.standing import Indication, Standing, State
from stillwatch.exchange.trust.tail import Tail

router = APIRouter(dependencies=[Depends(taxii)], default_response_class=TaxiiResponse, tags=["stillwatch"])

_PLACES = 3  # of a weight or a score


class Standings(BaseModel):
    """One contributor."""

    model_config = ConfigDict(frozen=True)

    id: str
    standing: Standing
    weights: dict[str, float]

    @classmethod
    def of(cls, identity: str, contributor: Contributor) -> "Standings":
        """As it is told."""
        weights = {kind: round(weight, _PLACES) for kind, weight in sorted(contributor.weights.items())}
        return cls(id=identity, standing=contributor.standing, weights=weights)


class Indicated(BaseModel):
    """One indicator of which others than its publisher have spoken."""

    model_config = ConfigDict(frozen=True)

    state: State
    score: float
    sources: int
    disputes: int
    automatic: bool

    @classmethod
    def of(cls, found: Indication) -> "Indicated":
        """As it is told."""
        return cls(
            state=found.state,
            score=round(found.score, _PLACES),
            sources=found.sources,
            disputes=found.disputes,
            automatic=found.automatic,
        )


class Contributors(BaseModel):
    """All of them, and the indicators that others spoke of; every other one is `reported`, of one source."""

    model_config = ConfigDict(frozen=True)

    contributors: list[Standings]
    indicators: dict[str, Indicated]


@router.get(
    "/{root}/ext/contributors/",
    summary="How far each contributor's word carries",
    responses=problems(404),
)
def contributors(request: Request, root: RootName) -> Contributors:
    """Standing and weights of all whose objects the member may read, and which indicators are disputed or confirmed."""
    found, exchange = root_of(request, root), exchange_of(request)
    rights = frozenset(principal(request).rights.items())
    return _told(_tail(exchange.store, found.name, rights).judgement(exchange.clock()))


@lru_cache(maxsize=16)
def _tail(store: Store, root: str, rights: frozenset[tuple[str, Right]]) -> Tail:
    """Members of a root mostly have the same rights, and so share what was read for one of them."""
    return Tail(store, root, dict(rights))


def _told(judgement: Judgement) -> Contributors:
    spoken = {key: found for key, found in judgement.indications.items() if found.disputes or found.sources > 1}
    return Contributors(
        contributors=[Standings.of(key, found) for key, found in judgement.contributors.items()],
        indicators={key: Indicated.of(found) for key, found in sorted(spoken.items())},
    )
