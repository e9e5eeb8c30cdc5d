import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch.reports.document import dumps, loads
from stillwatch.response import appeals
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Rung
from stillwatch.response.relay.places import open_relay

NOW = datetime.now(UTC)


@pytest.fixture
def found(findings):
    """The sample's findings as if scanned just now: three campaigns of 212, 640 and 7 accounts."""
    document = loads(findings.read_bytes())
    campaigns = []
    for campaign in document.campaigns:
        late = NOW - campaign.last_seen - timedelta(hours=1)
        accounts = tuple(a.model_copy(update={"last_seen": a.last_seen + late}) for a in campaign.accounts)
        campaigns.append(campaign.model_copy(update={"last_seen": campaign.last_seen + late, "accounts": accounts}))
    findings.write_text(dumps(document.model_copy(update={"campaigns": tuple(campaigns)})), encoding="utf-8")
    return findings


@pytest.fixture
def settings():
    """A ledger, and two people who may."""
    Path("stillwatch.toml").write_text(
        '[response]\nledger = "ledger.sqlite"\npeople = ["alice", "bob"]\nrelay = "relay"\n', encoding="utf-8"
    )


def standing(path="ledger.sqlite"):
    with Ledger.open(path, create=False) as ledger:
        return ledger.standing(datetime.now(UTC)), ledger.waiting(datetime.now(UTC))


@pytest.mark.usefixtures("settings")
def test_nothing_is_done_without_apply(run, found):
    shown = run("respond", found)
    assert shown.code == 0
    assert "Nothing was done" in shown.err
    assert "c-3f9a1b72" in shown.out
    assert "waits for a person" in shown.out
    assert not Path("ledger.sqlite").exists()
    assert not Path("relay").exists()


def test_it_shows_without_a_ledger_and_without_settings(run, found):
    told = json.loads(run("respond", found, "--json").out)
    assert told["applied"] is False
    assert all(decision["simulated"] for decision in told["decisions"] + told["waiting"])
    assert {decision["action"] for decision in told["waiting"]} >= {"verify"}


def test_the_same_findings_say_the_same(run, found):
    one, other = (json.loads(run("respond", found, "--json").out) for _ in range(2))
    assert [(d["value"], d["action"]) for d in one["decisions"]] == [
        (d["value"], d["action"]) for d in other["decisions"]
    ]


@pytest.mark.usefixtures("settings")
def test_apply_writes_to_the_ledger_and_tells_the_gateways(run, found):
    done = run("respond", found, "--apply", "--as", "alice")
    assert done.code == 0, done.err
    stands, waits = standing()
    assert stands
    assert not any(decision.simulated for decision in stands)
    assert max(decision.action for decision in stands) <= Rung.CAP
    assert Rung.VERIFY in {decision.action for decision in waits}
    relay = open_relay("relay")
    snapshot = relay.snapshot(0)
    relay.close()
    assert snapshot.accounts.keys() == {decision.value for decision in stands if decision.scope == "account"}


@pytest.mark.usefixtures("settings")
def test_responding_twice_decides_nothing_new(run, found):
    run("respond", found, "--apply", "--as", "alice")
    before = standing()
    again = run("respond", found, "--apply", "--as", "bob")
    assert "nothing new" in again.err
    assert standing() == before


@pytest.mark.usefixtures("settings")
def test_record_writes_down_what_touches_nobody(run, found):
    done = run("respond", found, "--record", "--as", "alice")
    assert done.code == 0, done.err
    stands, waits = standing()
    assert stands
    assert all(decision.simulated for decision in stands)
    assert waits == ()
    assert "Applied" in run("respond", found, "--apply", "--as", "alice").err
    assert not all(decision.simulated for decision in standing()[0])


@pytest.mark.usefixtures("settings")
def test_a_rejected_campaign_is_left_alone_and_its_measures_end(run, found):
    run("respond", found, "--apply", "--as", "alice")
    for campaign in ("c-3f9a", "c-b07e", "c-91c4"):
        done = run("review", campaign, "--as", "rejected", "--author", "ana", "--reason", "a course", "-f", found)
        assert done.code == 0, done.err
    told = run("respond", found, "--apply", "--as", "alice")
    assert "a person rejected their campaign" in told.out
    assert standing()[0] == ()


@pytest.mark.usefixtures("settings")
def test_an_account_that_an_appeal_freed_is_dropped(run, found):
    first = json.loads(run("respond", found, "--json").out)
    value = next(d["value"] for d in first["decisions"] if d["scope"] == "account" and d["campaign"] == "c-3f9a1b72")
    run("respond", found, "--apply", "--as", "alice")
    (decision,) = [d for d in standing()[0] if d.value == value]
    with Ledger.open("ledger.sqlite") as ledger:
        made = appeals.open_appeal(ledger, decision.id, "We are a school.", "ana@example.com", NOW)
        appeals.reverse(ledger, made.id, "It is one.", by="bob", now=datetime.now(UTC))
    told = run("respond", found, "--apply", "--as", "alice")
    assert "appeal" in told.out
    assert value not in {d.value for d in standing()[0]}


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--apply"], 2, "--as"),
        (["--apply", "--as", "mallory"], 4, "mallory may not"),
        (["--apply", "--record", "--as", "alice"], 2, "Either"),
        (["--policy", "gone.toml"], 2, "gone.toml: cannot be read"),
    ],
)
def test_what_may_not_be_is_refused_before_anything_is_written(run, found, arguments, code, says):
    refused = run("respond", found, *arguments)
    assert refused.code == code
    assert says in refused.err
    assert not Path("ledger.sqlite").exists()


def test_nothing_acts_without_a_ledger(run, found):
    Path("stillwatch.toml").write_text('[response]\npeople = ["alice"]\n', encoding="utf-8")
    refused = run("respond", found, "--apply", "--as", "alice")
    assert (refused.code, "--ledger" in refused.err) == (2, True)


def test_findings_that_are_not_there(run):
    assert run("respond", "gone.json").code == 1
