"""From the ledger over a relay to what a gateway does."""

from datetime import timedelta

import pytest

from stillwatch.config import ResponseConfig
from stillwatch.response.appeals import open_appeal, reverse
from stillwatch.response.decide import Asked, decide
from stillwatch.response.model import Rung
from stillwatch.response.publishing import publish, snapshot, tell
from stillwatch.response.relay.places import RelayError, open_relay
from stillwatch.response.snapshot import Gate

DAY = timedelta(days=1)


@pytest.fixture
def told(ledger, tmp_path):
    """Publishes, and gives the status that a gateway answers an account with, at some time."""
    watch, gateway = open_relay(str(tmp_path / "relay")), open_relay(str(tmp_path / "relay"))

    def status(account, now, at=None, **asked):
        publish(ledger, Gate(), watch, now)
        return decide(Asked(account, **asked), gateway.snapshot(-1), {}, (at or now).timestamp()).status

    yield status
    watch.close()
    gateway.close()


def test_a_measure_reaches_the_gateway_and_ends_there_by_itself(ledger, decision, told, now):
    ledger.decide([decision(action=Rung.VERIFY, since=now + DAY)], by="alice", now=now)
    assert [told("acct-1", now, at=now + days * DAY) for days in (0, 1, 6, 7)] == [0, 403, 403, 0]
    assert told("acct-2", now, at=now + DAY) == 0


def test_what_is_lifted_or_simulated_or_waits_does_nothing(ledger, decision, told, now):
    lifted = decision("acct-1", action=Rung.VERIFY)
    ledger.decide([lifted, decision("acct-2", action=Rung.VERIFY, simulated=True)], by="alice", now=now)
    ledger.propose([decision("acct-3", action=Rung.HOLD)], now)
    assert told("acct-1", now) == 403
    ledger.lift([lifted.id], "bob", "a mistake", now)
    assert [told(account, now) for account in ("acct-1", "acct-2", "acct-3")] == [0, 0, 0]


def test_a_reversal_reaches_the_gateway_even_for_whom_it_recognises(ledger, decision, told, now):
    measure, campaign = decision(action=Rung.VERIFY), decision("c-1", scope="campaign", action=Rung.VERIFY)
    ledger.decide([measure, campaign], by="alice", now=now)
    recognised = {"campaign": "c-1", "kind": "template"}
    assert (told("acct-1", now), told("acct-9", now, **recognised)) == (403, 403)
    reverse(ledger, open_appeal(ledger, measure.id, "Why?", "", now).id, "You are right.", by="bob", now=now)
    assert told("acct-1", now, **recognised) == 0
    assert told("acct-9", now, **recognised) == 403


def test_the_switch_empties_what_gateways_do_at_once(ledger, decision, told, now):
    ledger.decide([decision(action=Rung.VERIFY), decision("c-1", scope="campaign", action=Rung.HOLD, by="bob")],
                  by="alice", now=now)  # fmt: skip
    ledger.switch(False, "alice", "an incident", now)
    assert told("acct-1", now) == 0
    assert told("acct-9", now, campaign="c-1", kind="template") == 0
    ledger.switch(True, "alice", "over", now)
    assert told("acct-1", now) == 403


def test_a_version_is_another_wherever_a_gateway_must_hear_of_it(ledger, decision, now):
    gate = Gate(appeal_url="https://example.com/")
    measure = decision()
    versions = [snapshot(ledger, gate, now).version]
    ledger.decide([measure], by="alice", now=now)
    versions.append(snapshot(ledger, gate, now).version)
    assert snapshot(ledger, gate, now + 30 * DAY).version == versions[-1], "measures end by themselves"
    opened = open_appeal(ledger, measure.id, "Why?", "", now)
    reverse(ledger, opened.id, "You are right.", by="bob", now=now, exempt=DAY)
    versions += [snapshot(ledger, gate, now).version, snapshot(ledger, gate, now + DAY).version]
    versions.append(snapshot(ledger, Gate(appeal_url="https://example.org/"), now + DAY).version)
    assert len(set(versions)) == 5
    assert versions[0] < versions[1] < versions[2]


def test_gateways_hear_by_the_way_that_the_settings_name(ledger, decision, now, tmp_path):
    measure = decision(action=Rung.VERIFY)
    ledger.decide([measure], by="alice", now=now)
    assert not tell(ledger, ResponseConfig(), now), "there is no way to them"
    assert tell(ledger, ResponseConfig(relay=str(tmp_path / "relay")), now)
    gateway = open_relay(str(tmp_path / "relay"))
    assert gateway.snapshot(-1) is not None
    gateway.close()


def test_where_gateways_cannot_be_told_what_was_written_stands(ledger, decision, now, tmp_path):
    ledger.decide([decision()], by="alice", now=now)
    (tmp_path / "relay").write_text("no folder")
    with pytest.raises(RelayError, match="No gateway was told"):
        tell(ledger, ResponseConfig(relay=str(tmp_path / "relay")), now)
    assert len(ledger.standing(now)) == 1
