"""Figures over all members, with differential privacy.

    GET /{root}/ext/statistics/                                    what was told so far, and what is left
    GET /{root}/ext/statistics/?topic=indicators&period=2026-10    one report; or period=2026Q4

A report is the same for whoever asks, and for ever: the noise is drawn once.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from stillwatch.errors import ConfigError, PrivacyError
from stillwatch.exchange.server.errors import Problem, TaxiiResponse
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import RootName, problems
from stillwatch.exchange.server.resources import exchange_of, root_of
from stillwatch.exchange.statistics.ledger import BUDGET, Answer
from stillwatch.exchange.statistics.periods import period as parsed
from stillwatch.exchange.statistics.report import Question, ask, ledger
from stillwatch.exchange.statistics.topics import TOPICS

router = APIRouter(dependencies=[Depends(taxii)], default_response_class=TaxiiResponse, tags=["stillwatch"])

TopicName = Literal["campaigns", "indicators", "sightings", "techniques"]


class Reports(BaseModel):
    """What was told, and what may still be."""

    model_config = ConfigDict(frozen=True)

    reports: list[Answer]
    budget: float  # epsilon, of each quarter
    left: dict[str, float]  # by quarter, of those that were asked about


@router.get(
    "/{root}/ext/statistics/", summary="Figures over all members, with noise", responses=problems(400, 403, 404)
)
def statistics(
    request: Request,
    root: RootName,
    topic: TopicName | None = None,
    period: Annotated[
        str | None,
        Query(pattern="^[0-9]{4}(-(0[1-9]|1[0-2])|Q[1-4])$", description="A month or a quarter: 2026-10, 2026Q4."),
    ] = None,
) -> Reports | Answer:
    """One report by topic and period; without them all that were made."""
    store, name = exchange_of(request).store, root_of(request, root).name
    if topic is None and period is None:
        known = ledger(store, name)
        quarters = sorted({parsed(answer.period).quarter for answer in known.answers})
        return Reports(reports=list(known.answers), budget=BUDGET, left={q: known.left(q) for q in quarters})
    if topic is None or period is None:
        raise Problem(400, "Malformed query", "Name both a topic and a period, or neither.", "bad-question")
    try:
        return ask(store, name, Question(TOPICS[topic], parsed(period)), exchange_of(request).clock())
    except ConfigError as error:
        raise Problem(400, "Malformed query", str(error), "bad-question") from None
    except PrivacyError as error:
        raise Problem(403, "Not told", str(error), "privacy") from None
