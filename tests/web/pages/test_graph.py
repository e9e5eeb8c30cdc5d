"""The page of a case's graph: what the script draws from, and the same in tables."""

import pytest

from stillwatch.web.asking import Invalid, NotThere
from stillwatch.web.pages import graph as page
from stillwatch.web.pages.graph import ROWS
from stillwatch.web.store import cases
from stillwatch.web.store.events import Merged, Split

CASE, OTHER = "c-3f9a1b72", "c-b07e55d1"


def test_the_picture_and_the_table_have_the_same_accounts(running, signed_in):
    client = signed_in(running, "viewer")
    picture = client.get(f"/cases/{CASE}/graph.json").json()
    rows = client.get(f"/cases/{CASE}/graph.csv").text.splitlines()[1:]
    campaign = cases.case(running.console.store, CASE).campaign
    known = {each.account_id for each in campaign.accounts}
    assert {each["account_id"] for each in picture["accounts"]} == known == {row.split(",")[0] for row in rows}
    assert sorted(place for group in picture["groups"] for place in group["accounts"]) == list(range(len(known)))
    assert len(picture["places"]["groups"]) == len(picture["groups"])
    assert len(picture["places"]["things"]) == len(picture["things"]) == len(campaign.links)


def test_the_table_without_a_script(running, signed_in):
    text = signed_in(running, "viewer").get(f"/cases/{CASE}/graph").text
    assert text.count('<td class="foreign line">') == ROWS
    assert 'aria-label="The graph of case' in text
    assert "To share a thing is no proof." in text


def test_every_account_is_on_one_page(asked):
    seen, first = [], 0
    while first is not None:
        view = page.graph(asked(case=CASE, query={"from": str(first)})).view
        seen += [row.account_id for row in view.rows]
        first = view.next
    assert len(seen) == len(set(seen)) == view.total == 212


def test_the_accounts_that_share_a_thing(asked):
    whole = page.graph(asked(case=CASE)).view
    for place, thing in enumerate(whole.things[:4]):
        view = page.graph(asked(case=CASE, query={"thing": str(place + 1)})).view
        assert view.total == thing.accounts
        assert all(thing.name in row.shares for row in view.rows)


def test_wrong_questions(asked):
    with pytest.raises(NotThere):
        page.graph(asked(case=CASE, query={"thing": "999"}))
    with pytest.raises(NotThere):
        page.graph(asked(case="c-nothing"))
    with pytest.raises(Invalid):
        page.graph(asked(case=CASE, query={"from": "x"}))


def test_merged_cases_are_one_graph(console, asked):
    mine, other = (len(cases.case(console.store, each).campaign.accounts) for each in (CASE, OTHER))
    console.store.record(OTHER, Merged(CASE, "one operator"), who="ana", now=asked().now)
    assert page.graph(asked(case=CASE)).view.total == mine + other


def test_what_was_split_is_gone_from_the_graph(console, asked):
    first = cases.case(console.store, CASE).campaign.accounts[0].account_id
    console.store.record(CASE, Split((first,), "a bystander"), who="ana", now=asked().now)
    rows = page.graph(asked(case=CASE)).rows
    assert first not in {row.account_id for row in rows}
    assert len(rows) == 211
