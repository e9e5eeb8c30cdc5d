"""A ledger with measures against the sample's accounts."""

import itertools
from datetime import timedelta

import pytest

from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung


@pytest.fixture
def ledger(settings):
    """The ledger of the settings."""
    with Ledger.open(settings.config.response.ledger) as opened:
        yield opened


@pytest.fixture
def decision(console, document):
    """Makes decisions against the first campaign's accounts, each a new one."""
    numbers = itertools.count(1)
    campaign = document.campaigns[0]

    def make(value=None, **changes):
        now = console.clock()
        whole = {
            "id": f"d-{next(numbers):012x}",
            "scope": "account",
            "value": value or campaign.accounts[0].account_id,
            "action": Rung.CAP,
            "since": now,
            "until": now + timedelta(days=7),
            "reason": "coordinated_extraction",
            "evidence": (f"{campaign.id}:text:rare shared text", f"{campaign.id}:time:hand-over"),
            "origin": "own",
            "simulated": False,
            "campaign": campaign.id,
        }
        return Decision(**(whole | changes))

    return make
