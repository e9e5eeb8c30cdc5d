"""The page of a case's graph: what the script draws from, and the same in tables."""

import pytest

from stillwatch.web.asking import Invalid, NotThere
from stillwatch.web.drawing import picture_of
from stillwatch.web.pages import graph as page
from stillwatch.web.pages.graph import ROWS
from stillwatch.web.store import cases, intake
from stillwatch.web.store.events import Merged, Split, Undone

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
    rows = list(page.graph(asked(case=CASE)).rows)
    assert first not in {row.account_id for row in rows}
    assert len(rows) == 211


def test_a_scan_that_changes_a_case_changes_its_graph_and_its_charts(console, asked, document):
    """What is kept of a case is kept by what the newest scan says of it, and for no moment longer."""
    seen = page.graph(asked(case=CASE)).view
    drawn = picture_of(cases.case(console.store, CASE).sealed)
    found = document.campaigns[0]
    fewer = found.model_copy(update={"accounts": found.accounts[1:], "links": found.links[:1]})
    changed = document.model_copy(update={"campaigns": (fewer, *document.campaigns[1:])})
    intake.take(console.store, changed, asked().now)
    now = page.graph(asked(case=CASE)).view
    assert (len(now.things), now.total) == (1, seen.total - 1)
    assert len(picture_of(cases.case(console.store, CASE).sealed).shared) == 1 < len(drawn.shared)


def test_split_and_merge_back_change_the_graph_at_once(console, asked):
    first = cases.case(console.store, CASE).campaign.accounts[0].account_id
    seen = [page.graph(asked(case=CASE)).view.total]
    split = console.store.record(CASE, Split((first,), "a bystander"), who="ana", now=asked().now)
    seen.append(page.graph(asked(case=CASE)).view.total)
    console.store.record(CASE, Undone(split.number, "he is one of them"), who="ana", now=asked().now)
    seen.append(page.graph(asked(case=CASE)).view.total)
    assert seen == [212, 211, 212]
