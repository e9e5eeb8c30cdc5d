"""Work on a case, over HTTP as browsers do it."""

import contextlib
import html
import re
import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from stillwatch.web.casework.desk import reviews_of
from stillwatch.web.store import cases, intake

CASE, OTHER = "c-3f9a1b72", "c-b07e55d1"
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> \u202eevil\u200b"


def form(**fields):
    """A verdict as the page's form sends it."""
    return {"version": "0", "campaign": CASE, "verdict": "rejected", "reason": "A classroom.", "days": ""} | fields


def fields(page):
    """The fields of the form by which something is sent again."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    typed = re.findall(r'<textarea name="(\w+)"[^>]*>\n?([^<]*)</textarea>', page)
    return {name: html.unescape(value) for name, value in hidden + typed}


def test_a_case_is_judged_from_its_page(running, signed_in, campaign_page):
    ana = signed_in(running, "analyst", "ana")
    assert f'action="/cases/{CASE}/review"' in campaign_page(ana)
    answer = ana.post(f"/cases/{CASE}/review", data=form(days="30"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{CASE}#work")
    assert "judged it rejected until 31 Oct 2026" in campaign_page(ana)


@pytest.fixture
def campaign_page():
    """The page of CASE as somebody sees it."""
    return lambda client, case=CASE: client.get(f"/cases/{case}").text


def test_two_analysts_at_once(running, signed_in):
    ana, ben = signed_in(running, "analyst", "ana"), signed_in(running, "analyst", "ben")
    ana.post(f"/cases/{CASE}/review", data=form())
    stale = ben.post(f"/cases/{CASE}/review", data=form(verdict="confirmed", reason=HOSTILE))
    assert stale.status_code == 409
    assert "ana judged it rejected" in stale.text
    assert "<script>alert" not in stale.text
    again = fields(stale.text)
    assert (again["version"], again["verdict"]) == ("1", "confirmed")
    assert "alert(1)" in again["reason"]
    assert ben.post(f"/cases/{CASE}/review", data=again).status_code == 303
    case = cases.case(running.console.store, CASE)
    assert (case.row.status, case.state.verdict.who, len(case.events)) == ("confirmed", "ben", 2)


def test_of_many_who_judge_at_the_same_moment_one_is_first(running, signed_in):
    clients = [signed_in(running, "analyst", f"ana{n}") for n in range(6)]
    found, at_once = [], threading.Barrier(len(clients))

    def judge(client):
        at_once.wait(20)
        found.append(client.post(f"/cases/{CASE}/review", data=form()).status_code)

    threads = [threading.Thread(target=judge, args=(client,)) for client in clients]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(found) == [303, *[409] * 5]
    assert len(cases.case(running.console.store, CASE).events) == 1
    assert reviews_of(running.console).recall(cases.case(running.console.store, CASE).campaign).verdict == "rejected"


@pytest.mark.parametrize(
    ("path", "sent", "problem"),
    [
        ("review", form(verdict=""), "Choose a verdict"),
        ("review", form(reason=" "), "This field is needed"),
        ("review", form(days="0"), "1 to 3,650 days"),
        ("review", form(version="x"), "This is no number"),
        ("agree", form(), "No verdict waits"),
        ("notes", {"text": ""}, "This field is needed"),
        ("assign", {"version": "0", "to": "nobody@all"}, "Nobody of this name works here"),
        ("assign", {"version": "0", "to": "viewer"}, "not work on them"),
        ("close", {"version": "0"}, "This field is needed"),
        ("merge", {"version": "0", "into": CASE, "reason": "why"}, "one case already"),
        ("split", {"version": "0", "reason": "why"}, "No account was chosen"),
        ("split", {"version": "0", "reason": "why", "pasted": "acct-unknown"}, "Not all of these accounts"),
        ("undo", {"version": "0", "event": "7", "reason": "why"}, "cannot be taken back"),
    ],
)
def test_what_cannot_be_done_says_so_and_keeps_what_was_typed(running, signed_in, path, sent, problem):
    signed_in(running, "viewer")
    answer = signed_in(running).post(f"/cases/{CASE}/{path}", data=sent)
    assert answer.status_code == 422
    assert problem in answer.text
    assert all(html.escape(value, quote=False) in answer.text for value in sent.values())
    assert cases.case(running.console.store, CASE).events == ()


def test_a_case_that_is_not_there(running, signed_in):
    ana = signed_in(running)
    assert ana.post("/cases/c-none/review", data=form()).status_code == 404
    answer = ana.post(f"/cases/{CASE}/merge", data={"version": "0", "into": "c-nine", "reason": "One reseller."})
    assert answer.status_code == 422, "a slip of the pen, to be corrected and sent again"
    assert fields(answer.text) == {"version": "0", "into": "c-nine", "reason": "One reseller."} | {
        "csrf": ana.headers["x-csrf-token"]
    }
    assert ana.get("/cases/c-none/split").status_code == 404


CHANGES = [
    ("review", form()),
    ("assign", {"to": "ana"}),
    ("close", {"reason": "Nothing to do."}),
    ("merge", {"into": OTHER, "reason": "One reseller."}),
    ("split", {"pasted": "acct-1\nacct-2", "reason": "A class."}),
    ("undo", {"event": "1", "reason": "A slip."}),
]


@pytest.mark.parametrize(("path", "sent"), CHANGES)
def test_a_stale_form_shows_what_the_other_did_and_keeps_what_was_typed(running, signed_in, path, sent):
    ben, ana = signed_in(running, "analyst", "ben"), signed_in(running, "analyst", "ana")
    ben.post(f"/cases/{CASE}/assign", data={"version": "0", "to": "ben"})
    answer = ana.post(f"/cases/{CASE}/{path}", data=sent | {"version": "0"})
    assert answer.status_code == 409
    assert "ben gave it to ben" in answer.text
    kept = fields(answer.text).items()
    assert kept >= (sent | {"version": "1"}).items(), "sent again it is about how the case stands now"
    assert len(cases.case(running.console.store, CASE).events) == 1


@pytest.mark.parametrize(("path", "sent"), [*CHANGES, ("notes", {"text": "x"}), ("agree", {"campaign": CASE})])
def test_of_a_case_that_is_not_there_nothing_is_done_and_what_was_typed_is_shown(running, signed_in, path, sent):
    answer = signed_in(running).post(f"/cases/c-none/{path}", data=sent | {"version": "0"})
    assert answer.status_code == 404
    assert all(value in fields(answer.text).values() for value in sent.values())


def test_boxes_that_were_ticked_are_counted_and_sent_again(running, signed_in, document):
    ana, chosen = signed_in(running), [each.account_id for each in document.campaign(CASE).accounts[:40]]
    ana.post(f"/cases/{CASE}/assign", data={"version": "0", "to": ""})
    answer = ana.post(f"/cases/{CASE}/split", data={"version": "0", "account": chosen, "reason": "A class."})
    assert answer.status_code == 409
    assert "40 that were ticked" in answer.text
    assert answer.text.count("<textarea") == 1
    again = re.findall(r'name="account" value="([^"]*)"', answer.text)
    assert [html.unescape(each) for each in again] == chosen


def test_while_somebody_else_writes_the_reviews_nothing_is_judged_and_the_reason_is_kept(running, signed_in, settings):
    ana, path = signed_in(running), settings.config.reviews.path
    reviews_of(running.console).add(
        cases.case(running.console.store, OTHER).campaign, verdict="unsure", author="ana", reason="?", at=NOW
    )
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = ana.post(f"/cases/{CASE}/review", data=form())
        assert answer.status_code == 503
        assert "The reviews cannot be used" in answer.text
        assert fields(answer.text)["reason"] == "A classroom."
        assert cases.case(running.console.store, CASE).events == ()
        other.execute("ROLLBACK")
    assert ana.post(f"/cases/{CASE}/review", data=form()).status_code == 303


def test_whoever_only_looks_may_not(running, signed_in, campaign_page):
    eve = signed_in(running, "viewer")
    for path in ("review", "agree", "notes", "assign", "close", "merge", "split", "undo"):
        assert eve.post(f"/cases/{CASE}/{path}", data=form()).status_code == 403
    assert "/review" not in campaign_page(eve)
    assert cases.case(running.console.store, CASE).events == ()


def test_a_form_without_its_persons_secret_does_nothing(running, signed_in):
    ana = signed_in(running)
    del ana.headers["x-csrf-token"]
    assert ana.post(f"/cases/{CASE}/notes", data={"text": "x"}).status_code == 409
    assert cases.case(running.console.store, CASE).events == ()


def test_notes_and_assignments(running, signed_in, campaign_page):
    ana = signed_in(running, "analyst", "ana")
    signed_in(running, "approver", "ben")
    ana.post(f"/cases/{CASE}/assign", data={"version": "0", "to": "BEN"})
    ana.post(f"/cases/{CASE}/notes", data={"text": HOSTILE})
    assert cases.row(running.console.store, CASE).assignee == "ben"
    page = campaign_page(ana)
    assert "ben has it" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "[U+202E]evil[U+200B]" in page
    assert "<script>alert" not in page
    ana.post(f"/cases/{CASE}/assign", data={"version": "2", "to": ""})
    assert cases.row(running.console.store, CASE).assignee is None


def test_merged_shown_there_and_taken_back(running, signed_in, campaign_page):
    ana = signed_in(running, "analyst", "ana")
    answer = ana.post(f"/cases/{CASE}/merge", data={"version": "0", "into": OTHER, "reason": "One reseller."})
    assert answer.headers["location"] == f"/cases/{OTHER}#work"
    assert "take the merger back" in campaign_page(ana)
    back = ana.get(f"/cases/{CASE}/back")
    assert f"merged it into {OTHER}" in back.text
    sent = fields(back.text) | {"reason": "Two after all."}
    assert ana.post(f"/cases/{CASE}/undo", data=sent).status_code == 303
    assert cases.case(running.console.store, CASE).into is None
    assert "nothing to take back" in ana.get(f"/cases/{CASE}/back").text.lower()


def test_accounts_are_chosen_and_split(running, signed_in, document):
    ana, accounts = signed_in(running), document.campaign(CASE).accounts
    page = ana.get(f"/cases/{CASE}/split", params={"account": accounts[0].account_id})
    weakest = min(accounts, key=lambda account: account.bits)
    assert page.text.index(weakest.account_id) < page.text.index("Next page")
    assert (
        f">\n{accounts[0].account_id}</textarea>" in page.text or f">{accounts[0].account_id}</textarea>" in page.text
    )
    data = {
        "version": "0",
        "reason": "A class.",
        "account": [weakest.account_id, accounts[0].account_id],
        "pasted": f"{accounts[1].account_id}\r\n\r\n{accounts[0].account_id}\r\n",
    }
    answer = ana.post(f"/cases/{CASE}/split", data=data)
    assert answer.headers["location"] == f"/cases/{CASE}.1#work"
    new = cases.case(running.console.store, f"{CASE}.1")
    chosen = {weakest.account_id, accounts[0].account_id, accounts[1].account_id}
    assert {each.account_id for each in new.campaign.accounts} == chosen
    assert ana.get(f"/cases/{CASE}/split.csv").text.count("\n") == 101
    assert ana.get(f"/cases/{CASE}.1/split.json").json()["accounts"]["total"] == 3


@pytest.fixture
def two_persons(serve, tmp_path, empty, document):
    """A console where a rejection needs two."""
    intake.take(empty.store, document, empty.clock())
    with serve({"reviews.path": tmp_path / "reviews.sqlite", "reviews.two_persons": "rejected"}) as served:
        yield served


def test_a_second_person_says_so_on_the_page(two_persons, signed_in, campaign_page):
    ana, ben = signed_in(two_persons, "analyst", "ana"), signed_in(two_persons, "analyst", "ben")
    ana.post(f"/cases/{CASE}/review", data=form())
    assert "Somebody else is to say so, too" in campaign_page(ana)
    own = ana.post(f"/cases/{CASE}/agree", data={"version": "1", "campaign": CASE})
    assert (own.status_code, "said so yourself" in own.text) == (403, True)
    page = campaign_page(ben)
    assert f'action="/cases/{CASE}/agree"' in page
    assert "I say so, too: rejected" in page
    assert ben.post(f"/cases/{CASE}/agree", data={"version": "1", "campaign": CASE}).status_code == 303
    assert cases.row(two_persons.console.store, CASE).status == "rejected"


def test_where_the_reviews_are_damaged_the_page_says_so_and_keeps_what_was_typed(running, signed_in, settings):
    settings.config.reviews.path.write_bytes(b"no database" * 1000)
    answer = signed_in(running).post(f"/cases/{CASE}/review", data=form(reason="A long reason."))
    assert answer.status_code == 503
    assert "A long reason." in answer.text
    assert cases.case(running.console.store, CASE).events == ()
