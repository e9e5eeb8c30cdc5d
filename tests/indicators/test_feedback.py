"""Answers to somebody else's object, and the withdrawal of one's own."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import PrivacyError
from stillwatch.indicators import extensions, feedback, incoming, markings, patterns, timestamps, versions

from .conftest import NOW, YOU

LATER = NOW + timedelta(hours=3)


def test_a_sighting_tells_the_outcome_in_orders_of_magnitude(indicator):
    seen = feedback.Seen(date(2026, 11, 3), date(2026, 11, 4), 12, 51_234)
    told = feedback.sighting(indicator, teller=YOU, outcome="true-positive", now=NOW, seen=seen)
    content = extensions.content(told, extensions.FEEDBACK)
    assert (content.outcome, content.accounts_bucket, content.requests_bucket) == ("true-positive", "10-99", "1e4-1e5")
    assert told["first_seen"] == "2026-11-03T00:00:00Z"
    assert "51234" not in str(told)


@pytest.mark.parametrize(
    "say",
    [
        lambda about: feedback.sighting(about, teller=YOU, outcome="unsure", now=NOW),
        lambda about: feedback.opinion(about, teller=YOU, opinion="agree", now=NOW),
        lambda about: feedback.note(about, teller=YOU, content="Seen.", now=NOW),
        lambda about: feedback.retraction(about, operator=YOU, now=NOW),
    ],
)
def test_an_answer_is_marked_as_what_it_answers(indicator, say):
    for level in markings.Level:
        about = indicator | {"object_marking_refs": markings.refs(markings.TLP[level])}
        assert markings.level(say(about)) == level
    bare = {name: value for name, value in indicator.items() if name != "object_marking_refs"}
    assert markings.level(say(bare)) == markings.UNKNOWN


def test_a_member_has_one_opinion_of_an_object(indicator):
    first = feedback.opinion(indicator, teller=YOU, opinion="agree", now=NOW)
    then = feedback.opinion(indicator, teller=YOU, opinion="disagree", now=LATER)
    again = versions.renewed(then, first)
    assert (again["id"], again["created"], again["opinion"]) == (first["id"], first["created"], "disagree")
    assert versions.renewed(feedback.opinion(indicator, teller=YOU, opinion="agree", now=LATER), first) == first


@pytest.mark.parametrize("text", ["They pay $3 per million.", "Ban them.", "x" * 281, "two\nlines", "ana@mail.example"])
def test_what_counsel_should_see_does_not_leave(indicator, text):
    with pytest.raises(PrivacyError) as refused:
        feedback.opinion(indicator, teller=YOU, opinion="agree", explanation=text, now=NOW)
    assert text not in str(refused.value)
    with pytest.raises(PrivacyError):
        feedback.note(indicator, teller=YOU, content=text, now=NOW)


@given(st.integers(-(10**7), 10**7), st.dictionaries(st.from_regex("x_[a-z]{3,9}", fullmatch=True), st.text()))
def test_a_withdrawal_is_newer_whatever_the_clock_says_and_keeps_what_it_does_not_know(seconds, unknown):
    indicator = {
        "type": "indicator",
        "id": "indicator--3c3ae353-fb14-428e-90b4-01a6c1cc0aff",
        "created": "2026-11-02T09:00:00Z",
        "modified": "2026-11-02T09:00:00.123456Z",
        "pattern": "[a:b = 'c']",
        "pattern_type": "stix",
        "valid_from": "2026-11-20T09:00:00Z",
        "valid_until": "2026-12-20T09:00:00Z",
    } | unknown
    withdrawn = versions.retracted(indicator, now=NOW + timedelta(seconds=seconds))
    assert incoming.check(withdrawn) == []
    assert withdrawn["revoked"] is True
    assert incoming.version(withdrawn)[1] > incoming.version(indicator)[1]
    assert timestamps.parse(withdrawn["valid_until"]) > timestamps.parse(withdrawn["valid_from"])
    assert unknown.items() <= withdrawn.items()
    dead = versions.dead(withdrawn, now=NOW)
    assert incoming.version(dead)[1] > incoming.version(withdrawn)[1]
    assert dead["pattern"] == versions.NEVER


def test_what_is_withdrawn_is_not_withdrawn_again(indicator):
    withdrawn = versions.retracted(indicator, now=NOW)
    assert versions.retracted(withdrawn, now=LATER) == withdrawn


def test_the_dead_pattern_of_ours_matches_nothing(indicator):
    dead = versions.dead(versions.retracted(indicator, now=NOW), now=LATER)
    assert patterns.parse(dead["pattern"]) == patterns.Never()


def test_the_note_of_a_retraction_names_what_and_which(indicator):
    withdrawn = versions.retracted(indicator, now=LATER)
    told = feedback.retraction(withdrawn, operator=YOU, now=LATER)
    content = extensions.content(told, extensions.RETRACTION)
    assert content.retracted_ref == indicator["id"]
    assert content.retracted_version == incoming.version(withdrawn)[0]
    assert told == feedback.retraction(withdrawn, operator=YOU, now=LATER)
    assert told["id"] != feedback.retraction(indicator, operator=YOU, now=LATER)["id"]


def test_a_foreign_object_in_capitals_can_be_retracted(indicator):
    capitals = indicator | {"id": indicator["id"].upper().replace("INDICATOR", "indicator")}
    assert incoming.check(feedback.retraction(capitals, operator=YOU, now=NOW)) == []
