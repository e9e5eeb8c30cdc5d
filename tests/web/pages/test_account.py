"""An account's page: what speaks for it first, nothing unmasked without a reason, whatever its id holds."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from stillwatch.response import appeals
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung
from stillwatch.response.policy.policy import packaged
from stillwatch.web.asking import Invalid, NotThere
from stillwatch.web.pages import account as page
from stillwatch.web.store import accounts, cases, intake

CASE = "c-3f9a1b72"
SLOT = "48213"  # in a slot of the sample's first text
STRANGE = "<script>alert(1)</script>\u202eevil\u200b/../?id=1&.json#'\""


@pytest.fixture
def surest(console):
    """The account of the case that belongs most surely."""
    return accounts.page(console.store, CASE, most=1).rows[0].account_id


def measure(number, account, now, **changes):
    fields = {
        "id": f"d-{number:012}", "scope": "account", "value": account, "action": Rung.CAP, "since": now,
        "until": now + timedelta(days=7), "reason": "coordinated_extraction", "evidence": (f"{CASE}:text:wrapper",),
        "origin": "own", "simulated": False, "campaign": CASE,
    }  # fmt: skip
    return Decision(**fields | changes)


@pytest.fixture
def ledger(console):
    with Ledger.open(console.settings.config.response.ledger) as opened:
        yield opened


def test_what_speaks_for_it_comes_first(running, signed_in, surest):
    text = signed_in(running, "viewer").get("/accounts", params={"id": surest}).text
    assert 0 < text.index("What speaks for it") < text.index("What speaks against it") < text.index("Its cases")
    assert "was its key stolen?" in text


def test_measures_and_appeals_of_the_account(asked, ledger, surest):
    now = asked().now
    ledger.decide([measure(1, surest, now)], by="policy", now=now)
    ledger.propose([measure(2, surest, now, action=Rung.HOLD, campaign="c-other")], now)
    ledger.decide([measure(3, "somebody else", now)], by="policy", now=now)
    appeals.open_appeal(ledger, "d-000000000001", "A class of mine.", "t@example", now)
    view = page.account(asked(query={"id": surest})).view
    assert [(each.id, each.waits) for each in view.measures] == [("d-000000000002", True), ("d-000000000001", False)]
    assert [(each.status, each.text) for each in view.waiting] == [("open", None)]
    assert {"policy", ""} == {line.who for line in view.history}


def test_a_granted_appeal_leads(asked, ledger, surest):
    now = asked().now
    ledger.decide([measure(1, surest, now)], by="policy", now=now)
    opened = appeals.open_appeal(ledger, "d-000000000001", "A class of mine.", "t@example", now)
    appeals.reverse(ledger, opened.id, "You are right.", "bob", now)
    view = page.account(asked(query={"id": surest})).view
    assert view.speaks_for[0].title == "An appeal was granted."
    assert not view.measures
    assert not view.waiting


def with_policy(request, path):
    config = request.console.settings.config
    config = config.model_copy(update={"response": config.response.model_copy(update={"policy": path})})
    settings = replace(request.console.settings, config=config)
    return replace(request, console=replace(request.console, settings=settings))


def test_what_the_policy_says(asked, surest, tmp_path):
    path = tmp_path / "policy.toml"
    declared = f'[[declared]]\nwhat = "An evaluation"\naccount = "{surest}"\nuntil = 2027-01-01\nmost = "warn"\n'
    exempt = f'[exempt]\naccounts = ["{surest}"]'
    path.write_text(packaged("default").read_text().replace("[exempt]\naccounts = []", exempt) + declared)
    view = page.account(with_policy(asked(query={"id": surest}), path)).view
    assert [point.title for point in view.speaks_for[:2]] == [
        "The policy exempts it.",
        "Its use was declared beforehand.",
    ]


def test_shelter_of_organizations_is_not_passed_over_in_silence(asked, surest, tmp_path):
    path = tmp_path / "policy.toml"
    text = packaged("default").read_text()
    path.write_text(text.replace("organizations = []", 'organizations = ["org-1", "org-2"]'))
    view = page.account(with_policy(asked(query={"id": surest}), path)).view
    assert view.trouble == (
        "The policy shelters 2 organizations. Whether this account is of one of them, the console does not know.",
    )


def test_a_policy_that_cannot_be_read_hides_nothing_else(asked, surest, tmp_path):
    view = page.account(with_policy(asked(query={"id": surest}), tmp_path / "missing.toml")).view
    assert view.cases
    assert view.trouble[0].startswith("Who is exempt cannot be told")


def test_slots_are_masked_until_somebody_says_why(running, signed_in, surest):
    ana = signed_in(running, "analyst", "ana")
    for suffix in ("", ".json", ".csv"):
        assert SLOT not in ana.get(f"/accounts{suffix}", params={"id": surest}).text
    shown = ana.post("/accounts/text", data={"id": surest, "reason": "An appeal quotes it."})
    assert (shown.status_code, SLOT in shown.text) == (200, True)
    assert SLOT not in ana.get("/accounts", params={"id": surest}).text
    looked = cases.case(running.console.store, CASE).events[-1]
    assert (looked.who, looked.body.reason, looked.body.account) == ("ana", "An appeal quotes it.", surest)
    assert "An appeal quotes it." in ana.get("/accounts", params={"id": surest}).text


def test_without_a_reason_or_the_right_nothing_is_shown(running, signed_in, surest):
    ana, vera = signed_in(running, "analyst", "ana"), signed_in(running, "viewer", "vera")
    silent = ana.post("/accounts/text", data={"id": surest, "reason": " "})
    assert (silent.status_code, SLOT in silent.text) == (422, False)
    refused = vera.post("/accounts/text", data={"id": surest, "reason": "I want to."})
    assert (refused.status_code, SLOT in refused.text) == (403, False)
    assert not cases.case(running.console.store, CASE).events


def test_an_id_may_hold_anything(running, signed_in, document):
    first = document.campaigns[0]
    strange = first.accounts[0].model_copy(update={"account_id": STRANGE * 40})
    other = first.model_copy(update={"id": "c-strange", "accounts": (strange, *first.accounts[1:3])})
    now = running.console.clock()
    intake.take(running.console.store, document.model_copy(update={"campaigns": (other,)}), now)
    client = signed_in(running, "viewer")
    answer = client.get("/accounts?" + urlencode({"id": STRANGE * 40}))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "[U+202E]" in answer.text
    assert client.get("/accounts.json?" + urlencode({"id": STRANGE * 40})).json()["cases"][0]["case"] == "c-strange"


def test_who_is_in_no_case(asked, ledger):
    with pytest.raises(NotThere):
        page.account(asked(query={"id": "nobody"}))
    now = asked().now
    ledger.decide([measure(1, "nobody", now, campaign="")], by="ana", now=now)
    view = page.account(asked(query={"id": "nobody"})).view
    assert (view.cases, len(view.measures)) == ((), 1)


def test_an_id_is_needed(asked):
    with pytest.raises(Invalid):
        page.account(asked())


def test_a_ledger_that_cannot_be_read_hides_nothing_else(asked, console, surest):
    path = console.settings.config.response.ledger
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"no database at all, but long enough to be taken for one" * 100)
    view = page.account(asked(query={"id": surest})).view
    assert view.cases
    assert view.trouble[0].startswith("Measures and appeals are missing here")


def test_rows_are_its_cases(running, signed_in, surest):
    csv = signed_in(running, "viewer").get("/accounts.csv", params={"id": surest}).text.splitlines()
    assert csv[0].startswith("case,severity,status,case_bits,bits,rank,accounts,requests")
    assert csv[1].startswith(f"{CASE},critical,open")
