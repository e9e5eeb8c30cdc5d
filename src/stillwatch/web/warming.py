"""What the first pages would otherwise wait for, done before the console says that it is ready.

    warm(console)

The database is met, and what was read of the exchange and of the relay is kept. What cannot be read now is told on the
pages that need it.
"""

import gc
import sys
from contextlib import suppress

from stillwatch.errors import StillwatchError
from stillwatch.web import search
from stillwatch.web.console import Console
from stillwatch.web.store import queue, scans
from stillwatch.web.vital import checks

#: After so long a thread that computes lets another one run. SQLite gives its turn away with every row that it reads,
#: and would wait five milliseconds for each while something is counted beside the pages.
_TURN_SECONDS = 0.0005


def warm(console: Console) -> None:
    """Reads once what pages read."""
    with suppress(StillwatchError):
        queue.page(console.store, search.parse(""))
        checks(console, scans.newest(console.store), console.clock())
    sys.setswitchinterval(_TURN_SECONDS)
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not look at it while somebody waits for a page
