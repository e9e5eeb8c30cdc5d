"""Appeals over HTTP: written down, read by whom they concern, answered once."""

from datetime import timedelta

import pytest

from stillwatch.response import appeals
from stillwatch.response.model import Rung
from stillwatch.web.store import cases

CASE = "c-3f9a1b72"
HOSTILE = "It is <script>alert(1)</script> my class \u202e."


@pytest.fixture
def measure(console, ledger, decision):
    """A measure that ana signed."""
    made = decision(action=Rung.HOLD, by="ana")
    ledger.decide([made], by="ana", now=console.clock())
    return made


@pytest.fixture
def appeal(console, ledger, measure):
    """An appeal of it."""
    return appeals.open_appeal(ledger, measure.id, HOSTILE, "ann@example.com", console.clock())


def test_an_analyst_writes_down_that_somebody_objects(running, signed_in, ledger, measure):
    eve = signed_in(running, "analyst", "eve")
    sent = {"decision": measure.id, "text": "It is my class.", "contact": "ann@example.com"}
    done = eve.post("/appeals", data=sent)
    (found,) = appeals.appeals(ledger)
    assert (done.status_code, done.headers["location"]) == (303, f"/appeals/{found.id}")
    assert found.id in eve.get("/appeals").text
    assert found.id in eve.get(f"/measures/{measure.id}").text
    assert found.id in eve.get(f"/cases/{CASE}/measures").text
    again = eve.post("/appeals", data=sent)
    assert (again.status_code, "It is my class." in again.text) == (422, True)
    assert eve.post("/appeals", data=sent | {"decision": "d-ffffffffffff"}).status_code == 404


def test_words_and_contact_are_for_those_who_work_on_it(running, signed_in, appeal):
    seen = {}
    for role in ("viewer", "analyst", "approver"):
        client = signed_in(running, role)
        page, document = client.get(f"/appeals/{appeal.id}"), client.get(f"/appeals/{appeal.id}.json").json()
        assert "<script>alert" not in page.text
        assert ("my class" in page.text) == (document["words"] is not None)
        assert ("ann@example.com" in page.text) == (document["contact"] is not None)
        seen[role] = (document["words"] is not None, document["contact"] is not None)
        assert "ann@example.com" not in client.get("/appeals.csv").text + client.get("/appeals.json").text
    assert seen == {"viewer": (False, False), "analyst": (True, False), "approver": (True, True)}


def test_an_appeal_leads_to_what_speaks_for_the_account(running, signed_in, appeal, measure):
    page = signed_in(running, "approver").get(f"/appeals/{appeal.id}").text
    assert f"/accounts?id={measure.value}" in page
    assert f"/cases/{CASE}#doubts" in page
    assert page.index("speaks") < page.index("What the person is told")


def test_who_decided_is_not_offered_to_answer_and_cannot(running, signed_in, appeal, ledger):
    ana = signed_in(running, "approver", "ana")
    page = ana.get(f"/appeals/{appeal.id}").text
    assert "nobody answers an appeal of his own decision" in page
    assert f"/appeals/{appeal.id}/answer" not in page
    answer = ana.post(f"/appeals/{appeal.id}/answer", data={"text": "No, because."})
    assert (answer.status_code, "No, because." in answer.text) == (403, True)
    assert appeals.appeal(ledger, appeal.id).status == "open"


def test_granted_from_the_page(running, signed_in, appeal, ledger):
    ben = signed_in(running, "approver", "ben")
    done = ben.post(f"/appeals/{appeal.id}/reverse", data={"text": "You are right.", "campaign_wrong": "yes"})
    assert done.headers["location"] == f"/appeals/{appeal.id}"
    assert ledger.standing(running.console.clock()) == ()
    assert cases.row(running.console.store, CASE).status == "rejected"
    page = ben.get(f"/appeals/{appeal.id}").text
    assert "granted" in page
    assert "You are right." in page
    assert f"/appeals/{appeal.id}/answer" not in page


def test_two_who_answer_at_once(running, signed_in, appeal):
    ben, eve = signed_in(running, "approver", "ben"), signed_in(running, "approver", "eve")
    assert ben.post(f"/appeals/{appeal.id}/answer", data={"text": "Many used your key."}).status_code == 303
    stale = eve.post(f"/appeals/{appeal.id}/reverse", data={"text": "You are right."})
    assert stale.status_code == 409
    assert "Many used your key." in stale.text
    assert "You are right." in stale.text


@pytest.mark.parametrize("act", ["answer", "reverse", "erase"])
def test_only_approvers_answer(running, signed_in, ledger, appeal, act):
    before = ledger.head()
    for role in ("viewer", "analyst"):
        assert signed_in(running, role).post(f"/appeals/{appeal.id}/{act}", data={"text": "x"}).status_code == 403
    assert ledger.head() == before


def test_words_are_erased(running, signed_in, appeal):
    ben = signed_in(running, "approver", "ben")
    assert ben.post(f"/appeals/{appeal.id}/erase").status_code == 303
    page = ben.get(f"/appeals/{appeal.id}")
    assert page.status_code == 200
    assert "my class" not in page.text
    assert "ann@example.com" not in page.text


def test_an_account_that_the_console_never_saw(running, signed_in, console, ledger, decision):
    made = decision("acct-elsewhere")
    ledger.decide([made], by="watch", now=console.clock())
    opened = appeals.open_appeal(ledger, made.id, "No.", "", console.clock())
    assert signed_in(running, "viewer").get(f"/appeals/{opened.id}").status_code == 200


def test_without_appeals_and_without_a_ledger(running, signed_in):
    eve = signed_in(running, "viewer")
    assert "Nobody has objected" in eve.get("/appeals").text
    assert eve.get("/appeals/a-ffffffffffff").status_code == 503, "there is no ledger yet"


def test_what_is_overdue_says_so(running, signed_in, console, ledger, measure):
    late = console.clock() - timedelta(days=20)
    appeals.open_appeal(ledger, measure.id, "No.", "", late)
    assert "overdue" in signed_in(running, "viewer").get("/appeals").text


def test_an_appeal_of_what_is_said_of_a_whole_campaign_stands_on_the_measures_page(
    running, signed_in, ledger, decision
):
    eve = signed_in(running, "analyst", "eve")
    made = decision(CASE, scope="campaign", action=Rung.BUDGET)
    ledger.decide([made], by="watch", now=running.console.clock())
    assert 'name="account"' in eve.get(f"/measures/{made.id}").text
    assert eve.post("/appeals", data={"decision": made.id, "text": "Not me."}).status_code == 422
    done = eve.post("/appeals", data={"decision": made.id, "text": "Not me.", "account": "acct-9"})
    assert done.headers["location"] in eve.get(f"/measures/{made.id}").text
