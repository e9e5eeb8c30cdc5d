"""Appeals on the command line, up to the opinion that goes back to the exchange."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch.cli import options
from stillwatch.exchange.client.answers import Judged, answers
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung

NOW = datetime.now(UTC)
MARKS = ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"]


@pytest.fixture
def campaign(findings):
    """The first campaign of the findings, to which an indicator of somebody else's led."""
    document = json.loads(findings.read_text())
    found = document["campaigns"][0]
    found["indicators"] = ["indicator--00000001-0000-5000-8000-000000000000"]
    findings.write_text(json.dumps(document))
    return found


@pytest.fixture
def measure(campaign):
    """A measure that alice applied against its first account, under an older id of the campaign."""
    Path("stillwatch.toml").write_text('[response]\nledger = "ledger.sqlite"\npeople = ["alice", "bob"]\n')
    account = campaign["accounts"][0]["account_id"]
    made = Decision(
        "d-000000000001", "account", account, Rung.VERIFY, NOW, NOW + timedelta(days=7), "coordinated_extraction",
        ("c-old:text:shared template",), "own", simulated=False, campaign="c-old",
    )  # fmt: skip
    with Ledger.open("ledger.sqlite") as ledger:
        ledger.decide([made], by="alice", now=NOW)
    return made


@pytest.fixture
def opened(run, measure):
    """An appeal of it."""
    Path("mail.txt").write_text("It is my class.\nThirty students. \x1b[2J")
    done = run("appeal", "open", measure.id, "--text", "@mail.txt", "--contact", "ann@example.com")
    assert done.code == 0
    return done.out.strip()


def standing():
    with Ledger.open("ledger.sqlite") as ledger:
        return [each.id for each in ledger.standing(NOW)]  # a clock that is behind the one that lifted


def test_it_is_listed_and_shown_with_the_measure(run, opened, measure):
    [listed] = json.loads(run("appeal", "list", "--open", "--json").out)
    assert (listed["id"], listed["status"], listed["overdue"]) == (opened, "open", False)
    assert opened in run("appeal", "list").out
    shown = run("appeal", "show", opened)
    assert ("Thirty students." in shown.out, "shared template" in shown.out, "\x1b" in shown.out) == (True, True, False)
    told = json.loads(run("appeal", "show", opened, "--json").out)
    assert (told["contact"], told["measure"]["id"]) == ("ann@example.com", measure.id)


def test_an_answer_leaves_the_measure(run, opened, measure):
    done = run("appeal", "answer", opened, "--as", "bob", "--text", "No.")
    assert (done.code, "the measure stays" in done.err) == (0, True)
    assert standing() == [measure.id]
    assert run("appeal", "list", "--open").err.strip() == "There is no appeal."


def test_who_decided_and_who_may_not(run, opened):
    for name in ("alice", "mallory"):
        assert run("appeal", "reverse", opened, "--as", name, "--text", "Yes.").code == 4
    assert standing()


def test_a_reversal_ends_the_measure(run, opened):
    done = run("appeal", "reverse", opened, "--as", "bob", "--text", "You are right.")
    assert (done.code, "1 decision ended, and the account is exempt" in done.err) == (0, True)
    assert standing() == []
    assert not options.load_reviews(options.load_settings(None)).path.exists(), "the campaign is as it was"


def test_a_reversal_of_the_whole_campaign_goes_back_to_the_exchange(run, opened, campaign, findings):
    done = run("appeal", "reverse", opened, "--as", "bob", "--text", "All of it.", "--campaign-wrong", "--json")
    assert json.loads(done.out)["status"] == "reversed"
    campaigns = options.load_findings(findings, options.load_settings(None)).campaigns
    judged = next(each for each in campaigns if each.id == campaign["id"])
    assert (judged.review.verdict, judged.review.author, judged.dismissed) == ("rejected", "bob", True)
    [name] = campaign["indicators"]
    indicators = {name: {"id": name, "type": "indicator", "object_marking_refs": MARKS}}
    teller = "identity--ac8efe12-1c59-49f1-ba2d-de83458bfed0"
    said = answers(Judged(campaigns), indicators, teller=teller, before={}, now=NOW)
    assert {each["type"]: each.get("opinion") for each in said} == {"sighting": None, "opinion": "disagree"}


@pytest.mark.parametrize(("second", "code"), [((), 2), (("--second", "bob"), 2), (("--second", "eve"), 0)])
def test_where_two_must_say_so_a_reversal_of_the_whole_campaign_names_both(run, opened, findings, second, code):
    with Path("stillwatch.toml").open("a", encoding="utf-8") as settings:
        settings.write('[reviews]\ntwo_persons = ["rejected"]\n')
    done = run("appeal", "reverse", opened, "--as", "bob", "--text", "All of it.", "--campaign-wrong", *second)
    assert done.code == code
    assert bool(standing()) == bool(code), "all of it, or nothing was done"
    reviews = [each.review for each in options.load_findings(findings, options.load_settings(None)).campaigns]
    assert [each.people for each in reviews if each] == ([] if code else ["bob and eve"])


def test_findings_that_do_not_know_the_account(run, opened, findings):
    document = json.loads(findings.read_text())
    findings.write_text(json.dumps(document | {"campaigns": []}))
    done = run("appeal", "reverse", opened, "--as", "bob", "--text", "All of it.", "--campaign-wrong")
    assert (done.code, "know no campaign" in done.err) == (1, True)
    assert standing(), "nothing was done"


def test_words_are_erased(run, opened):
    assert run("appeal", "erase", opened, "--as", "bob").code == 0
    told = json.loads(run("appeal", "show", opened, "--json").out)
    assert (told["text"], told["contact"]) == (None, None)
    assert run("decisions", "verify").code == 0


def test_an_appeal_of_nothing(run, measure):
    for arguments in (("open", "d-none", "--text", "x"), ("show", "a-none"), ("open", measure.id, "--text", " ")):
        done = run("appeal", *arguments)
        assert (done.code, done.err.count("\n")) == (1, 1)
