"""The exchange over HTTP: what came in and what it fits, drafts with what leaves, who may approve."""

import dataclasses
import json
from datetime import timedelta

import pytest

from stillwatch.config import load
from stillwatch.exchange.client import publishing, share
from stillwatch.exchange.client.mirror import Delivery, Imported, SetAside, Source
from stillwatch.exchange.client.outbox import Draft
from stillwatch.exchange.client.people import People
from stillwatch.exchange.client.state import State
from stillwatch.indicators import timestamps
from stillwatch.indicators.extensions import SIGNATURE
from stillwatch.indicators.markings import Level
from stillwatch.reports import sharing
from stillwatch.reports.document import dumps, to_document
from stillwatch.web.store import intake

ROOT = Source("https://taxii.example/root/collections/1/", "https://taxii.example/root/", "findings")
MEMBER = "identity--00000000-0000-4000-8000-000000000001"
FITS = "indicator--00000000-0000-4000-8000-000000000002"
CASE = "c-3f9a1b72"
HOSTILE = "<script>alert(1)</script>\u202eeman"
PEOPLE = {"exchange.publishers": ("ana", "cleo"), "exchange.approvers": ("ben", "cleo")}


def indicator(id_=FITS, *, name="DC-2026-0001", since="2026-09-20T00:00:00.000Z", until="2026-12-01T00:00:00.000Z"):
    told = {"signature_kind": "prompt-template", "evidence": {"accounts_bucket": "100-1000"}}
    times = {"valid_from": since, "valid_until": until}
    body = {"type": "indicator", "id": id_, "name": name, "extensions": {SIGNATURE: told}, **times}
    return Imported(body, 1_000_000, MEMBER, "signed")


@pytest.fixture
def state(settings):
    """The member's own state."""
    with State.open(settings.config.exchange.state) as opened:
        yield opened


@pytest.fixture
def brought(console, state):
    """Takes in what a member says."""
    identity = Imported({"type": "identity", "id": MEMBER, "name": "Member 4"}, 1, MEMBER, "signed")
    contributors = [{"id": MEMBER, "standing": "admitted", "weights": {"prompt-template": 0.9}}]

    def bring(*objects, standing="admitted", said=None, aside=()):
        told = {"contributors": [contributors[0] | {"standing": standing}], "indicators": said or {}}
        state.remember(f"contributors {ROOT.root}", json.dumps(told))
        covered = timestamps.of(console.clock() - timedelta(hours=3))
        state.mirror.take(ROOT, Delivery((identity, *objects), aside, covered=covered))

    return bring


@pytest.fixture
def drafted(console, document, state):
    """A draft of the sample's first campaign, by ana."""
    rules = share.Rules(Level.AMBER, tokens=False)
    plans = [share.plan(document.campaigns[0], None, rules, publishing.past(state))]
    made = share.document(
        plans,
        rules=rules,
        contributor=MEMBER,
        now=console.clock(),
        inputs={"findings": {"path": "findings.json", "sha256": ""}, "accounts": None},
        before={},
        refused=[("c-0000", HOSTILE)],
    )
    people = People(frozenset({"ana"}), frozenset())
    return publishing.draft(state.outbox, made, plans, by="ana", people=people, now=console.clock())


@pytest.fixture
def seen(serve, signed_in, settings):
    """A draft's page as somebody sees it where PEOPLE are named: `seen("approver", "ben", draft)`."""

    def page(role, name, draft):
        with serve({"exchange.state": settings.config.exchange.state, **PEOPLE}) as running:
            return signed_in(running, role, name).get(f"/exchange/outgoing/{draft}").text

    return page


def test_where_nothing_was_exchanged_the_pages_say_what_to_do(running, signed_in, serve):
    vera = signed_in(running, "viewer")
    for path in ("/exchange", "/exchange/outgoing"):
        assert "exchange.url" in vera.get(path).text
        assert vera.get(f"{path}.json").json()["there"] is False
    assert vera.get("/exchange/outgoing/d-1").status_code == 404
    assert not running.console.settings.config.exchange.state.exists(), "looking makes no state"
    with serve({"exchange.url": "https://x.example/", "exchange.state": "nowhere.sqlite"}) as other:
        page = signed_in(other, "viewer").get("/exchange").text
        assert "https://x.example/" in page
        assert "stillwatch sync" in page


def test_indicators_with_their_member_trust_and_the_cases_that_fit(console, running, signed_in, sample, brought):
    findings = sample.findings()
    fitting = dataclasses.replace(findings.campaigns[0], indicators=(FITS,))
    again = dataclasses.replace(findings, campaigns=(fitting, *findings.campaigns[1:]))
    intake.take(console.store, to_document(again), console.clock())
    other = FITS.replace("2", "3")
    brought(
        indicator(),
        indicator(other, name=HOSTILE, since="2026-09-30T00:00:00.000Z"),
        indicator(FITS.replace("2", "4"), until="2026-09-21T00:00:00.000Z"),
        aside=(SetAside("indicator--bad", 1, "pattern: missing"),),
        said={other: {"state": "disputed", "sources": 2, "disputes": 1, "automatic": False}},
    )
    vera = signed_in(running, "viewer")
    found = vera.get("/exchange.json").json()
    assert [(each["id"], each["cases"], each["weighed"]) for each in found["indicators"]] == [
        (FITS, [CASE], True),
        (other, [], False),
    ], "what has ended is not in force"
    assert found["members"] == [
        {"id": MEMBER, "name": "Member 4", "standing": "admitted", "indicators": 2, "weighed": 1, "fitting": 1}
    ]
    assert [(each["title"], each["set_aside"]) for each in found["collections"]] == [("findings", 1)]
    page = vera.get("/exchange").text
    for words in (f'href="/cases/{CASE}"', "Member 4", "weight 0.90", "1 dispute", "not weighed", "1 Oct 06:00"):
        assert words in page
    assert "<script>alert" not in page
    assert "[U+202E]eman" in page
    assert vera.get("/exchange.csv").text.count("\n") == 3


@pytest.mark.usefixtures("console")
def test_nothing_of_who_is_not_admitted_is_weighed(running, signed_in, brought):
    brought(indicator(), standing="quarantined")
    (found,) = signed_in(running, "viewer").get("/exchange.json").json()["indicators"]
    assert (found["standing"], found["weighed"]) == ("quarantined", False)


@pytest.mark.usefixtures("console")
def test_many_are_paged(running, signed_in, brought):
    brought(*(indicator(f"indicator--00000000-0000-4000-8000-{n:012}") for n in range(120)))
    vera, found, after = signed_in(running, "viewer"), [], 0
    while after is not None:
        page = vera.get(f"/exchange.json?after={after}").json()
        found += [each["id"] for each in page["indicators"]]
        after = page["next"]
    assert len(found) == len(set(found)) == 120
    assert vera.get("/exchange?after=x").status_code == 422


def test_a_draft_shows_all_that_leaves_and_what_stays(running, signed_in, drafted):
    vera = signed_in(running, "viewer")
    assert drafted.id in vera.get("/exchange/outgoing").text
    page = vera.get(f"/exchange/outgoing/{drafted.id}").text
    for words in ("nothing has left", "TLP:AMBER", "Stays here", CASE, "no accounts table was given"):
        assert words in page
    assert "<script>alert" not in page
    told = vera.get(f"/exchange/outgoing/{drafted.id}.json").json()
    (parcel,) = told["contents"]["parcels"]
    promised = drafted.content["campaigns"][0]["leaves"]
    assert [each["type"] for each in parcel["leaves"]] == [each["type"] for each in promised]
    assert told["letter"]["objects"] == len(promised)
    assert "accounts" not in told["contents"], "digests of accounts stay in the state"
    assert vera.get("/exchange/outgoing/d-ffff").status_code == 404


@pytest.mark.parametrize(
    ("role", "name", "told"),
    [
        ("analyst", "ben", "needs the role approver"),
        ("approver", "ben", "Approve and send it"),
        ("approver", "ana", "ana may not approve"),
        ("approver", "dora", "dora may not approve"),
    ],
)
def test_who_may_approve_is_asked(seen, drafted, role, name, told):
    page = seen(role, name, drafted.id)
    assert told in page
    assert ("Approve and send it" in page) == (told == "Approve and send it")
    assert ("Refuse it" in page) == (name != "dora"), "who drafts and who approves may refuse"


def test_nobody_is_asked_to_approve_his_own(seen, state, drafted):
    mine = Draft("d-00000001", "drafted", "Cleo", drafted.drafted_at, drafted.content)
    state.outbox.put(mine)
    page = seen("approver", "cleo", mine.id)
    assert "nobody approves his own draft" in page
    assert "Approve and send it" not in page


@pytest.fixture
def approving(serve, settings):
    """The console where PEOPLE are named, and an exchange that is not there."""
    flags = {"exchange.state": settings.config.exchange.state, "exchange.url": "http://127.0.0.1:9/taxii2/", **PEOPLE}
    secret = settings.config.exchange.state.with_name("secret")
    secret.write_text("a secret")
    secret.chmod(0o600)
    with serve(flags | {"exchange.auth": "basic", "exchange.member": "x", "exchange.secret_file": secret}) as running:
        yield running


def test_each_object_is_shown_with_its_marking(running, signed_in, drafted):
    told = signed_in(running, "viewer").get(f"/exchange/outgoing/{drafted.id}.json").json()
    for each in told["contents"]["parcels"][0]["leaves"]:
        assert each["markings"], each["type"]
        assert all("--" not in name for name in each["markings"])


def test_who_may_not_approve_changes_nothing(approving, signed_in, state, drafted):
    at = f"/exchange/outgoing/{drafted.id}"
    assert signed_in(approving, "analyst", "ben").post(f"{at}/approve").status_code == 403
    answer = signed_in(approving, "approver", "ana").post(f"{at}/approve")
    assert answer.status_code == 403
    assert "ana may not approve" in answer.text
    assert signed_in(approving, "approver", "dora").post(f"{at}/refuse", data={"reason": "No."}).status_code == 403
    client = signed_in(approving, "approver", "cleo")
    del client.headers["x-csrf-token"]
    assert client.post(f"{at}/approve").status_code == 409
    assert client.post(f"{at}/refuse", data={"reason": "No."}).status_code == 409
    assert state.outbox.find(drafted.id).stage == "drafted"


def test_a_refusal_keeps_it_here_with_its_reason(approving, signed_in, state, drafted):
    at = f"/exchange/outgoing/{drafted.id}"
    cleo, ben = signed_in(approving, "approver", "cleo"), signed_in(approving, "approver", "ben")
    assert ben.post(f"{at}/refuse", data={"reason": ""}).status_code == 422
    assert ben.post(f"{at}/refuse", data={"reason": HOSTILE}).headers["location"] == at
    assert state.outbox.find(drafted.id).stage == "dropped"
    page = cleo.get(at).text
    assert "refused by" in page
    assert "[U+202E]eman" in page
    assert "<script>alert" not in page
    for path, form in (("approve", {}), ("refuse", {"reason": "Mine."})):
        answer = cleo.post(f"{at}/{path}", data=form)
        assert answer.status_code == 409
        assert "is dropped, by ben" in answer.text
        assert ("Mine." in answer.text) == (path == "refuse"), "what was typed is kept"
    history = cleo.get(f"/cases/{CASE}").text
    assert f"refused {drafted.id}" in history


def test_of_two_approvers_the_second_is_told_of_the_first(approving, signed_in, state, drafted):
    state.outbox.approve(drafted, by="ben", at=drafted.drafted_at, envelope='{"objects": []}', objects=[])
    answer = signed_in(approving, "approver", "cleo").post(f"/exchange/outgoing/{drafted.id}/approve")
    assert answer.status_code == 409
    assert "is approved, by ben" in answer.text


def test_what_has_changed_since_does_not_leave(approving, signed_in, state, drafted, tmp_path):
    findings = {"findings": {"path": str(tmp_path / "findings.json"), "sha256": ""}, "accounts": None}
    (tmp_path / "findings.json").write_text("{}")
    mine = Draft("d-00000001", "drafted", "ana", drafted.drafted_at, {**drafted.content, "inputs": findings})
    state.outbox.put(mine)
    answer = signed_in(approving, "approver", "ben").post(f"/exchange/outgoing/{mine.id}/approve")
    assert answer.status_code == 409
    assert "Since it was drafted, the findings or the accounts table changed." in answer.text
    assert "Draft it anew" in answer.text
    assert state.outbox.find(mine.id).stage == "drafted"


def test_where_the_exchange_is_away_nothing_is_approved(approving, signed_in, state, document, tmp_path):
    (tmp_path / "findings.json").write_text(dumps(document))
    path = approving.console.settings.config.exchange.state
    asked = sharing.Asked(tmp_path / "findings.json", None, (CASE,), tokens=False)
    settings = load(None, {}, {"exchange.state": path, "exchange.identity": MEMBER, **PEOPLE})
    made = sharing.draft(settings, asked, "ana", approving.console.clock())["draft"]
    answer = signed_in(approving, "approver", "ben").post(f"/exchange/outgoing/{made}/approve")
    assert answer.status_code == 503
    assert "http://127.0.0.1:9" in answer.text
    assert state.outbox.find(made).stage == "drafted"


def test_what_is_not_there_cannot_be_approved(approving, signed_in):
    ben = signed_in(approving, "approver", "ben")
    assert ben.post("/exchange/outgoing/d-ffff/approve").status_code == 404
    assert ben.post("/exchange/outgoing/d-ffff/refuse", data={"reason": "No."}).status_code == 404


def test_what_was_approved_is_shown_exactly_as_it_is_sent(running, signed_in, state, drafted):
    obj = {"type": "campaign", "id": f"campaign--{'0' * 8}", "modified": "2026-10-01T00:00:00Z", "name": HOSTILE}
    envelope = json.dumps({"objects": [obj]})
    state.outbox.approve(drafted, by="ben", at=drafted.drafted_at, envelope=envelope, objects=[])
    vera = signed_in(running, "viewer")
    assert "Approved, and not sent yet" in vera.get("/exchange/outgoing").text
    page = vera.get(f"/exchange/outgoing/{drafted.id}").text
    assert "as they were approved" in page
    assert obj["id"] in page
    assert "<script>alert" not in page
    state.outbox.move(drafted.id, "sent")
    assert "as they were sent" in vera.get(f"/exchange/outgoing/{drafted.id}").text
    assert [each["stage"] for each in vera.get("/exchange/outgoing.json").json()["past"]] == ["sent"]


def test_a_state_that_cannot_be_used_is_a_page(running, signed_in, settings):
    path = settings.config.exchange.state
    path.write_bytes(b"no database" * 1000)
    path.chmod(0o600)
    answer = signed_in(running, "viewer").get("/exchange")
    assert answer.status_code >= 500
    assert "The state cannot be used" in answer.text
