"""Who said what of which indicator, whatever the object looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.trust.statements import Claim, Outcome, Statement, claim, last_words, statements
from stillwatch.indicators import patterns
from stillwatch.indicators.extensions import FEEDBACK

INDICATOR = "indicator--1a560f3f-faa5-5684-847f-ffe3b8b15f2d"
SIGHTING = {
    "type": "sighting",
    "created_by_ref": "identity--11111111-1111-4111-8111-111111111111",
    "modified": "2031-01-01T00:00:00Z",
    "sighting_of_ref": INDICATOR,
    "extensions": {FEEDBACK: {"extension_type": "property-extension", "outcome": "true-positive"}},
}
OPINION = {"type": "opinion", "opinion": "disagree", "object_refs": [INDICATOR, "campaign--x", 7]}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)


def test_who_and_when_are_the_exchanges_word():
    assert list(statements(SIGHTING, "identity--a", 5)) == [
        Statement(INDICATOR, "identity--a", Outcome.TRUE_POSITIVE, 5)
    ]


def test_an_opinion_speaks_of_its_indicators_only():
    assert list(statements(OPINION, "identity--a", 5)) == [
        Statement(INDICATOR, "identity--a", Outcome.FALSE_POSITIVE, 5)
    ]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("strongly-agree", Outcome.TRUE_POSITIVE),
        ("agree", Outcome.TRUE_POSITIVE),
        ("neutral", Outcome.UNSURE),
        ("disagree", Outcome.FALSE_POSITIVE),
        ("strongly-disagree", Outcome.FALSE_POSITIVE),
    ],
)
def test_opinions_are_on_the_scale_of_stix(word, outcome):
    assert [said.outcome for said in statements(OPINION | {"opinion": word}, "a", 0)] == [outcome]


@pytest.mark.parametrize("obj", [SIGHTING, OPINION])
def test_what_is_revoked_is_taken_back(obj):
    assert [said.outcome for said in statements(obj | {"revoked": True}, "a", 0)] == [Outcome.UNSURE]


def test_a_match_that_nobody_judged_says_nothing():
    plain = {key: value for key, value in SIGHTING.items() if key != "extensions"}
    assert list(statements(plain, "a", 0)) == []


@given(
    st.dictionaries(
        st.sampled_from(["type", "sighting_of_ref", "extensions", "opinion", "object_refs", "revoked"]),
        JSON | st.sampled_from(["sighting", "opinion", "agree", INDICATOR]) | st.dictionaries(st.just(FEEDBACK), JSON),
    )
)
def test_no_object_breaks_it(obj):
    assert all(said.indicator.startswith("indicator--") for said in statements(obj, "a", 0))


@given(st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("ab"), st.sampled_from(Outcome))))
def test_one_word_of_each_member_about_each_indicator_and_the_last(said):
    every = [Statement(*one, time) for time, one in enumerate(said)]
    kept = {(word.indicator, word.teller): word for word in last_words(every)}
    assert len(kept) == len(last_words(every)) == len({one[:2] for one in said})
    assert kept == {(word.indicator, word.teller): word for word in every}


INDICATOR_OBJECT = {
    "type": "indicator",
    "id": INDICATOR,
    "pattern_type": "stix",
    "pattern": "[ipv4-addr:value = '198.51.100.1']",
    "confidence": 75,
    "valid_until": "1970-01-02T00:00:00Z",
}


def test_a_claim_says_what_the_indicator_says():
    assert claim(INDICATOR_OBJECT, "identity--a", 9) == Claim(
        INDICATOR, "identity--a", "stix", 9, base=0.75, valid_until=86_400_000_000
    )


def test_the_kind_of_a_claim_is_its_patterns():
    tokens = tuple(f"{n:032x}" for n in range(4))
    pattern = patterns.write(patterns.Vocabulary(key_epoch="2026Q4", tokens=tokens, min_containment=0.5))
    ours = INDICATOR_OBJECT | {"pattern_type": patterns.PATTERN_TYPE, "pattern": pattern, "revoked": True}
    assert (claim(ours, "a", 0).kind, claim(ours, "a", 0).revoked) == ("vocabulary", True)
