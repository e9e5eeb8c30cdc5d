"""What was taken in last, and which cases fit what other members said."""

from stillwatch.web.store import scans
from stillwatch.web.store.events import Merged

ONE, OTHER = "indicator--00000000-0000-4000-8000-000000000001", "indicator--00000000-0000-4000-8000-000000000002"


def test_there_is_no_newest_before_the_first(store):
    assert scans.newest(store) is None


def test_the_newest_tells_what_it_read_and_the_load(store, take, campaign):
    take(campaign("c-1", "abc", requests=2))
    take(campaign("c-1", "abc", requests=1), day=31)
    found = scans.newest(store)
    assert (found.number, found.end.day, found.campaigns, found.inputs.sign_up) == (2, 2, 1, False)
    assert (found.load.everybody_requests, found.load.campaigns_requests, found.load.by_hour) == (9, 3, ())


def test_indicators_lead_to_the_cases_that_fit_them(store, take, campaign):
    take(campaign("c-1", "abc", indicators=(ONE, OTHER, ONE)), campaign("c-2", "de", indicators=(ONE,)))
    assert scans.fitting(store, [ONE, OTHER, "indicator--none"]) == {ONE: ("c-1", "c-2"), OTHER: ("c-1",)}
    take(campaign("c-1", "abc", indicators=(OTHER,)), campaign("c-2", "de", indicators=(ONE,)), day=31)
    assert scans.fitting(store, [ONE, OTHER]) == {ONE: ("c-2",), OTHER: ("c-1",)}, "the newest scan counts"


def test_merged_cases_are_told_as_the_one_that_they_are_shown_as(store, take, campaign, now):
    take(campaign("c-1", "abc", indicators=(ONE,)), campaign("c-2", "de", indicators=(ONE,)))
    store.record("c-2", Merged("c-1", "the same hand"), who="ana", now=now)
    assert scans.fitting(store, [ONE]) == {ONE: ("c-1",)}


def test_many_are_asked_at_once(store):
    assert scans.fitting(store, [f"indicator--{n}" for n in range(5000)]) == {}
