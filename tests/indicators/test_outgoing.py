"""What is said of a campaign is valid STIX that real readers take, twice the same, and gives nobody away."""

import dataclasses
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
import stix2
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2validator import ValidationOptions, validate_string

from stillwatch.indicators import allowed, extensions, feedback, incoming, markings, outgoing, patterns, versions
from stillwatch.indicators.markings import Level
from stillwatch.indicators.said import said
from stillwatch.signatures.shingles import RATE_BITS, WINDOW

from .conftest import ME, NOW, YOU, Marks, campaign, evidence, whole

GOLDEN = Path(__file__).parent / "golden" / "bundle.json"
BUNDLE = "bundle--a398d022-d435-4df4-8322-905089933837"
EXPECTED_WARNINGS = {"{103}", "{245}"}  # ids are UUIDv5; pattern_type is an open vocabulary


def bundle(objects):
    return json.dumps({"type": "bundle", "id": BUNDLE, "objects": objects})


def validated(objects):
    """Errors and unexpected warnings of OASIS' validator."""
    result = validate_string(bundle(objects), ValidationOptions(version="2.1", enforce_refs=True))
    problems = [str(each) for each in result.errors]
    warnings = [str(each) for each in getattr(result, "warnings", [])]
    return problems + [each for each in warnings if not any(code in each for code in EXPECTED_WARNINGS)]


def answers(indicator):
    seen = feedback.Seen(NOW.date(), NOW.date(), 12, 512)
    return [
        outgoing.identity(YOU),
        extensions.definition(extensions.FEEDBACK),
        feedback.sighting(indicator, teller=YOU, outcome="false-positive", now=NOW, seen=seen),
        feedback.opinion(indicator, teller=YOU, opinion="disagree", explanation="Also nightly evaluations.", now=NOW),
        feedback.note(indicator, teller=YOU, content="Seen since spring.", now=NOW),
    ]


def by_type(objects, type_):
    return [each for each in objects if each["type"] == type_]


def test_the_golden_bundle(objects):
    text = json.dumps(objects, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("STILLWATCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8"), "STILLWATCH_UPDATE_GOLDEN=1 writes the file anew"


@pytest.mark.slow
def test_oasis_validator_takes_everything(objects, indicator, draft):
    everything = [*objects, *answers(indicator)]
    assert validated(everything) == []
    withdrawn = versions.retracted(indicator, now=NOW + timedelta(days=1))
    note = feedback.retraction(withdrawn, operator=YOU, now=NOW)
    swapped = [withdrawn if each["id"] == indicator["id"] else each for each in everything]
    assert validated([*swapped, extensions.definition(extensions.RETRACTION), note]) == []
    assert validated([versions.dead(withdrawn, now=NOW) if each is withdrawn else each for each in swapped]) == []
    assert validated(outgoing.activity(whole(draft), contributor=ME, now=NOW)) == []
    assert validated(outgoing.objects(whole(draft), contributor=ME, now=NOW, package="report")) == []


def test_the_validator_is_asked_what_it_can_answer(objects):
    broken = [each | {"name": 5} if each["type"] == "campaign" else each for each in objects]
    assert validated(broken)
    assert validated([each for each in objects if each["type"] != "campaign"])


def test_strict_readers_take_the_default_collection(objects, indicator):
    parsed = stix2.parse(bundle([*objects, *answers(indicator)]))
    assert len(parsed.objects) == len(objects) + 5


def test_activity_is_for_a_collection_of_its_own(draft):
    activity = outgoing.activity(whole(draft), contributor=ME, now=NOW)
    assert by_type(activity, "model-api-activity")
    with pytest.raises(stix2.exceptions.STIXError):
        stix2.parse(bundle(activity))
    assert stix2.parse(bundle(activity), allow_custom=True)


def test_everything_passes_our_own_checks(objects, indicator, draft):
    everything = [*objects, *answers(indicator), *outgoing.activity(whole(draft), contributor=ME, now=NOW)]
    assert {each["id"]: incoming.check(each) + allowed.check(each) for each in everything} == {
        each["id"]: [] for each in everything
    }


def test_what_is_referred_to_comes_first(objects):
    known = set()
    for each in objects:
        refs = [each.get("created_by_ref"), *each.get("object_refs", []), *each.get("object_marking_refs", [])]
        refs += [each.get("source_ref"), each.get("target_ref")]
        assert {ref for ref in refs if ref} <= known | {each["id"]} | {markings.TLP[Level.CLEAR]["id"]}
        known.add(each["id"])


def test_nobody_is_given_away(objects, found, draft):
    text = json.dumps([objects, outgoing.activity(whole(draft), contributor=ME, now=NOW)])
    assert "canary" not in text
    assert found.id not in text
    secrets = [found.requests, found.requests_before_crossing, found.usage_input_tokens, found.usage_output_tokens]
    secrets += [*Marks().template, *Marks().vocabulary, "03:17:41", "22:51:09", "04:44:44", "48211", "7.25"]
    assert [each for each in secrets if str(each) in text] == []


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 300), st.integers(10_000, 10**7), st.text("abcdefghijklmnop", min_size=4, max_size=9))
def test_whatever_the_campaign_nobody_is_given_away(accounts, requests, text):
    canary = f"zq-{text}"
    marks = Marks(shared={"payment": (f"{canary}-card", f"{canary}-2"), f"{canary}_kind": ("x",)})
    reasons = (dataclasses.replace(evidence("text", 9.0), name=canary, says=canary), evidence("sign_up", 6.0))
    scanned = dataclasses.replace(campaign(accounts, requests, reasons), id=f"c-{canary}")
    told = whole(said(scanned, marks))
    objects = [*outgoing.objects(told, contributor=ME, now=NOW), *outgoing.activity(told, contributor=ME, now=NOW)]
    assert "zq-" not in json.dumps(objects)
    assert "canary" not in json.dumps(objects)
    assert requests not in numbers(objects)
    assert {each["id"]: incoming.check(each) + allowed.check(each) for each in objects} == {
        each["id"]: [] for each in objects
    }


def numbers(value):
    """Every number anywhere in a JSON value."""
    if isinstance(value, dict):
        return {number for each in value.values() for number in numbers(each)}
    if isinstance(value, list):
        return {number for each in value for number in numbers(each)}
    return {value} if isinstance(value, (int, float)) else set()


def test_every_indicator_stands_by_itself(objects):
    lifetimes = {"prompt-template": 90, "vocabulary": 90, "account-network": 60}
    found = by_type(objects, "indicator")
    assert len(found) == 3
    for indicator in found:
        pattern = patterns.parse(indicator["pattern"])
        days = (incoming.version({"modified": indicator["valid_until"]})[1] - incoming.version(indicator)[1]) / 86_400e6
        assert lifetimes[pattern.kind] - 1 <= days <= lifetimes[pattern.kind]
        assert indicator["confidence"] == 71
        assert indicator["description"]


def test_the_same_campaign_said_twice_gives_the_same_objects(draft, objects):
    assert outgoing.objects(whole(draft), contributor=ME, now=NOW) == objects
    before = {each["id"]: each for each in objects}
    later = NOW + timedelta(days=9)
    assert outgoing.objects(whole(draft), contributor=ME, now=later, before=before) == objects


def test_another_member_shares_the_signature_and_nothing_else(draft, objects):
    theirs = outgoing.objects(whole(draft), contributor=YOU, now=NOW)
    mine = {each["id"] for each in objects}
    common = {each["type"] for each in theirs if each["id"] in mine}
    assert {"indicator", "attack-pattern", "marking-definition"} <= common
    assert not common & {"campaign", "intrusion-set", "grouping"}


def test_what_has_changed_is_a_newer_version(objects):
    before = {each["id"]: each for each in objects}
    grown = whole(said(campaign(accounts=2000), Marks()))
    again = outgoing.objects(grown, contributor=ME, now=NOW - timedelta(days=1), before=before)
    changed = [each for each in again if each["id"] in before and each != before[each["id"]]]
    assert {each["type"] for each in changed} == {"indicator", "grouping"}
    for each in changed:
        assert each["created"] == before[each["id"]]["created"]
        assert incoming.version(each)[1] > incoming.version(before[each["id"]])[1]


def test_what_was_withdrawn_stays_withdrawn(draft, objects, indicator):
    withdrawn = versions.retracted(indicator, now=NOW)
    before = {each["id"]: each for each in objects} | {indicator["id"]: withdrawn}
    again = outgoing.objects(whole(draft), contributor=ME, now=NOW + timedelta(days=2), before=before)
    assert withdrawn in again
    assert indicator not in again


@settings(max_examples=20)
@given(st.sampled_from(Level), st.sampled_from(Level))
def test_a_marking_never_widens(first, second):
    told = whole(said(campaign(), Marks()))
    before = {each["id"]: each for each in outgoing.objects(told, contributor=ME, now=NOW, marking=first)}
    again = outgoing.objects(told, contributor=ME, now=NOW, marking=second, before=before)
    for each in again:
        old = before.get(each["id"])
        assert old is None or markings.narrower_or_equal(markings.level(each), markings.level(old))


def test_another_campaign_s_marking_narrows_nothing(draft, objects):
    other = said(dataclasses.replace(campaign(), id="c-0000000000")).said
    before = {each["id"]: each for each in outgoing.objects(other, contributor=ME, now=NOW, marking=Level.RED)}
    assert outgoing.objects(whole(draft), contributor=ME, now=NOW, before=before) == objects


def test_without_tokens_there_is_a_campaign_and_no_indicator(draft):
    told = outgoing.objects(draft.said, contributor=ME, now=NOW)
    assert by_type(told, "campaign")
    assert not by_type(told, "indicator")


def test_a_pool_is_told_where_there_is_one():
    reasons = (evidence("network", 3.5, "AML.T0008.005"), evidence("text", 9.0))
    told = outgoing.objects(said(campaign(reasons=reasons)).said, contributor=ME, now=NOW)
    assert by_type(told, "infrastructure")[0]["name"].startswith("Pool of DC-2026-")
    assert validated(told) == []


def test_names_are_numbers(objects):
    assert by_type(objects, "campaign")[0]["name"] == outgoing.name(by_type(objects, "campaign")[0]["id"], 2026)
    assert outgoing.name("campaign--00000000-0000-5000-8000-00000000002a", 2026) == "DC-2026-0042"


def test_the_sampling_is_the_one_of_our_signatures():
    assert f"byte-{WINDOW}" == outgoing.SHINGLE
    assert 1 << RATE_BITS == outgoing.KEEP
