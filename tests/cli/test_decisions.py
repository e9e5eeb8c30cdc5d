"""The ledger's verbs: what stands, what waits, the switch, and that gateways hear of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch.response.decide import Asked, decide
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung
from stillwatch.response.relay.places import open_relay

NOW = datetime.now(UTC)


def measure(number, **changes):
    whole = {
        "id": f"d-{number:012x}", "scope": "account", "value": f"acct-{number}", "action": Rung.VERIFY,
        "since": NOW - timedelta(hours=1), "until": NOW + timedelta(days=7), "reason": "coordinated_extraction",
        "evidence": ("c-1:text:shared template",), "origin": "own", "simulated": False, "campaign": "c-1",
    }  # fmt: skip
    return Decision(**(whole | changes))


@pytest.fixture
def ledger():
    """A ledger in the settings of the working folder: one decision stands, alice's, and one of each campaign waits."""
    people = 'people = ["alice", "bob"]'
    Path("stillwatch.toml").write_text(f'[response]\nledger = "ledger.sqlite"\nrelay = "relay"\n{people}\n')
    Path("relay").mkdir()
    with Ledger.open("ledger.sqlite") as opened:
        opened.decide([measure(1)], by="alice", now=NOW)
        held = [measure(2, action=Rung.HOLD), measure(3, action=Rung.HOLD, campaign="c-2", value="evil\x1b[2J")]
        opened.propose(held, NOW)
        yield opened


@pytest.fixture
def status():
    """What a gateway answers an account with."""
    relay = open_relay("relay")
    yield lambda account: decide(Asked(account), relay.snapshot(-1), {}, NOW.timestamp()).status
    relay.close()


@pytest.mark.usefixtures("ledger")
def test_what_stands_and_what_waits(run):
    told = json.loads(run("decisions", "list", "--json").out)
    assert [each["id"] for each in told["standing"]] == [measure(1).id]
    assert [each["value"] for each in told["waiting"]] == ["acct-2", "evil\x1b[2J"]
    assert told["waiting"][0]["action"] == "hold"
    assert told["enabled"] is True
    table = run("decisions", "list")
    assert (table.code, "\x1b" in table.out, "waits for a person" in table.out) == (0, False, True)
    assert "d-000000000001" not in run("decisions", "list", "--waiting").out
    assert "acct-1" not in run("decisions", "list", "--campaign", "c-2").out


def test_a_signature_reaches_the_gateways(run, ledger, status):
    done = run("decisions", "sign", measure(2).id, "--as", "bob")
    assert (done.code, "1 decision signed by bob" in done.err) == (0, True)
    assert ledger.decision(measure(2).id).by == "bob"
    assert [status(f"acct-{n}") for n in (1, 2)] == [403, 403]


def test_all_of_a_campaign_is_signed_and_lifted(run, ledger, status):
    signed = json.loads(run("decisions", "sign", "--campaign", "c-1", "--as", "bob", "--json").out)
    assert [each["id"] for each in signed["signed"]] == [measure(2).id]
    ended = json.loads(run("decisions", "lift", "--campaign", "c-1", "--as", "bob", "--reason", "no", "--json").out)
    assert [each["id"] for each in ended["ended"]] == [measure(1).id, measure(2).id]
    assert [each.id for each in ledger.waiting(NOW)] == [measure(3).id]
    assert status("acct-1") == 0


def test_the_switch_reaches_the_gateways(run, ledger, status):
    assert run("decisions", "off", "--as", "alice", "--reason", "an incident").code == 0
    assert (status("acct-1"), ledger.enabled) == (0, False)
    assert "no measure acts" in run("decisions", "list").err
    assert run("decisions", "on", "--as", "alice", "--reason", "over").code == 0
    assert status("acct-1") == 403


@pytest.mark.usefixtures("ledger")
def test_what_happened_to_an_account(run):
    run("decisions", "lift", measure(1).id, "--as", "bob", "--reason", "a mistake")
    told = json.loads(run("decisions", "show", "acct-1", "--json").out)
    assert [each["kind"] for each in told] == ["decided", "lifted"]
    assert [each["by"] for each in told] == ["alice", "bob"]
    shown = run("decisions", "show", measure(3).id)
    assert ("proposed" in shown.out, "\x1b" in shown.out) == (True, False)
    assert run("decisions", "show", "nobody").code == 1


def test_a_ledger_is_checked_against_what_was_kept(run, ledger):
    kept = run("decisions", "verify")
    assert (kept.code, "4 entries, none altered" in kept.err) == (0, True)
    Path("checkpoint.txt").write_text(kept.out)
    ledger.switch(False, "alice", "a test", NOW)
    assert run("decisions", "verify", "--against", "checkpoint.txt").code == 0
    Path("checkpoint.txt").write_text(kept.out.replace("\n4\n", "\n3\n"))
    broken = run("decisions", "verify", "--against", "checkpoint.txt")
    assert (broken.code, "Entry 3" in broken.err) == (4, True)


def test_who_may_not(run, ledger):
    refused = run("decisions", "sign", measure(2).id, "--as", "mallory")
    assert (refused.code, "mallory may not" in refused.err) == (4, True)
    Path("stillwatch.toml").write_text('[response]\nledger = "ledger.sqlite"\n')
    refused = run("decisions", "off", "--as", "alice", "--reason", "x")
    assert (refused.code, 'people = ["alice"]' in refused.err) == (2, True)
    assert (ledger.waiting(NOW)[0].id, ledger.enabled) == (measure(2).id, True)


def test_gateways_that_cannot_be_reached(run, ledger):
    settings = Path("stillwatch.toml").read_text()
    Path("stillwatch.toml").write_text(settings.replace('"relay"', '"redis://127.0.0.1:1/0"'))
    failed = run("decisions", "off", "--as", "alice", "--reason", "an incident")
    assert (failed.code, "stillwatch decisions publish" in failed.err) == (3, True)
    assert not ledger.enabled, "the ledger has it"
    Path("stillwatch.toml").write_text(settings.replace('relay = "relay"\n', ""))
    assert "No gateway was told" in run("decisions", "off", "--as", "alice", "--reason", "again").err


@pytest.mark.usefixtures("ledger")
def test_gateways_are_told_again(run, status):
    assert run("decisions", "publish").code == 0
    assert status("acct-1") == 403


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("list",), 2, "no ledger here"),
        (("list", "--ledger", "mysql://x"), 2, "no database that stillwatch knows"),
        (("sign", "--as", "alice"), 2, "no ledger here"),
        (("verify",), 2, "no ledger here"),
    ],
)
def test_without_a_ledger(run, arguments, code, says):
    Path("stillwatch.toml").write_text('[response]\nledger = "ledger.sqlite"\npeople = ["alice"]\n')
    done = run("decisions", *arguments)
    assert (done.code, says in done.err, done.err.count("\n")) == (code, True, 1)
    assert not Path("ledger.sqlite").exists()


def test_a_ledger_that_nobody_named(run):
    done = run("decisions", "list")
    assert (done.code, "response.ledger" in done.err) == (2, True)


@pytest.mark.usefixtures("ledger")
def test_nothing_to_sign(run):
    done = run("decisions", "sign", "--campaign", "c-9", "--as", "bob")
    assert (done.code, "nothing to do" in done.err) == (1, True)
