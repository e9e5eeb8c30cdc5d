"""Foreign objects: well-formed ones pass, broken ones are described, and nothing is an exception."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import stix2validator
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.indicators import incoming, markings
from stillwatch.indicators.markings import Level

INDICATOR: dict[str, Any] = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": "indicator--3c3ae353-fb14-428e-90b4-01a6c1cc0aff",
    "created_by_ref": "identity--a712755f-6cac-44d5-99d5-269512e74f7b",
    "created": "2026-11-02T09:00:00.000Z",
    "modified": "2026-11-02T09:00:00.000Z",
    "pattern": "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    "pattern_type": "stix",
    "valid_from": "2026-11-02T09:00:00Z",
    "valid_until": "2026-12-02T00:00:00Z",
    "object_marking_refs": ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"],
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["indicator", "2026-11-02T09:00:00Z", INDICATOR["id"], "bundle", "2.1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*INDICATOR, "granular_markings", "extensions", "labels", "revoked"]) | st.text(max_size=8),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)


def test_a_good_object_has_no_problem() -> None:
    assert incoming.check(INDICATOR) == []


def test_unknown_types_and_properties_pass_and_are_kept() -> None:
    strange = {"type": "x-acme-thing", "id": f"x-acme-thing--{INDICATOR['id'][11:]}", "x_acme": {"deep": [1, None]}}
    before = json.dumps(strange)
    assert incoming.check(strange) == []
    assert json.dumps(strange) == before
    assert incoming.check(INDICATOR | {"x_acme": "kept"}) == []


def test_an_object_of_stix_2_0_passes() -> None:
    old = {name: INDICATOR[name] for name in ("type", "id", "created", "modified", "pattern", "valid_from")}
    assert incoming.check(old | {"labels": ["malicious-activity"]}) == []
    assert incoming.check(old | {"spec_version": "2.1"}) == ["pattern_type: missing"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"type": None}, "type: "),
        ({"type": "bundle"}, "type: a bundle"),
        ({"type": "Indicator"}, "type: "),
        ({"id": "indicator--1"}, "id: missing, or not TYPE--UUID"),
        ({"id": "campaign--3c3ae353-fb14-428e-90b4-01a6c1cc0aff"}, "id: of another type"),
        ({"created": "2026-11-02"}, "created: not a timestamp"),
        ({"created": "2026-02-30T00:00:00Z"}, "created: not a timestamp"),
        ({"created": "٢٠٢٦-11-02T09:00:00Z"}, "created: not a timestamp"),
        ({"modified": "2026-11-02T09:00:00+01:00"}, "modified: not a timestamp"),
        ({"modified": "2026-11-01T09:00:00Z"}, "modified: before created"),
        ({"valid_until": "2026-11-01T09:00:00Z"}, "valid_until: before valid_from"),
        ({"created_by_ref": INDICATOR["id"]}, "created_by_ref: not the id of an identity"),
        ({"confidence": True}, "confidence: "),
        ({"confidence": 101}, "confidence: "),
        ({"revoked": "true"}, "revoked: "),
        ({"labels": []}, "labels: "),
        ({"labels": [1]}, "labels: "),
        ({"spec_version": 2.1}, "spec_version: "),
        ({"object_marking_refs": [INDICATOR["id"]]}, "object_marking_refs: "),
        ({"granular_markings": [{"marking_ref": "x"}]}, "granular_markings: "),
        ({"extensions": {"a": 1}}, "extensions: "),
        ({"external_references": [{}]}, "external_references: "),
        ({"pattern": 5}, "pattern: not a text"),
        ({"x": math.nan}, "a text that is too long or not Unicode, or a number"),
        ({"x": [2**53]}, "a text that is too long or not Unicode, or a number"),
        ({"x": "\ud800"}, "a text that is too long"),
        ({"x": "a" * (incoming.LONGEST + 1)}, "a text that is too long"),
        ({"\udfff": 1}, "a property name"),
        ({"x" * 251: 1}, "a property name"),
        ({"x": {1, 2}}, "a text that is too long or not Unicode, or a number"),
    ],
)
def test_a_broken_object_is_described(change: dict[str, Any], problem: str) -> None:
    found = incoming.check(INDICATOR | change)
    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize("missing", ["id", "created", "modified", "pattern", "pattern_type", "valid_from"])
def test_what_is_required_is_missed(missing: str) -> None:
    found = incoming.check({name: value for name, value in INDICATOR.items() if name != missing})
    assert [problem.split(":")[0] for problem in found] == [missing]


def test_a_deep_object_is_refused_and_a_million_levels_do_not_break() -> None:
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]
    assert incoming.check(INDICATOR | {"x": deep}) == ["nested more than 64 levels deep"]
    while deep:  # so that taking it apart does not recurse
        deep = deep.pop()


def test_a_false_marking_under_a_published_id_is_refused() -> None:
    red = markings.TLP[Level.RED]
    assert incoming.check(red) == []
    wide = red | {"extensions": markings.TLP[Level.CLEAR]["extensions"]}
    assert incoming.check(wide) == ["id: of a published object, but the object is another"]


@given(json_values)
def test_whatever_comes_the_answer_is_a_list_of_plain_sentences(value: object) -> None:
    problems = incoming.check(value)
    assert all(problem.isascii() and 0 < len(problem) < 250 for problem in problems)
    assert len(problems) <= incoming.MOST_PROBLEMS
    if isinstance(value, dict):
        assert isinstance(markings.level(value), Level)
        if not problems:
            incoming.version(value)
            json.dumps(value, allow_nan=False).encode()


@given(st.dictionaries(st.sampled_from(list(INDICATOR)), json_values, max_size=3))
def test_a_good_object_with_anything_in_its_properties(change: dict[str, Any]) -> None:
    obj = INDICATOR | change
    if not incoming.check(obj):
        incoming.version(obj)
        json.dumps(obj, allow_nan=False).encode()


def test_the_examples_of_the_validator_pass() -> None:
    examples = Path(stix2validator.__file__).parent / "schemas-2.1" / "examples"
    documents = [json.loads(path.read_text()) for path in sorted(examples.rglob("*.json"))]
    objects = [obj for document in documents for obj in document.get("objects", [document])]
    assert len(objects) > 100
    assert {obj["id"]: incoming.check(obj) for obj in objects if incoming.check(obj)} == {}


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ({"modified": "2026-11-02T09:00:00Z"}, "2026-11-02T09:00:00.000000Z"),
        ({"modified": "2026-11-02T09:00:00.1Z", "created": "2020-01-01T00:00:00Z"}, "2026-11-02T09:00:00.100000Z"),
        ({"created": "2026-11-02T09:00:00.123456789Z"}, "2026-11-02T09:00:00.123456Z"),
        ({}, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_the_version_is_modified_else_created_else_one_for_ever(times: dict[str, str], text: str) -> None:
    assert incoming.version(times)[0] == text


def test_versions_are_ordered_as_their_times_are() -> None:
    _, earlier = incoming.version({"modified": "2026-11-02T09:00:00.000001Z"})
    _, later = incoming.version({"modified": "2026-11-02T09:00:00.000002Z"})
    assert later - earlier == 1
