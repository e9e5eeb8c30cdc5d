"""What a search finds, against the same question asked of plain rows."""

import itertools
from datetime import timedelta

import pytest

from stillwatch.web.asking import Invalid
from stillwatch.web.search import SORTS, parse
from stillwatch.web.store import accounts, cases, queue
from stillwatch.web.store.events import Assigned, Closed, Noted
from stillwatch.web.store.marking import mark

SEVERITIES = ("low", "medium", "high", "critical")
FAMILIES = ("text", "sign_up", "time")
ASKED = {
    "": lambda _: True,
    "severity:high": lambda r: r.severity == "high",
    "severity:high severity:low": lambda r: r.severity in {"high", "low"},
    "severity:>=high": lambda r: r.severity in {"high", "critical"},
    "family:time": lambda r: "time" in r.families,
    "family:ime": lambda _: False,
    "family:%": lambda _: False,
    "status:closed": lambda r: r.status == "closed",
    "assignee:ana": lambda r: r.assignee == "ana",
    "assignee:none status:open": lambda r: r.assignee is None and r.status == "open",
    "bits:>20 bits:<=30": lambda r: 20 < r.bits <= 30,
    "accounts:3": lambda r: r.accounts == 3,
    "accounts:3 accounts:4 requests:>500": lambda r: r.accounts in {3, 4} and r.requests > 500,
    "since:2026-09-10 until:2026-09-20": lambda r: 10 <= r.first_seen.day < 20 and r.first_seen.month == 9,
    "crossed:<2026-09-10": lambda r: (r.crossed_at.month, r.crossed_at.day) < (9, 10),
    "has:note": lambda r: r.notes > 0,
    "has:decision": lambda r: r.decisions > 0,
    "has:appeal": lambda _: False,
    "is:current": lambda _: True,
    "id:c-1": lambda r: r.id.startswith("c-1"),
    "odd": lambda r: int(r.id[2:]) % 2 == 1,
    '"odd words" list': lambda r: int(r.id[2:]) % 2 == 1,
    "secret": lambda _: False,
    "account:acct-7-1": lambda r: r.id == "c-7",
}


@pytest.fixture
def filled(store, take, campaign, now):
    made = [
        campaign(
            f"c-{n}",
            [f"acct-{n}-{i}" for i in range(3 + n % 5)],
            bits=float(n * 7 % 40),
            requests=100 + n * 13 % 70,
            day=n % 28,
            severity=SEVERITIES[n % 4],
            families=FAMILIES[: 1 + n % 3],
            text="a list of odd words" if n % 2 else "a list of even words",
        )
        for n in range(60)
    ]
    take(*made)
    for n in range(0, 60, 7):
        store.record(f"c-{n}", Assigned("ana" if n % 2 else "bob"), who="ana", now=now)
        store.record(f"c-{n}", Closed("done") if n % 3 else Noted("xylophone"), who="ana", now=now)
    mark(store, "decisions", {"c-5": 3, "c-none": 1})
    return store


def test_each_question_finds_what_it_says(filled):
    every = list(queue.rows(filled, parse("")))
    assert len(every) == 60
    for text, fits in ASKED.items():
        expected = {each.id for each in every if fits(each)}
        found = queue.page(filled, parse(text), most=1000)
        assert {each.id for each in found.rows} == expected, text
        assert found.total == len(expected), text
        assert {each.id for each in queue.rows(filled, parse(text))} == expected, text


def test_common_words_are_found_as_rare_ones_are(filled, monkeypatch):
    by_list = queue.page(filled, parse("odd list sort:since"), most=1000)
    monkeypatch.setattr(queue, "_COMMON", 1)
    monkeypatch.setattr(queue, "_FEW", 0)
    assert queue.page(filled, parse("odd list sort:since"), most=1000) == by_list
    assert queue.page(filled, parse("id:c-1"), most=1000).total == 11


@pytest.mark.parametrize("few", [0, 5_000])
@pytest.mark.parametrize(("name", "minus"), list(itertools.product(SORTS, ("", "-"))))
def test_pages_in_every_order_hold_each_case_once(filled, name, minus, few, monkeypatch):
    monkeypatch.setattr(queue, "_FEW", few)
    query = parse(f"sort:{minus}{name}")
    after, found = None, []
    while True:
        page = queue.page(filled, query, after, most=7)
        found += page.rows
        after = page.next
        if after is None:
            break
    attribute = {"since": "first_seen", "crossed": "crossed_at", "last": "last_seen"}.get(name, name)
    values = [getattr(each, attribute) for each in found]
    values = [SEVERITIES.index(each) for each in values] if name == "severity" else values
    assert len({each.id for each in found}) == len(found) == 60
    assert values == sorted(values, reverse=bool(minus))


def test_facets_add_up(filled):
    page = queue.page(filled, parse("severity:high"))
    by = {(each.field, each.value): each.cases for each in page.facets}
    assert by["severity", "high"] == page.total == 15
    assert by["status", "open"] + by["status", "closed"] == page.total
    assert by["family", "text"] == 15
    every = list(queue.rows(filled, parse("severity:high")))
    assert by["family", "time"] == sum("time" in each.families for each in every)


def test_new_cases_do_not_shift_the_next_page(filled, take, campaign):
    first = queue.page(filled, parse("sort:-requests"), most=10)
    take(campaign("c-new", "zyx", requests=10_000))
    second = queue.page(filled, parse("sort:-requests"), first.next, most=10)
    assert not {each.id for each in first.rows} & {each.id for each in second.rows}
    assert second.rows[0].requests <= first.rows[-1].requests


@pytest.mark.parametrize("after", ["", "!", "W10", "WzEsMl0x", "bnVsbA", "WyJ4IiwgMV0", "é", "A" * 5000])
def test_a_place_of_no_page_says_so(filled, after):
    with pytest.raises(Invalid, match="place of no page"):
        queue.page(filled, parse(""), after)


def test_marks_are_counted_anew(filled):
    assert mark(filled, "decisions", {"c-5": 3}) == 0
    assert mark(filled, "decisions", {"c-6": 1}) == 2
    assert (cases.row(filled, "c-5").decisions, cases.row(filled, "c-6").decisions) == (0, 1)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", accounts.ORDERS)
def test_accounts_page_by_page(store, take, campaign, sort, descending):
    take(campaign("c-1", [f"acct-{n:03}" for n in range(25)]))
    after, found = None, []
    while after is not None or not found:
        page = accounts.page(store, "c-1", sort=sort, descending=descending, after=after, most=10)
        found += page.rows
        after = page.next
        if after is None:
            break
    assert len({each.account_id for each in found}) == len(found) == page.total == 25
    by = {"first": "first_seen", "last": "last_seen", "account": "account_id"}.get(sort, sort)
    values = [getattr(each, by) for each in found]
    assert values == sorted(values, reverse=descending)


def test_an_account_knows_its_place_in_each_case(store, take, campaign):
    take(campaign("c-1", "abc"), campaign("c-2", "cd"))
    view = accounts.account(store, "acct-c")
    assert [(each.case.id, each.rank, each.account.bits) for each in view.memberships] == [
        ("c-2", 1, 10.0),
        ("c-1", 3, 8.0),
    ]
    assert view.memberships[0].account.last_seen - view.memberships[0].account.first_seen == timedelta(days=2)
