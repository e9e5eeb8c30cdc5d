import csv
import dataclasses
import io

import pytest

from stillwatch.reports.document import to_document
from stillwatch.response.model import Rung
from stillwatch.web.asking import Invalid, NotThere
from stillwatch.web.pages import campaign
from stillwatch.web.store import intake
from stillwatch.web.store.events import Merged

POOL, EACH, TEAM = "c-3f9a1b72", "c-b07e55d1", "c-91c4e0aa"
SLOT = "A cold store loses 3 degrees in the first hour"
SAID = "You are a senior analyst."


def test_what_stands_in_the_slots_is_masked_everywhere(running):
    with running.signed_in("viewer") as client:
        for suffix in ("", ".json", ".csv"):
            text = client.get(f"/cases/{POOL}{suffix}").text
            assert SLOT not in text
        assert SAID in client.get(f"/cases/{POOL}").text
        assert "Show what stood" not in client.get(f"/cases/{POOL}").text


def test_who_says_why_sees_it_and_is_written_down(running):
    with running.signed_in("analyst", "ana") as client:
        assert client.post(f"/cases/{POOL}/text", data={"reason": " "}).status_code == 422
        answer = client.post(f"/cases/{POOL}/text", data={"reason": "an appeal <quotes> it"})
        assert SLOT in answer.text
        page = client.get(f"/cases/{POOL}").text
        assert SLOT not in page
        assert "looked at the shared text unmasked" in page
        assert "an appeal &lt;quotes&gt; it" in page
        told = client.get(f"/cases/{POOL}.json").json()["history"]
    assert [line["who"] for line in told] == ["ana", ""], "nothing was written down without a reason"


def test_a_viewer_cannot_ask_for_it(running):
    with running.signed_in("viewer") as client:
        assert client.post(f"/cases/{POOL}/text", data={"reason": "curious"}).status_code == 403


def test_it_begins_with_what_speaks_against_it(running):
    with running.signed_in("viewer") as client:
        page = client.get(f"/cases/{TEAM}").text
    main = page[page.index("<main") :]
    assert main.index('id="doubts"') < main.index('id="evidence"')
    assert "An innocent explanation fits: team keys." in main


def test_doubts_are_those_of_the_evidence(document):
    team = document.campaign(TEAM)
    doubts = campaign.doubts(team)
    assert [each.name for each in doubts.fits] == ["team-keys"]
    assert all(each.bits < 0 for each in doubts.against)
    rest = team.prior + sum(each.bits for each in team.evidence if each.family != doubts.strongest)
    assert doubts.without == pytest.approx(rest)
    assert doubts.weak == sum(each.bits < 6 for each in team.accounts)


def test_every_reason_is_on_the_page(running, document):
    with running.signed_in("viewer") as client:
        for each in document.campaigns:
            page = client.get(f"/cases/{each.id}").text.replace("&#39;", "'").replace("&amp;", "&")
            for said in (*each.evidence, *each.lookalikes_considered):
                assert said.says in page, said.says
            assert page.count("<rect") == len(each.evidence) + 2


def test_accounts_are_sorted_and_paged(asked):
    view = campaign.campaign(asked(case=POOL, query={"sort": "-requests"})).view
    more = campaign.campaign(asked(case=POOL, query={"sort": "-requests", "after": view.accounts.next})).view
    requests = [row.requests for row in (*view.accounts.rows, *more.accounts.rows)]
    assert requests == sorted(requests, reverse=True)
    assert len(requests) == 2 * campaign.ACCOUNTS
    with pytest.raises(Invalid, match="sorted"):
        campaign.campaign(asked(case=POOL, query={"sort": "name; drop"}))


def test_htmx_gets_the_accounts_alone(running):
    with running.signed_in("viewer") as client:
        part = client.get(f"/cases/{POOL}?sort=bits", headers={"hx-request": "true", "hx-target": "section#accounts"})
    assert part.text.lstrip().startswith('<section id="accounts"')
    assert "<html" not in part.text


def test_the_csv_has_every_account(running, document):
    with running.signed_in("viewer") as client:
        rows = list(csv.DictReader(io.StringIO(client.get(f"/cases/{EACH}.csv").text)))
    assert {row["account_id"] for row in rows} == {each.account_id for each in document.campaign(EACH).accounts}


def test_measures_stand_beside_the_accounts(running, ledger, decision):
    now, accounts = running.console.clock(), running.console.store
    first, second = (row.account_id for row in campaign.accounts.page(accounts, POOL, most=2).rows)
    ledger.decide([decision(first, id="d-aaaaaaaaaaaa"), decision(POOL, scope="campaign")], by="watch", now=now)
    ledger.propose([decision(second, id="d-bbbbbbbbbbbb", action=Rung.VERIFY)], now)
    with running.signed_in("viewer") as client:
        page, view = client.get(f"/cases/{POOL}").text, client.get(f"/cases/{POOL}.json").json()["elsewhere"]
    assert {name: each["measure"] for name, each in view["accounts"].items()} == {first: "cap", second: "verify"}
    assert [each["scope"] for each in view["measures"]] == ["campaign"]
    assert 'href="/measures/d-aaaaaaaaaaaa"' in page
    assert 'href="/measures/d-bbbbbbbbbbbb"' in page


def test_a_merged_case_leads_to_the_other(running):
    store, now = running.console.store, running.console.clock()
    store.record(TEAM, Merged(EACH, "one operator"), who="ana", now=now)
    with running.signed_in("viewer") as client:
        assert f'merged into <a href="/cases/{EACH}">' in client.get(f"/cases/{TEAM}").text
        assert f'<a href="/cases/{TEAM}">' in client.get(f"/cases/{EACH}").text


def test_a_case_is_found_under_every_name(running, sample):
    findings = sample.findings()
    renamed = dataclasses.replace(findings.campaigns[0], id="c-later")
    again = to_document(dataclasses.replace(findings, campaigns=(renamed, *findings.campaigns[1:])))
    intake.take(running.console.store, again, running.console.clock())
    with running.signed_in("viewer") as client:
        assert client.get("/cases/c-later").status_code == 200
        assert f"<h1>{POOL}</h1>" in client.get("/cases/c-later").text


def test_no_case_is_no_page(asked):
    with pytest.raises(NotThere):
        campaign.campaign(asked(case="c-nobody"))
