"""What people do to cases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from stillwatch.web.asking import Invalid, NotThere, Stale
from stillwatch.web.search import parse
from stillwatch.web.store import accounts, cases, queue
from stillwatch.web.store.events import Assigned, Merged, Noted, Reviewed, Split, Undone, Viewed


@pytest.fixture
def record(store, now):
    """Ana does something to a case."""
    return lambda case, body, **options: store.record(case, body, **({"who": "ana", "now": now} | options))


@pytest.fixture
def filled(store, take, campaign):
    """Three cases."""
    take(campaign("c-1", "abcd"), campaign("c-2", "ef", bits=20.0, text="zebra"), campaign("c-3", "dg", bits=5.0))
    return store


def shown(store):
    return {each.id for each in queue.page(store, parse("")).rows}


def test_what_was_done_is_in_the_case_and_in_the_queue(filled, record, now):
    record("c-1", Assigned("bob"))
    record("c-1", Noted("Three of them appealed."))
    found = cases.case(filled, "c-1")
    assert [(each.says, each.at) for each in found.events] == [("ana gave it to bob", now), ("ana wrote a note", now)]
    assert (found.row.assignee, found.row.notes, found.revision) == ("bob", 1, 2)
    assert queue.page(filled, parse("assignee:bob appealed")).total == 1


def test_of_two_at_once_the_second_is_told_what_the_first_did(filled, record):
    saw = cases.case(filled, "c-1").revision
    record("c-1", Assigned("bob"), who="bob", revision=saw)
    with pytest.raises(Stale) as caught:
        record("c-1", Assigned("ana"), revision=saw)
    assert caught.value.now[0].startswith("bob gave it to bob")
    assert cases.row(filled, "c-1").assignee == "bob"
    record("c-1", Assigned("ana"), revision=saw + 1)


def test_of_many_at_once_exactly_one_is_first(filled, record):
    def attempt(number):
        try:
            record("c-1", Assigned(f"person {number}"), revision=0)
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
    assert len(cases.case(filled, "c-1").events) == 1


def test_what_is_merged_is_shown_as_the_other(filled, record):
    record("c-1", Merged("c-2", "one operator"))
    assert shown(filled) == {"c-2", "c-3"}
    row = cases.row(filled, "c-2")
    assert (row.accounts, row.requests, row.bits) == (6, 600, 20.0)
    assert accounts.page(filled, "c-2").total == 6
    assert cases.case(filled, "c-1").into == "c-2"
    assert [each.id for each in cases.case(filled, "c-2").merged] == ["c-1"]
    for search in ("id:c-1", "account:acct-a", "list"):
        assert [each.id for each in queue.page(filled, parse(f"{search} bits:>10")).rows] == ["c-2"]


def test_an_account_that_is_in_both_counts_once(filled, record):
    record("c-3", Merged("c-1", "one operator"))
    assert cases.row(filled, "c-1").accounts == 5
    page = accounts.page(filled, "c-1", most=3)
    rest = accounts.page(filled, "c-1", most=3, after=page.next)
    assert sorted(each.account_id for each in (*page.rows, *rest.rows)) == [f"acct-{each}" for each in "abcdg"]


def test_mergers_of_mergers_and_back(filled, record):
    first = record("c-1", Merged("c-2", "x"))
    second = record("c-2", Merged("c-3", "x"))
    assert shown(filled) == {"c-3"}
    assert (cases.case(filled, "c-1").into, cases.row(filled, "c-3").accounts) == ("c-3", 7)
    record("c-2", Undone(second.number, "wrong"))
    assert shown(filled) == {"c-2", "c-3"}
    assert (cases.row(filled, "c-2").accounts, cases.row(filled, "c-3").accounts) == (6, 2)
    record("c-1", Undone(first.number, "wrong"))
    assert shown(filled) == {"c-1", "c-2", "c-3"}
    assert [cases.row(filled, f"c-{n}").accounts for n in (1, 2, 3)] == [4, 2, 2]


def test_a_case_is_not_merged_into_itself_nor_round_in_a_circle(filled, record):
    record("c-1", Merged("c-2", "x"))
    for case, into in (("c-2", "c-2"), ("c-2", "c-1"), ("c-1", "c-3")):
        with pytest.raises(Invalid):
            record(case, Merged(into, "x"))
    assert shown(filled) == {"c-2", "c-3"}


def test_split_accounts_are_a_case_of_their_own_and_go_back(filled, record):
    event = record("c-1", Split(("acct-a", "acct-b"), "a class"))
    new = cases.case(filled, event.body.case)
    assert (new.id, new.origin, new.row.accounts, new.row.requests) == ("c-1.1", "c-1", 2, 200)
    assert (cases.row(filled, "c-1").accounts, cases.row(filled, "c-1").tokens) == (2, 3000)
    assert [each.id for each in cases.case(filled, "c-1").split] == ["c-1.1"]
    assert [each.accounts for each in new.campaign.links] == [("acct-a", "acct-b")]
    record("c-1", Undone(event.number, "no class"))
    assert "c-1.1" not in shown(filled)
    assert (cases.row(filled, "c-1").accounts, cases.row(filled, "c-1").requests) == (4, 400)
    assert record("c-1", Split(("acct-c",), "again")).body.case == "c-1.2"


@pytest.mark.parametrize("chosen", [(), ("acct-e",), ("acct-a", "acct-z"), tuple(f"acct-{each}" for each in "abcd")])
def test_only_some_of_its_own_accounts_are_split_from_a_case(filled, record, chosen):
    with pytest.raises(Invalid):
        record("c-1", Split(chosen, "x"))
    assert (shown(filled), cases.case(filled, "c-1").events) == ({"c-1", "c-2", "c-3"}, ())


def test_undoing_needs_something_to_undo(filled, record):
    event = record("c-1", Reviewed("confirmed", "seen", "c-1"))
    with pytest.raises(NotThere):
        record("c-2", Undone(event.number, "x"))
    undone = record("c-1", Undone(event.number, "x"))
    for again in (event, undone):
        with pytest.raises(Invalid):
            record("c-1", Undone(again.number, "x"))
    assert cases.row(filled, "c-1").status == "open"


def test_who_looked_is_found_by_case_and_by_account(filled, record):
    record("c-1", Viewed("shared text", "an appeal"))
    record("c-1", Viewed("account id", "an appeal", account="acct-a"))
    record(None, Viewed("account id", "a question", account="acct-a"))
    assert [each.kind for each in cases.case(filled, "c-1").events] == ["viewed", "viewed"]
    assert [(each.case, each.body.reason) for each in accounts.account(filled, "acct-a").events] == [
        ("c-1", "an appeal"),
        (None, "a question"),
    ]


@pytest.mark.usefixtures("filled")
def test_nothing_is_done_to_a_case_that_is_not_there(record):
    for body in (Noted("x"), Merged("c-9", "x")):
        with pytest.raises(NotThere):
            record("c-9" if isinstance(body, Noted) else "c-1", body)


def test_hostile_words_of_people_are_kept(filled, record):
    text = "\0\u202e<script>" + "é" * 30_000
    record("c-1", Noted(text))
    assert cases.case(filled, "c-1").events[0].body.text == text
