from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.client.answers import Ground, Judged, answers
from stillwatch.indicators.extensions import FEEDBACK

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
TELLER = "identity--ac8efe12-1c59-49f1-ba2d-de83458bfed0"
MARKS = ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"]


@dataclass
class Verdict:
    verdict: str
    stands: bool = True
    author: str = "ana"
    at: datetime = NOW - timedelta(days=1)


@dataclass
class Campaign:
    indicators: tuple
    review: Verdict | None
    accounts: tuple = tuple(range(30))
    requests: int = 4321
    first_seen: datetime = NOW - timedelta(days=9)
    last_seen: datetime = NOW
    id: str = "c-1"
    bits: float = 10.0
    evidence: tuple = field(default_factory=tuple)


def name(number):
    return f"indicator--{number:08}-0000-5000-8000-000000000000"


INDICATORS = {name(n): {"id": name(n), "type": "indicator", "object_marking_refs": MARKS} for n in range(3)}
REVIEWS = st.one_of(st.none(), st.builds(Verdict, st.sampled_from(["confirmed", "rejected", "unsure"]), st.booleans()))
CAMPAIGNS = st.lists(
    st.builds(Campaign, st.lists(st.integers(0, 4).map(name), max_size=3).map(tuple), REVIEWS), max_size=4
)


def said(campaigns, before=None, now=NOW, **judged):
    return answers(Judged(campaigns, **judged), INDICATORS, teller=TELLER, before=before or {}, now=now)


def known(objects):
    return {each["id"]: each for each in objects}


def opinions(objects):
    return {o["object_refs"][0]: o["opinion"] for o in objects if o["type"] == "opinion"}


def outcomes(objects):
    return {o["sighting_of_ref"]: o["extensions"][FEEDBACK]["outcome"] for o in objects if o["type"] == "sighting"}


@given(CAMPAIGNS)
def test_only_what_a_person_judged_and_still_stands_is_answered(campaigns):
    judged = {each for c in campaigns if c.review and c.review.stands for each in c.indicators if each in INDICATORS}
    assert outcomes(said(campaigns)).keys() == judged


@given(CAMPAIGNS)
def test_saying_it_again_says_nothing(campaigns):
    first = said(campaigns)
    assert said(campaigns, {each["id"]: each for each in first}, NOW + timedelta(days=1)) == []


@given(CAMPAIGNS)
def test_answers_are_marked_as_what_they_are_about_and_tell_neither_counts_nor_moments(campaigns):
    for each in said(campaigns):
        assert each["object_marking_refs"] == MARKS
        assert "4321" not in str(each)
        assert "explanation" not in each
        assert each.get("first_seen", "T00:00:00Z").endswith("T00:00:00Z")


def test_of_two_campaigns_the_one_that_it_was_right_about_counts():
    wrong, right = Campaign((name(0),), Verdict("rejected")), Campaign((name(0),), Verdict("confirmed"))
    assert outcomes(said([wrong, right])) == outcomes(said([right, wrong])) == {name(0): "true-positive"}


def test_who_is_unsure_has_no_opinion():
    objects = said([Campaign((name(0),), Verdict("unsure"))])
    assert [each["type"] for each in objects] == ["sighting"]


def test_another_verdict_is_a_newer_version():
    first = said([Campaign((name(0),), Verdict("confirmed"))])
    later = said([Campaign((name(0),), Verdict("rejected"))], {each["id"]: each for each in first}, NOW)
    assert {each["id"] for each in later} == {each["id"] for each in first}
    assert all(new["modified"] > first[0]["modified"] for new in later)


def test_what_fits_far_too_many_is_told_without_a_person_and_a_person_has_the_last_word():
    told = answers(Judged(), INDICATORS, teller=TELLER, before={}, now=NOW, too_wide=[name(0), name(9)])
    assert outcomes(told) == {name(0): "false-positive"}
    assert told[0]["extensions"][FEEDBACK]["reviewed_by"] == "software"
    judged = [Campaign((name(0),), Verdict("confirmed"))]
    told = answers(Judged(judged), INDICATORS, teller=TELLER, before={}, now=NOW, too_wide=[name(0)])
    assert outcomes(told) == {name(0): "true-positive"}


FIRST = Ground("ana", NOW - timedelta(days=1))


def told(verdict):
    """What was said of the first indicator, and the campaign that it fits."""
    campaign = Campaign((name(0),), Verdict(verdict))
    return campaign, known(said([campaign]))


@pytest.mark.parametrize("verdict", ["confirmed", "rejected"])
@pytest.mark.parametrize("shown", [None, Verdict("unsure", stands=False, at=NOW)])
def test_who_has_taken_it_back_is_unsure_and_neutral_and_nothing_is_revoked(verdict, shown):
    campaign, before = told(verdict)
    campaign.review = shown
    later = NOW + timedelta(days=1)
    new = said([campaign], before, later, became=lambda _: "lapsed", grounds={name(0): FIRST})
    assert (outcomes(new), opinions(new)) == ({name(0): "unsure"}, {name(0): "neutral"})
    for each in new:
        old = before[each["id"]]
        assert each["modified"] > old["modified"]
        assert each["created"] == old["created"]
        assert each["object_marking_refs"] == old["object_marking_refs"]
        assert not each.get("revoked")
    sighting = next(each for each in new if each["type"] == "sighting")
    assert sighting["first_seen"] == before[sighting["id"]]["first_seen"]
    again = said([campaign], before | known(new), later, became=lambda _: "lapsed", grounds={name(0): FIRST})
    assert again == []


def test_a_verdict_that_has_ended_or_no_longer_fits_the_evidence_is_lapsed():
    campaign, before = told("confirmed")
    campaign.review.stands = False
    new = said([campaign], before, became=lambda _: "confirmed", grounds={name(0): FIRST})
    assert outcomes(new) == {name(0): "unsure"}


@pytest.mark.parametrize(("verdict", "opinion"), [("rejected", "disagree"), ("unsure", "neutral")])
def test_another_verdict_corrects_both_whether_the_scan_still_has_the_campaign(verdict, opinion):
    _, before = told("confirmed")
    here = said([Campaign((name(0),), Verdict(verdict, at=NOW))], before, grounds={name(0): FIRST})
    gone = said([], before, became=lambda _: verdict, grounds={name(0): FIRST})
    assert outcomes(here) == outcomes(gone)
    assert opinions(here) == opinions(gone) == {name(0): opinion}


def test_of_what_nobody_knows_and_of_what_was_never_told_nothing_is_said():
    campaign, before = told("confirmed")
    assert said([], before, grounds={name(0): FIRST}) == [], "another reviews file takes nothing back"
    assert said([], before, became=lambda _: "lapsed") == []
    assert said([], {}, became=lambda _: "rejected", grounds={name(0): FIRST}) == []
    assert said([campaign], before, became=lambda _: "lapsed", grounds={name(0): FIRST}) == [], "it stands"


def test_what_a_person_withdrew_from_the_exchange_stays_withdrawn():
    _, before = told("confirmed")
    gone = {key: each | {"revoked": True} for key, each in before.items()}
    assert said([], gone, became=lambda _: "rejected", grounds={name(0): FIRST}) == []


def test_a_verdict_is_corrected_though_the_indicator_is_no_longer_in_force():
    campaign = Campaign((name(0),), Verdict("confirmed"))
    before = known(said([campaign]))
    judged = Judged(became=lambda _: "lapsed", grounds={name(0): FIRST})
    assert outcomes(answers(judged, {}, teller=TELLER, before=before, now=NOW)) == {name(0): "unsure"}


def test_the_software_goes_on_saying_what_fits_too_many_once_a_person_does_not():
    _, before = told("confirmed")
    judged = Judged(became=lambda _: "lapsed", grounds={name(0): FIRST})
    new = answers(judged, INDICATORS, teller=TELLER, before=before, now=NOW, too_wide=[name(0)])
    assert (outcomes(new), opinions(new)) == ({name(0): "false-positive"}, {name(0): "neutral"})
    assert len(new) == 2
