"""Health and coverage: whether everything works, and what the findings could not see.

/health       findings, ledger, relay, exchange, watch; what the newest log lacked
"""

from dataclasses import dataclass

from stillwatch.web.asking import Asked, Page
from stillwatch.web.routing import Pages
from stillwatch.web.store import scans
from stillwatch.web.store.model import Scan
from stillwatch.web.vital import Check, Coverage, checks, coverage

pages = Pages("Health", "/health")


@dataclass(frozen=True)
class HealthView:
    """Whether everything works, and what was not seen.

    Attributes:
        scan: what was taken in last; None: nothing yet.
        notes: what the scan itself says that it lacked.
    """

    checks: tuple[Check, ...]
    coverage: tuple[Coverage, ...] = ()
    notes: tuple[str, ...] = ()
    scan: Scan | None = None


@pages.get("/health")
def health(asked: Asked) -> Page:
    """All of it."""
    scan = scans.newest(asked.console.store)
    found = checks(asked.console, scan, asked.now)
    if scan is None:
        return Page("health.html", "Health", HealthView(found), rows=found)
    view = HealthView(found, tuple(coverage(scan)), scan.inputs.notes, scan)
    return Page("health.html", "Health", view, rows=found)
