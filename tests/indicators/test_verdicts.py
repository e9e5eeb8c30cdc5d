"""What is said of a verdict is valid STIX, names nobody unless asked, and says nothing where nothing was shown."""

import dataclasses
import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
import stix2
from stix2validator import ValidationOptions, validate_string

from stillwatch.errors import PrivacyError
from stillwatch.indicators import (
    allowed,
    extensions,
    incoming,
    lexicon,
    markings,
    outgoing,
    verdicts,
    versions,
    vocabulary,
)
from stillwatch.indicators.markings import Level
from stillwatch.indicators.verdicts import Told

from .conftest import ME, NOW, YOU

GOLDEN = Path(__file__).parent / "golden" / "verdict.json"
TOLD = Told(
    plan="5d0c8f6a2b9e4c7d1f3a5b7c9d1e3f507192a3b4c5d6e7f8091a2b3c4d5e6f70",
    made=date(2026, 11, 2),
    grade="shown",
    alpha=1e-6,
    log10_p=-17.52,
    tests=("closed", "reading"),
    keys=4,
    innocent=24,
    positive=3,
    reruns=1,
    committed=True,
    stamped=True,
    campaigns=("c-ca4a51e5d0",),
)


def said(told=TOLD, **changes):
    return verdicts.objects(told, **{"contributor": ME, "now": NOW} | changes)


def content(objects):
    return objects[-1]["extensions"][extensions.VERDICT]


def problems(objects):
    return [problem for each in objects for problem in (*incoming.check(each), *allowed.check(each))]


@pytest.fixture
def published(objects):
    return {each["id"]: each for each in objects}


def test_the_golden_bundle(published):
    text = json.dumps(said(before=published), indent=1) + "\n"
    if os.environ.get("STILLWATCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8"), "STILLWATCH_UPDATE_GOLDEN=1 writes the file anew"


@pytest.mark.slow
def test_oasis_validator_takes_it(published):
    bundle = {"type": "bundle", "id": "bundle--a398d022-d435-4df4-8322-905089933837", "objects": said(before=published)}
    text = json.dumps(bundle)
    assert validate_string(text, ValidationOptions(version="2.1", enforce_refs=True)).is_valid
    assert len(stix2.parse(text).objects) == len(bundle["objects"])


@pytest.mark.parametrize("grade", ["lead", "corroborated", "shown"])
def test_it_passes_our_own_checks(grade, published):
    told = dataclasses.replace(TOLD, grade=grade)
    assert problems(said(told, before=published)) == []
    assert problems(said(told)) == []


def test_what_is_referred_to_comes_first(published):
    known = set()
    for each in said(before=published):
        refs = [each.get("created_by_ref"), *each.get("object_refs", []), *each.get("object_marking_refs", [])]
        assert {ref for ref in refs if ref} <= known | {each["id"]} | {markings.TLP[Level.CLEAR]["id"]}
        known.add(each["id"])


def test_the_model_is_a_number_unless_somebody_names_it():
    assert "named" not in content(said())
    assert content(said())["suspect"].startswith("DM-2026-")
    named = said(dataclasses.replace(TOLD, named="vireo-2"))
    assert content(named)["named"] == "vireo-2"
    assert problems(named) == []


def test_the_number_does_not_follow_from_the_name():
    """A number that could be made from a guessed name would name it."""
    assert content(said(dataclasses.replace(TOLD, named="vireo-2")))["suspect"] == content(said())["suspect"]
    assert content(said(dataclasses.replace(TOLD, plan="0" * 64)))["suspect"] != content(said())["suspect"]


def test_where_nothing_was_shown_nothing_is_said():
    with pytest.raises(PrivacyError, match="nothing is said"):
        said(dataclasses.replace(TOLD, grade="none"))


def test_a_lead_names_nobody():
    with pytest.raises(PrivacyError, match="names nobody"):
        said(dataclasses.replace(TOLD, grade="lead", named="vireo-2"))
    lead = said(dataclasses.replace(TOLD, grade="lead"))
    lead[-1]["extensions"][extensions.VERDICT]["named"] = "vireo-2"
    assert any("a lead names nobody" in each for each in problems(lead))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"named": "Acme's model, which undercuts our $3"}, "named"),
        ({"grade": "proven"}, "grade"),
        ({"grade": "none"}, "grade"),
        ({"probability_of_theft": 0.99}, "probability_of_theft"),
        ({"log10_p": 0.5}, "log10_p"),
        ({"suspect": "vireo-2"}, "suspect"),
    ],
)
def test_what_may_not_be_said_is_refused(change, problem):
    note = said()[-1]
    note["extensions"][extensions.VERDICT] |= change
    assert any(problem in each for each in allowed.check(note))


@pytest.mark.parametrize("words", ["The model vireo-2 is a copy.", vocabulary.verdict("lead"), None])
def test_the_note_says_what_belongs_to_its_grade(words):
    note = said()[-1] | {"content": words}
    assert allowed.check(note)


def test_a_note_carries_one_extension():
    note = said()[-1]
    retraction = extensions.Retraction(
        retracted_ref=note["id"],
        retracted_version="2026-11-02T09:00:00.000000Z",
        retracted_at="2026-11-02T09:00:00.000Z",
    )
    note["extensions"][extensions.RETRACTION] = retraction.model_dump(mode="json")
    assert "extensions: of another type of object" in allowed.check(note)


@pytest.mark.parametrize("grade", vocabulary.VERDICTS)
def test_the_words_of_notes_are_harmless(grade):
    assert lexicon.hit(vocabulary.verdict(grade)) is None
    assert len(vocabulary.verdict(grade)) <= vocabulary.LONGEST_TEXT


def test_only_published_campaigns_are_referred_to(published):
    assert [ref.split("--")[0] for ref in said()[-1]["object_refs"]] == ["attack-pattern"]
    refs = said(before=published)[-1]["object_refs"]
    campaign = next(each for each in published.values() if each["type"] == "campaign")
    assert refs[1:] == [campaign["id"]]
    assert said(contributor=YOU, before=published)[-1]["object_refs"] == refs[:1]


def test_it_is_amber_and_never_wider_than_its_campaigns(published):
    assert markings.level(said()[-1]) is Level.AMBER
    assert markings.level(said(before=published)[-1]) is Level.AMBER_STRICT
    first = said(marking=Level.RED)
    assert markings.level(said(before={first[-1]["id"]: first[-1]})[-1]) is Level.RED


def test_the_same_verdict_said_twice_is_one_object():
    first = said()
    before = {each["id"]: each for each in first}
    assert said(now=NOW + timedelta(days=9), before=before) == first
    again = said(dataclasses.replace(TOLD, reruns=2), now=NOW + timedelta(days=9), before=before)
    assert again[-1]["created"] == first[-1]["created"]
    assert incoming.version(again[-1])[1] > incoming.version(first[-1])[1]


def test_what_was_withdrawn_stays_withdrawn():
    withdrawn = versions.retracted(said()[-1], now=NOW)
    assert said(before={withdrawn["id"]: withdrawn})[-1] == withdrawn


def test_p_is_a_power_of_ten_rounded_towards_the_weaker():
    assert content(said())["log10_p"] == -17
    assert content(said(dataclasses.replace(TOLD, log10_p=-123_456.7)))["log10_p"] == -9999


def test_it_passes_as_a_message_beside_a_campaign(objects, published):
    everything = {each["id"]: each for each in (*objects, *said(before=published))}
    assert problems(everything.values()) == []
    assert outgoing.identity(ME) in everything.values()
