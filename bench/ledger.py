"""How many decisions a second a ledger takes, and how long what stands, and the whole chain, take to read.

    python bench/ledger.py [--decisions 100000] [--db postgresql://user@host/empty] [--json] [--markdown PAGE]

One writer, every transaction on the disk before the next begins. SQLite in a folder of this machine; PostgreSQL where
an empty database is named.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tables import Table, add_options, publish

from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung

NOW = datetime(2026, 11, 2, tzinfo=UTC)
EVIDENCE = ("c-1:text:shared template", "c-1:time:starts together", "c-1:sign_up:one card")
BATCH = 1000


def decisions(first: int, count: int) -> list[Decision]:
    """Measures against so many accounts of one campaign."""
    until = NOW + timedelta(days=7)
    return [
        Decision(f"d-{n:012x}", "account", f"acct-{n}", Rung.CAP, NOW, until, "coordinated_extraction", EVIDENCE, "own",
                 simulated=False, campaign="c-1")
        for n in range(first, first + count)
    ]  # fmt: skip


def measured(address: str, total: int) -> dict[str, float]:
    """The figures of one ledger, which is filled for it."""
    figures: dict[str, float] = {}
    with Ledger.open(address) as ledger:
        singles = [decisions(n, 1) for n in range(500)]
        figures["one at a time, a second"] = len(singles) / timed(lambda: [put(ledger, one) for one in singles])
        batches = [decisions(n, BATCH) for n in range(len(singles), total, BATCH)]
        figures[f"{BATCH:,} at a time, a second"] = (
            len(batches) * BATCH / timed(lambda: [put(ledger, b) for b in batches])
        )
        figures["what stands, seconds"] = timed(lambda: ledger.standing(NOW))
        figures["the whole chain checked, seconds"] = timed(ledger.verify)
        figures["decisions"] = ledger.head().number - 1
    return figures


def put(ledger: Ledger, new: list[Decision]) -> None:
    """One transaction."""
    ledger.decide(new, by="alice", now=NOW)


def timed(act: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--decisions", type=int, default=100_000, metavar="N")
    options.add_argument("--db", metavar="URL", help="an empty PostgreSQL database, measured, too")
    add_options(options)
    given = options.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        figures["SQLite"] = measured(f"{folder}/ledger.sqlite", given.decisions)
    if given.db:
        figures["PostgreSQL"] = measured(given.db, given.decisions)
    rows = [(name, *each.values()) for name, each in figures.items()]
    columns = ("ledger", *figures["SQLite"])
    publish(
        given, "ledger", [Table("Decisions that a ledger takes, and how long reading takes.", columns, rows)], figures
    )


if __name__ == "__main__":
    main()
