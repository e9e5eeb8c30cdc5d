"""Strain: the load that campaigns put on the service, and which cases put most of it.

/strain       shares of requests, tokens and of the busiest hour; .csv: the hours
"""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.reports.charts import Spec
from stillwatch.reports.sections import Section
from stillwatch.reports.strain import strain
from stillwatch.web import search
from stillwatch.web.asking import Asked, Page
from stillwatch.web.drawing import drawn
from stillwatch.web.routing import Pages
from stillwatch.web.store import queue, scans
from stillwatch.web.store.model import CaseRow, Scan

pages = Pages("Strain", "/strain")

#: Cases that the newest scan has and nobody has dismissed, most requests first.
HEAVIEST = "is:current status:open status:confirmed status:unsure sort:-requests"
_CASES = 10


@dataclass(frozen=True)
class Hour:
    """A row of the .csv."""

    time: datetime
    everybody: int
    campaigns: int


@dataclass(frozen=True)
class StrainView:
    """The load.

    Attributes:
        scan: the newest; None: nothing was taken in yet.
        section: its load in words, the same as in reports.
        heaviest: cases with most requests.
    """

    scan: Scan | None = None
    section: Section | None = None
    heaviest: tuple[CaseRow, ...] = ()

    @property
    def charts(self) -> list[tuple[Spec, str]]:
        """Requests by hour."""
        return [(drawn(spec), says) for spec, says in self.section.charts] if self.section else []

    @property
    def search(self) -> str:
        """What finds the cases in the queue."""
        return HEAVIEST


@pages.get("/strain")
def page(asked: Asked) -> Page:
    """Of the newest scan."""
    store = asked.console.store
    scan = scans.newest(store)
    if scan is None:
        return Page("strain.html", "Strain", StrainView(), rows=())
    heaviest = queue.page(store, search.parse(HEAVIEST), None, _CASES).rows
    rows = tuple(Hour(each.time, each.everybody, each.campaigns) for each in scan.load.by_hour)
    return Page("strain.html", "Strain", StrainView(scan, strain(scan.load), heaviest), rows=rows)
