"""The material of the briefs: the sample's findings as people judged them, measures, a verdict."""

import math
from datetime import timedelta

import pytest

from stillwatch.exchange.statistics.ledger import Answer
from stillwatch.reports.briefs.model import Material, Source
from stillwatch.reports.document import Hour, Review, with_reviews
from stillwatch.reports.impact.assessment import assess
from stillwatch.reports.impact.assumptions import load
from stillwatch.reports.measures import Measures, Step
from stillwatch.response.model import Rung

from ...forensics import verdict_sample  # noqa: TID252  one sample for the document and its reports

MEASURES = Measures(
    steps=(Step(Rung.WARN, 200, 10), Step(Rung.BUDGET, 190, 180), Step(Rung.HOLD, 12, 12)),
    simulated=640,
    waiting=7,
    signed=12,
    lifted=3,
    first=None,
    appeals={"open": 2, "overdue": 1, "upheld": 1, "reversed": 3},
    enabled=True,
)


def made(document, **changes):
    """Material of findings."""
    given = {"impact": assess(document, load(None)), "made": document.window.end + timedelta(days=3)}
    return Material(document, **(given | changes))


@pytest.fixture(scope="session")
def judged(document, sample):
    """The findings with everybody's load by hour and a person's word on the first campaign."""
    hours = range(int((document.window.end - document.window.start) / timedelta(hours=1)))
    traffic = tuple(
        Hour(
            **vars(
                sample.busy(document.window.start + timedelta(hours=i), 520 + round(250 * math.sin(i / 24 * math.tau)))
            )
        )
        for i in hours
    )
    confirmed = Review(verdict="confirmed", author="ana", reason="the wrapper is a seller's", at=document.window.end)
    whole = document.model_copy(update={"traffic": traffic, "generator": "stillwatch"})
    return with_reviews(whole, lambda campaign: confirmed if campaign.severity == "critical" else None)


@pytest.fixture(scope="session")
def material(judged):
    return made(
        judged,
        measures=MEASURES,
        by_campaign={judged.campaigns[0].id: MEASURES},
        verdicts=(verdict_sample.document(),),
        sources=(Source("findings.json", "5d" * 32),),
    )


@pytest.fixture(scope="session")
def answers():
    """What an exchange said of a quarter."""

    def told(topic, within, cells):
        return Answer(topic=topic, period="2026Q3", epsilon=1.0, within=within, cells=cells)

    return (
        told("campaigns", 36, {"campaigns": "10-99"}),
        told("indicators", 144, {"prompt-template": "100-999", "vocabulary": "10-99", "cadence": None, "stix": "0"}),
        told("techniques", 72, {"AML.T0024.002": "10-99", "AML.T0065": "1e3-1e4", "AML.T0012": None}),
    )
