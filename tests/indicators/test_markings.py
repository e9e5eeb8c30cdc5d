"""Markings: the narrowest counts, nothing widens, and nobody else's object passes for OASIS' own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.indicators import markings
from stillwatch.indicators.markings import Level

STATEMENT = {"definition_type": "statement", "definition": {"statement": "Copyright"}}
CUSTOM = "marking-definition--00000000-0000-4000-8000-000000000001"
known = st.sampled_from([*(each["id"] for each in markings.SHIPPED.values()), CUSTOM])


def claiming(colour):
    return {CUSTOM: {"extensions": {markings.TLP_EXTENSION: {"tlp_2_0": colour}}}}


@pytest.mark.parametrize("level", Level)
def test_each_level_is_read_from_its_object(level):
    assert markings.level({"object_marking_refs": [markings.TLP[level]["id"]]}) == level


@pytest.mark.parametrize(
    ("refs", "level"),
    [
        (None, Level.AMBER),
        ([], Level.AMBER),
        ("text", Level.AMBER),
        ([None], Level.AMBER),
        ([CUSTOM], Level.AMBER),
        ([markings.TLP[Level.CLEAR]["id"], CUSTOM], Level.AMBER),
        ([markings.TLP[Level.CLEAR]["id"], markings.TLP[Level.RED]["id"]], Level.RED),
        ([markings.TLP[Level.GREEN]["id"], markings.PAP["red"]["id"], markings.OWN_REVIEW["id"]], Level.GREEN),
        ([markings.OWN_REVIEW["id"]], Level.AMBER),
        (["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"], Level.RED),
        (["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"], Level.CLEAR),
    ],
)
def test_the_narrowest_counts_and_what_nobody_knows_is_amber(refs, level):
    assert markings.level({"object_marking_refs": refs}) == level


def test_a_part_that_is_narrower_narrows_the_whole():
    parts = [{"selectors": ["name"], "marking_ref": markings.TLP[Level.RED]["id"]}, {"lang": "en"}, 5]
    whole = {"object_marking_refs": [markings.TLP[Level.CLEAR]["id"]], "granular_markings": parts}
    assert markings.level(whole) == Level.RED


@pytest.mark.parametrize(("colour", "level"), [("clear", Level.AMBER), ("red", Level.RED), ("pink", Level.AMBER)])
def test_what_another_definition_claims_counts_only_where_it_narrows(colour, level):
    assert markings.level({"object_marking_refs": [CUSTOM]}, claiming(colour)) == level


def test_a_statement_says_nothing_of_who_may_see():
    marked = {"object_marking_refs": [markings.TLP[Level.GREEN]["id"], CUSTOM]}
    assert markings.level(marked, {CUSTOM: STATEMENT}) == Level.GREEN
    assert markings.level({"object_marking_refs": [CUSTOM]}, {CUSTOM: STATEMENT}) == Level.AMBER


def test_the_definitions_themselves_are_public():
    assert {markings.level(each) for each in markings.SHIPPED.values()} == {Level.CLEAR}


@given(st.lists(known, min_size=1), st.lists(known), st.sampled_from([None, "clear", "red"]))
def test_a_further_marking_never_widens(refs, further, claim):
    definitions = claiming(claim) if claim else {}
    before = markings.level({"object_marking_refs": refs}, definitions)
    # an object with handling alone is taken for AMBER until a level is named
    if any(ref in {each["id"] for each in markings.TLP.values()} or ref == CUSTOM for ref in refs):
        after = markings.level({"object_marking_refs": [*refs, *further]}, definitions)
        assert markings.narrower_or_equal(after, before)


@given(st.sampled_from(Level), st.sampled_from(Level))
def test_a_version_may_narrow_and_may_not_widen(new, old):
    assert markings.narrower_or_equal(new, old) == (new.value >= old.value)
