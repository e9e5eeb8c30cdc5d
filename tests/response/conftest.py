"""A ledger on both databases, and decisions to put into it.

def test_something(ledger, decision, now):
    ledger.decide([decision("acct-1")], by="alice", now=now)
"""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def now():
    """The time at which tests begin."""
    return NOW


@pytest.fixture
def decision():
    """Makes decisions against accounts: each a new one."""
    numbers = itertools.count(1)

    def make(value="acct-1", **changes):
        whole = {
            "id": f"d-{next(numbers):012x}",
            "scope": "account",
            "value": value,
            "action": Rung.CAP,
            "since": NOW,
            "until": NOW + timedelta(days=7),
            "reason": "coordinated_extraction",
            "evidence": ("c-1:text:shared template", "c-1:time:starts together"),
            "origin": "own",
            "simulated": False,
            "campaign": "c-1",
        }
        return Decision(**(whole | changes))

    return make


@pytest.fixture
def open_ledger(database_url):
    """Opens the test's ledger, once more each time: as another process would."""
    opened = []

    def open_it(**options):
        opened.append(Ledger.open(database_url, **options))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()


@pytest.fixture
def ledger(open_ledger):
    """An empty ledger."""
    return open_ledger()
