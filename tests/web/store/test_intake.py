"""Campaigns of scan after scan become cases."""

from datetime import timedelta

import pytest

from stillwatch.reports.document import Review
from stillwatch.web.asking import NotThere
from stillwatch.web.search import parse
from stillwatch.web.store import accounts, cases, intake, queue
from stillwatch.web.store.events import Merged, Noted, Reviewed, Split, Undone
from stillwatch.web.store.model import Taken


def ids(store, search=""):
    return [each.id for each in queue.page(store, parse(search)).rows]


def members(store, case):
    return sorted(each.account_id.removeprefix("acct-") for each in accounts.page(store, case).rows)


def test_each_campaign_becomes_a_case(store, take, campaign):
    assert take(campaign("c-1", "abc"), campaign("c-2", "de", bits=3.0)) == Taken(new=2)
    assert ids(store) == ["c-1", "c-2"]
    found = cases.case(store, "c-2")
    assert (found.campaign.id, found.row.accounts, found.row.tokens, members(store, "c-2")) == (
        "c-2",
        2,
        3000,
        ["d", "e"],
    )


def test_the_same_document_again_changes_nothing(store, take, campaign):
    take(campaign("c-1"))
    before = cases.case(store, "c-1")
    assert take(campaign("c-1")) == Taken(known=True)
    assert cases.case(store, "c-1") == before


def test_the_same_campaign_in_a_later_scan_is_no_new_version(store, take, campaign):
    take(campaign("c-1"))
    assert take(campaign("c-1"), day=31) == Taken(same=1)
    found = cases.case(store, "c-1")
    assert (len(found.versions), found.row.gone, found.row.scanned_at.day) == (1, False, 2)


def test_half_of_the_members_make_it_the_same_case(store, take, campaign, now):
    take(campaign("c-old", "abcd"))
    assert take(campaign("c-new", "cdabef", bits=14.0), now=now + timedelta(hours=1)) == Taken(changed=1)
    found = cases.case(store, "c-new")
    assert found == cases.case(store, "c-old")
    assert (found.id, found.row.campaign_id, found.names) == ("c-old", "c-new", ("c-new", "c-old"))
    assert [(each.campaign_id, each.bits, each.accounts) for each in found.versions] == [
        ("c-new", 14.0, 6),
        ("c-old", 10.0, 4),
    ]
    assert [each.taken_at for each in found.versions] == [now + timedelta(hours=1), now]
    assert members(store, "c-old") == list("abcdef")


def test_less_than_half_makes_another_case(store, take, campaign):
    take(campaign("c-old", "abcd"))
    assert take(campaign("c-new", "defgh")) == Taken(new=1)
    assert cases.row(store, "c-old").gone
    assert ids(store, "is:gone") == ["c-old"]
    assert ids(store, "is:current") == ["c-new"]
    assert [each.case.id for each in accounts.account(store, "acct-d").memberships] == ["c-new", "c-old"]


def test_of_two_only_one_is_the_old_case(store, take, campaign):
    take(campaign("c-old", "abcd"))
    taken = take(campaign("c-x", "ab"), campaign("c-y", "cd"))
    assert taken == Taken(new=1, changed=1)
    assert len(ids(store)) == 2


def test_an_old_id_that_comes_back_for_others_gets_an_id_of_its_own(store, take, campaign):
    take(campaign("c-1", "abc"))
    take(campaign("c-2", "abcd"), campaign("c-1", "xyz"), campaign("c-1", "uvw"))
    assert len(set(ids(store))) == 3
    assert cases.row(store, "c-1").id == "c-1"


def test_merged_cases_stay_merged(store, take, campaign, now):
    take(campaign("c-1", "abc"), campaign("c-2", "def", bits=20.0))
    store.record("c-1", Merged("c-2", "one operator"), who="ana", now=now)
    take(campaign("c-1b", "abcx", requests=200), campaign("c-2", "def", bits=20.0))
    assert ids(store) == ["c-2"]
    assert (cases.case(store, "c-1b").id, cases.case(store, "c-1b").into) == ("c-1", "c-2")
    row = cases.row(store, "c-2")
    assert (row.accounts, row.requests, row.bits) == (7, 1100, 20.0)


def test_merged_cases_that_a_scan_sees_as_one_are_that_one(store, take, campaign, now):
    take(campaign("c-1", "abcde"), campaign("c-2", "fghij"))
    store.record("c-1", Merged("c-2", "one operator"), who="ana", now=now)
    assert take(campaign("c-3", "abcdefghijk")) == Taken(changed=1)
    assert ids(store) == ["c-2"]
    assert cases.case(store, "c-3").id == "c-2"


def test_cases_that_were_merged_by_mistake_get_back_what_scans_find(store, take, campaign, now):
    take(campaign("c-1", "abcde"), campaign("c-2", "fghij"))
    merged = store.record("c-1", Merged("c-2", "one operator"), who="ana", now=now)
    take(campaign("c-3", "abcdefghij"))
    assert (members(store, "c-2"), cases.row(store, "c-2").requests) == (list("abcdefghij"), 1000)
    store.record("c-1", Undone(merged.number, "two"), who="ana", now=now)
    take(campaign("c-1", "abcde"), campaign("c-2", "fghij"))
    assert (members(store, "c-1"), members(store, "c-2")) == (list("abcde"), list("fghij"))
    assert [cases.row(store, each).requests for each in ("c-1", "c-2")] == [500, 500]


def test_split_accounts_stay_split(store, take, campaign, now):
    take(campaign("c-1", "abcdef"))
    new = store.record("c-1", Split(("acct-a", "acct-b"), "a class"), who="ana", now=now).body.case
    assert take(campaign("c-1b", "abcdefgh", requests=50)) == Taken(changed=2)
    assert (members(store, "c-1"), members(store, new)) == (list("cdefgh"), ["a", "b"])
    assert (cases.row(store, "c-1").requests, cases.row(store, new).requests) == (300, 100)
    assert [each.account_id for each in cases.case(store, new).campaign.accounts] == ["acct-a", "acct-b"]
    store.record("c-1", Undone(cases.case(store, "c-1").events[0].number, "no class"), who="ana", now=now)
    take(campaign("c-1c", "abcdefgh", requests=60))
    assert ids(store) == ["c-1"]
    assert members(store, "c-1") == list("abcdefgh")
    assert cases.row(store, "c-1").requests == 480


def test_most_of_a_case_that_was_split_away_is_still_recognised(store, take, campaign, now):
    take(campaign("c-1", "abcdef"))
    store.record("c-1", Split(tuple(f"acct-{each}" for each in "abcd"), "two operators"), who="ana", now=now)
    assert take(campaign("c-1b", "abcdefg")) == Taken(changed=2)
    assert len(ids(store)) == 2


def test_a_verdict_given_elsewhere_is_taken_in_once(store, take, campaign, now):
    review = Review(verdict="rejected", author="bob", reason="a class", at=now)
    for day in (30, 31):
        take(campaign("c-1", review=review), day=day)
    found = cases.case(store, "c-1")
    assert (found.row.status, [each.who for each in found.events]) == ("rejected", ["bob"])


def test_a_verdict_that_no_longer_stands_opens_the_case_once(store, take, campaign, now):
    store_review = Review(verdict="rejected", author="bob", reason="a class", at=now)
    take(campaign("c-1", review=store_review))
    changed = store_review.model_copy(update={"stands": False, "says": "Since then the score rose."})
    for bits in (20.0, 21.0):
        take(campaign("c-1", bits=bits, review=changed))
    found = cases.case(store, "c-1")
    assert found.row.status == "open"
    assert [each.kind for each in found.events] == ["review", "opened"]
    assert found.events[1].body.reason == "Since then the score rose."


def test_an_older_verdict_does_not_come_before_the_consoles(store, take, campaign, now):
    take(campaign("c-1"))
    store.record("c-1", Reviewed("confirmed", "seen", "c-1"), who="ana", now=now)
    old = Review(verdict="rejected", author="bob", reason="a class", at=now - timedelta(days=1))
    take(campaign("c-1", review=old))
    assert cases.row(store, "c-1").status == "confirmed"


def test_a_verdict_comes_to_its_end(store, take, campaign, now):
    take(campaign("c-1"))
    day = timedelta(days=1)
    store.record("c-1", Reviewed("rejected", "a class", "c-1", until=now + day), who="ana", now=now)
    assert (store.expire(now), cases.row(store, "c-1").status) == (0, "rejected")
    assert (store.expire(now + day), cases.row(store, "c-1").status, ids(store, "status:open")) == (1, "open", ["c-1"])
    store.record("c-1", Noted("once more"), who="ana", now=now + day)
    assert (store.expire(now + day), cases.row(store, "c-1").status) == (0, "open")


def test_hostile_names_and_texts_are_kept(store, take, campaign):
    hostile = "<script>\0\u202e\u200b" + "x" * 5000
    take(campaign("c-\0\u202e", [hostile, "acct-b"], text=hostile * 100, families=("te xt\0",)))
    found = accounts.account(store, hostile)
    assert found.memberships[0].case.id == ids(store)[0]
    assert cases.case(store, "c-\0\u202e").campaign.accounts[0].account_id == hostile


def test_what_nobody_ever_saw_is_not_there(store):
    with pytest.raises(NotThere):
        cases.case(store, "c-none\0")
    with pytest.raises(NotThere):
        accounts.account(store, "acct-none")


def test_an_account_that_is_named_twice_is_one(store, take, campaign):
    take(campaign("c-1", ["acct-a", "acct-a", "acct-b"]))
    assert accounts.page(store, "c-1").total == 2


def test_after_an_error_in_the_middle_nothing_is_there(store, findings, campaign, now, monkeypatch):
    monkeypatch.setattr(intake, "_BATCH", 1)
    broken = campaign("c-2", "xy").model_copy(update={"severity": "unheard of"})
    with pytest.raises(ValueError, match="not in tuple"):
        intake.take(store, findings(campaign("c-1"), broken), now)
    assert ids(store) == []
    assert intake.take(store, findings(campaign("c-1")), now) == Taken(new=1)


def test_batches_do_not_matter(store, findings, campaign, now, monkeypatch):
    whole = [campaign(f"c-{n}", [f"acct-{n}-{i}" for i in range(4)]) for n in range(20)]
    moved = [campaign(f"c-{n}b", [f"acct-{n}-{i}" for i in range(1, 6)]) for n in range(20)]
    intake.take(store, findings(*whole), now)
    monkeypatch.setattr(intake, "_BATCH", 7)
    assert intake.take(store, findings(*moved), now) == Taken(changed=20)
    assert sorted(ids(store)) == sorted(each.id for each in whole)
