"""What the first pages would otherwise wait for, done before the console says that it is ready.

    warm(console)

The database is met, and what was read of the exchange and of the relay is kept. What cannot be read now is told on the
pages that need it.
"""

import gc
from contextlib import suppress

from stillwatch.errors import StillwatchError
from stillwatch.web import search
from stillwatch.web.console import Console
from stillwatch.web.store import queue, scans
from stillwatch.web.vital import checks


def warm(console: Console) -> None:
    """Reads once what pages read."""
    with suppress(StillwatchError):
        queue.page(console.store, search.parse(""))
        checks(console, scans.newest(console.store), console.clock())
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not look at it while somebody waits for a page
