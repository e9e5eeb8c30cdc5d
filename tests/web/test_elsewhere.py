import dataclasses

import pytest

from stillwatch.exchange.client.mirror import Delivery, Imported, Source
from stillwatch.exchange.client.state import State
from stillwatch.indicators.extensions import FEEDBACK
from stillwatch.reports.document import to_document
from stillwatch.web.elsewhere import elsewhere
from stillwatch.web.store import cases, intake

CASE = "c-3f9a1b72"
ROOT = Source("https://taxii.example/root/collections/1/", "https://taxii.example/root/", "all")
MEMBER = "identity--00000000-0000-4000-8000-000000000001"
INDICATOR = "indicator--00000000-0000-4000-8000-000000000002"


def sighting(number, *, of=INDICATOR, version=1_000_000, outcome="true-positive", **more):
    """What a member said, as the mirror takes it."""
    told = {"extension_type": "property-extension", "outcome": outcome, "accounts_bucket": "100-1000"}
    body = {
        "type": "sighting",
        "id": f"sighting--00000000-0000-4000-8000-{number:012}",
        "sighting_of_ref": of,
        "extensions": {FEEDBACK: told},
        **more,
    }
    return Imported(body, version, MEMBER, "signed")


@pytest.fixture
def case(console, sample):
    """The first case, which an indicator of another member fits."""
    findings = sample.findings()
    fitting = dataclasses.replace(findings.campaigns[0], indicators=(INDICATOR,))
    again = dataclasses.replace(findings, campaigns=(fitting, *findings.campaigns[1:]))
    intake.take(console.store, to_document(again), console.clock())
    return cases.case(console.store, CASE)


def brought(console, *objects):
    """What the exchange brought."""
    identity = Imported({"type": "identity", "id": MEMBER, "name": "Member 4"}, 1, MEMBER, "signed")
    with State.open(console.settings.config.exchange.state) as state:
        state.mirror.take(ROOT, Delivery((identity, *objects)))


def test_sightings_of_what_fits_are_told_newest_first(console, case):
    brought(
        console,
        sighting(1, version=1_000_000),
        sighting(2, version=3_000_000, outcome="false-positive"),
        sighting(3, of=INDICATOR.replace("2", "9")),
    )
    found = elsewhere(console, case, (), console.clock()).sightings
    assert [(each.member, each.outcome, each.accounts, each.ours) for each in found] == [
        ("Member 4", "false-positive", "100-1000", False),
        ("Member 4", "true-positive", "100-1000", False),
    ]


def test_the_newest_word_counts_and_what_was_taken_back_does_not(console, case):
    brought(console, sighting(1, version=1_000_000), sighting(2, version=1_000_000))
    brought(
        console,
        sighting(1, version=2_000_000, outcome="false-positive"),
        sighting(2, version=2_000_000, revoked=True),
    )
    (found,) = elsewhere(console, case, (), console.clock()).sightings
    assert (found.outcome, found.said.timestamp()) == ("false-positive", 2.0)


def test_nothing_is_made_by_looking(console, case):
    found = elsewhere(console, case, ["acct-1"], console.clock())
    assert (found.measures, found.accounts, found.sightings, found.unread) == ((), {}, (), ())
    assert not console.settings.config.exchange.state.exists()


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(console, case, running):
    console.settings.config.exchange.state.write_text("no database")
    console.settings.config.exchange.state.chmod(0o600)
    found = elsewhere(console, case, (), console.clock())
    assert found.sightings == ()
    assert len(found.unread) == 1
    with running.signed_in("viewer") as client:
        answer = client.get(f"/cases/{CASE}")
    assert answer.status_code == 200
    assert found.unread[0].partition(":")[0] in answer.text
