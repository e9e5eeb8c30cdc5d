"""Strain: the load that campaigns put on the service, and which cases put most of it.

/strain       shares of requests, tokens and peaks, throttled requests of others; .csv: the hours
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
    """A row of the .csv; None where the findings or the log do not tell."""

    time: datetime
    everybody: int
    campaigns: int
    everybody_with_status: int | None
    campaigns_with_status: int | None
    everybody_throttled: int | None
    campaigns_throttled: int | None
    everybody_with_duration: int | None
    campaigns_with_duration: int | None
    everybody_busy_seconds: float | None
    campaigns_busy_seconds: float | None


@dataclass(frozen=True)
class StrainView:
    """The load.

    Attributes:
        scan: the newest; None: nothing was taken in yet.
        section: its load in words, the same as in reports.
        throttled: of others; None where the log has no status.
        heaviest: cases with most requests.
    """

    scan: Scan | None = None
    section: Section | None = None
    throttled: Section | None = None
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
    heaviest = queue.first(store, search.parse(HEAVIEST), _CASES)
    load, *others = strain(scan.load)
    view = StrainView(scan, load, others[0] if others else None, heaviest)
    return Page("strain.html", "Strain", view, rows=(Hour(**vars(each)) for each in scan.load.by_hour))
