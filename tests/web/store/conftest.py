"""A store in both databases, and findings of made-up campaigns.

def test_something(store, campaign, findings):
    intake.take(store, findings(campaign("c-1", "abc"), campaign("c-2", "de", severity="low")), NOW)
"""

from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.reports.document import (
    Account,
    Campaign,
    Evidence,
    FindingsDocument,
    Inputs,
    Link,
    Lookalike,
    TextPart,
    Window,
)
from stillwatch.web.store import Store, intake

START = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture
def now():
    """The time at which tests begin."""
    return NOW


@pytest.fixture
def store(database_url):
    """An empty store."""
    with Store.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def campaign():
    """A campaign of accounts named by letters, the first of which belongs most surely."""

    def make(id_="c-1", letters="abc", *, bits=10.0, requests=100, text="translate the list", day=1, **changes):
        members = [letter if len(letter) > 1 else f"acct-{letter}" for letter in letters]
        first = START + timedelta(days=day)
        accounts = tuple(
            Account(
                account_id=each,
                bits=10.0 - n,
                requests=requests,
                first_seen=first + timedelta(hours=n),
                last_seen=first + timedelta(days=2, hours=n),
            )
            for n, each in enumerate(members)
        )
        evidence = Evidence(
            family="text",
            name="shared_template",
            bits=bits + 12,
            observed=0.9,
            expected=0.1,
            technique="AML.T0024.002",
            says="They share a template.",
        )
        whole = {
            "id": id_,
            "bits": bits,
            "prior": -12.0,
            "severity": "high",
            "families": ("text",),
            "first_seen": first,
            "crossed_at": first + timedelta(days=1),
            "last_seen": first + timedelta(days=2, hours=len(members)),
            "requests": requests * len(members),
            "requests_before_crossing": 1,
            "usage_input_tokens": 1000 * len(members),
            "usage_output_tokens": 500 * len(members),
            "accounts": accounts,
            "evidence": (evidence,),
            "lookalikes_considered": (Lookalike(name="classroom", fits=False, says="By night, too."),),
            "timeline": (),
            "links": (Link(family="sign_up", name="payment", accounts=tuple(members[:3])),),
            "shared_text": ((TextPart(text=text, slot=False), TextPart(text="secret slot", slot=True)),),
        }
        return Campaign(**(whole | changes))

    return make


@pytest.fixture(scope="session")
def findings():
    """A document of campaigns."""

    def make(*campaigns, day=30):
        inputs = Inputs(files=1, requests=9, accounts=9, rejected=0, sign_up=False, notes=())
        window = Window(start=START, end=START + timedelta(days=day))
        return FindingsDocument(version="1", generator="test", window=window, campaigns=campaigns, inputs=inputs)

    return make


@pytest.fixture
def take(store, findings):
    """Takes campaigns in, each time as another scan."""

    def taken(*campaigns, day=30, now=NOW):
        return intake.take(store, findings(*campaigns, day=day), now)

    return taken
