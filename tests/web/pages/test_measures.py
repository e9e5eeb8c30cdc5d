"""Measures over HTTP: signed, ended, switched, and by whom."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from stillwatch.response.model import Limits, Rung

CASE = "c-3f9a1b72"
HOSTILE = "<script>alert(1)</script>\u202e/../'\""


@pytest.fixture
def waiting(console, ledger, decision):
    """Proposals, one against an account with a hostile name."""
    made = [decision(action=Rung.HOLD), decision(HOSTILE, action=Rung.HOLD)]
    ledger.propose(made, console.clock())
    return made


@pytest.fixture
def standing(console, ledger, decision):
    """Measures that stand."""
    made = [
        decision(limits=Limits(max_tokens=256)),
        decision(CASE, scope="campaign", action=Rung.BUDGET),
        decision("org-1", scope="organization", simulated=True, spares=True, campaign="", evidence=(), origin="person"),
    ]
    ledger.decide(made, by="watch", now=console.clock())
    return made


def test_what_waits_and_what_stands(running, signed_in, waiting, standing):
    eve = signed_in(running, "viewer")
    page = eve.get("/measures")
    assert page.status_code == 200
    assert all(each.id in page.text for each in waiting)
    assert not any(each.id in page.text for each in standing)
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text
    assert "/measures/sign" not in page.text, "a viewer is offered nothing"
    page = eve.get("/measures?show=standing")
    assert all(each.id in page.text for each in standing)
    assert "whoever is recognised as" in page.text
    assert len(eve.get("/measures.json?show=standing").json()["measures"]) == 3
    assert eve.get("/measures.csv").text.startswith("id,measure,scope,value")


def test_signed_from_the_page_and_gone_from_it(running, signed_in, ledger, waiting):
    ana = signed_in(running, "approver", "ana")
    assert "Sign what is ticked" in ana.get("/measures").text
    done = ana.post("/measures/sign", data={"id": [each.id for each in waiting], "case": CASE})
    assert (done.status_code, done.headers["location"]) == (303, f"/cases/{CASE}/measures")
    assert "Nothing waits for a person" in ana.get("/measures").text
    assert {each.by for each in ledger.standing(running.console.clock())} == {"ana"}
    assert "signed by ana" in ana.get(f"/cases/{CASE}/measures").text


def test_two_approvers_at_once(running, signed_in, ledger, waiting):
    ana, ben = signed_in(running, "approver", "ana"), signed_in(running, "approver", "ben")
    assert ana.post("/measures/sign", data={"id": waiting[0].id}).status_code == 303
    stale = ben.post("/measures/lift", data={"id": waiting[0].id, "reason": "a class"})
    assert stale.status_code == 303, "what was just signed can be ended"
    stale = ana.post("/measures/lift", data={"id": waiting[0].id, "reason": "the key was rotated"})
    assert stale.status_code == 409
    assert "by ben" in stale.text
    assert "the key was rotated" in stale.text
    assert ledger.standing(running.console.clock()) == ()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("sign", {"id": "d-000000000001"}),
        ("lift", {"id": "d-000000000001", "reason": "x"}),
        ("switch", {"way": "off", "reason": "x"}),
        ("publish", {}),
    ],
)
@pytest.mark.usefixtures("waiting")
def test_what_a_role_may_not(running, signed_in, ledger, path, data):
    before = ledger.head()
    for role in ("viewer", "analyst", *(["approver"] if path == "switch" else [])):
        assert signed_in(running, role).post(f"/measures/{path}", data=data).status_code == 403
    assert ledger.head() == before


@pytest.mark.parametrize(
    ("path", "data", "status", "problem"),
    [
        ("sign", {}, 422, "No measure was chosen"),
        ("sign", {"id": "d-ffffffffffff"}, 404, "knows no such decision"),
        ("lift", {"id": "d-000000000001"}, 422, "This field is needed"),
        ("lift", {"id": "d-ffffffffffff", "reason": "x"}, 404, "knows no such decision"),
        ("switch", {"way": "sideways", "reason": "x"}, 422, "on or off"),
        ("switch", {"way": "off"}, 422, "This field is needed"),
        ("switch", {"way": "on", "reason": "x"}, 409, "on already"),
    ],
)
@pytest.mark.usefixtures("waiting")
def test_what_cannot_be_done_says_so(running, signed_in, path, data, status, problem):  # noqa: PLR0917  table
    answer = signed_in(running, "operator").post(f"/measures/{path}", data=data)
    assert answer.status_code == status
    assert problem in answer.text


def test_the_switch_says_who_and_why(running, signed_in, ledger):
    ben = signed_in(running, "operator", "ben")
    assert "Turn all measures off" in ben.get("/measures").text
    assert ben.post("/measures/switch", data={"way": "off", "reason": "customers report errors"}).status_code == 303
    assert not ledger.enabled
    page = signed_in(running, "viewer").get("/measures").text
    assert "All measures are off" in page
    assert "customers report errors" in page
    assert "Turn measures on again" in ben.get("/measures").text


def test_the_switch_makes_a_ledger_where_there_is_none(running, signed_in):
    ben = signed_in(running, "operator")
    assert "There is no ledger" in ben.get("/measures").text
    assert ben.post("/measures/switch", data={"way": "off", "reason": "to be sure"}).status_code == 303
    assert "All measures are off" in ben.get("/measures").text


def test_one_measure_with_its_history(running, signed_in, ledger, standing, waiting):
    ana = signed_in(running, "approver", "ana")
    ledger.lift([standing[0].id], "ben", "a mistake", running.console.clock())
    page = ana.get(f"/measures/{standing[0].id}").text
    for words in (
        "has ended",
        "rare shared text",
        "256",
        f"/cases/{CASE}",
        "lifted by",
        "a mistake",
        "Nobody has objected",
    ):
        assert words in page
    page = ana.get(f"/measures/{waiting[1].id}").text
    assert "waits for a person" in page
    assert "Sign: I answer for it" in page
    assert "<script>alert" not in page
    assert "campaign&rsquo;s template" in ana.get(f"/measures/{standing[2].id}").text
    assert ana.get(f"/measures/{standing[0].id}.json").json()["details"] == {"max_tokens": 256}
    assert ana.get("/measures/d-ffffffffffff").status_code == 404


def test_measures_of_a_case_are_those_against_its_accounts(running, signed_in, standing, waiting):
    rows = signed_in(running, "viewer").get(f"/cases/{CASE}/measures.json").json()["measures"]
    assert {each["id"] for each in rows} == {waiting[0].id, standing[0].id, standing[1].id}


def test_many_are_paged(running, signed_in, ledger, decision):
    ledger.decide([decision(f"acct-{n}") for n in range(120)], by="watch", now=running.console.clock())
    eve, found, before = signed_in(running, "viewer"), [], ""
    while before is not None:
        page = eve.get(f"/measures.json?show=standing&before={before}").json()
        found += [each["value"] for each in page["measures"]]
        before = page["next"]
    assert found == [f"acct-{n}" for n in reversed(range(120))]


def test_where_gateways_cannot_be_told_the_page_says_so(serve, signed_in, tmp_path, ledger, decision, console):  # noqa: PLR0917  fixtures
    (tmp_path / "relay").write_text("no folder")
    made = decision(action=Rung.HOLD)
    ledger.propose([made], console.clock())
    with serve({"response.relay": str(tmp_path / "relay")}) as running:
        ana = signed_in(running, "approver")
        done = ana.post("/measures/sign", data={"id": made.id})
        assert done.headers["location"] == "/measures?gateways=untold"
        assert "no gateway could be told" in ana.get(done.headers["location"]).text
        (tmp_path / "relay").unlink()
        assert ana.post("/measures/publish").headers["location"] == "/measures"


def test_a_ledger_that_is_gone_is_a_page(running, signed_in, settings, ledger, waiting):
    ledger.close()
    Path(settings.config.response.ledger).write_bytes(b"no database" * 1000)
    answer = signed_in(running, "approver").post("/measures/lift", data={"id": waiting[0].id, "reason": "typed words"})
    assert answer.status_code == 503
    assert "typed words" in answer.text


def test_of_very_many_against_a_case_the_rest_is_in_the_csv(running, signed_in, ledger, decision, document):
    accounts = document.campaigns[0].accounts
    ledger.decide([decision(each.account_id) for each in accounts], by="watch", now=running.console.clock())
    eve = signed_in(running, "viewer")
    shown, after = [], ""
    while after is not None:
        page = eve.get(f"/cases/{CASE}/measures.json", params={"after": after}).json()
        shown += [each["value"] for each in page["measures"]]
        after = page["after"]
    assert sorted(shown) == sorted(each.account_id for each in accounts)
    assert "Further accounts" in eve.get(f"/cases/{CASE}/measures").text
    assert eve.get(f"/cases/{CASE}/measures.csv").text.count("\n") == len(accounts) + 1


def test_while_somebody_else_writes_the_ledger_nothing_is_signed_and_the_page_says_so(
    running, signed_in, settings, ledger, waiting
):
    cleo = signed_in(running, "approver", "cleo")
    with contextlib.closing(sqlite3.connect(settings.config.response.ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = cleo.post("/measures/lift", data={"id": waiting[0].id, "reason": "They wrote to us."})
        assert answer.status_code == 503
        assert "They wrote to us." in answer.text
        assert cleo.get("/measures").status_code == 200, "who reads waits for nobody"
        other.execute("ROLLBACK")
    assert waiting[0].id in ledger.picture(running.console.clock()).waiting
