"""The published schemas are the models, and STIX takes their definitions."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from stillwatch.indicators import extensions, incoming
from stillwatch.indicators.extensions import ACTIVITY, ALL, FEEDBACK, RETRACTION, SIGNATURE, VERDICT

GOOD = {
    SIGNATURE: {
        "extension_type": "property-extension",
        "signature_kind": "vocabulary",
        "privacy": {"least_accounts": 25, "derived_from_customer_content": True, "review": "two-person"},
        "evidence": {
            "accounts_bucket": "10-99",
            "requests_bucket": "1e5-1e6",
            "last_seen": "2026-10-30",
            "families": ["text", "sign_up"],
        },
    },
    FEEDBACK: {"extension_type": "property-extension", "outcome": "unsure", "reviewed_by": "human"},
    RETRACTION: {
        "extension_type": "property-extension",
        "retracted_ref": "indicator--3c3ae353-fb14-428e-90b4-01a6c1cc0aff",
        "retracted_version": "2026-11-02T09:00:00.000000Z",
        "retracted_at": "2026-11-02T09:00:00.000Z",
    },
    ACTIVITY: {"extension_type": "new-sco"},
    VERDICT: {
        "extension_type": "property-extension",
        "suspect": "DM-2026-0042",
        "grade": "shown",
        "alpha": 1e-6,
        "log10_p": -17,
        "tests": ["closed"],
        "keys": 4,
        "innocent_controls": 24,
        "positive_controls": 3,
        "blinded_reruns": 1,
        "committed": True,
        "stamped": False,
        "plan_sha256": "5d" * 32,
    },
}
BAD = [
    (SIGNATURE, {"price": 3}),
    (SIGNATURE, {"signature_kind": "regex"}),
    (SIGNATURE, {"evidence": GOOD[SIGNATURE]["evidence"] | {"accounts_bucket": "212"}}),
    (SIGNATURE, {"evidence": GOOD[SIGNATURE]["evidence"] | {"accounts": 212}}),
    (SIGNATURE, {"evidence": GOOD[SIGNATURE]["evidence"] | {"last_seen": "2026-10-30T22:51:09Z"}}),
    (SIGNATURE, {"privacy": GOOD[SIGNATURE]["privacy"] | {"least_accounts": 3}}),
    (FEEDBACK, {"outcome": "ban-them"}),
    (FEEDBACK, {"action_wanted": "ban"}),
    (FEEDBACK, {"noise": {"mechanism": "none", "epsilon": 1}}),
    (RETRACTION, {"retracted_ref": "x"}),
    (VERDICT, {"grade": "none"}),
    (VERDICT, {"grade": "proven"}),
    (VERDICT, {"suspect": "vireo-2"}),
    (VERDICT, {"alpha": 0.5}),
    (VERDICT, {"log10_p": 1}),
    (VERDICT, {"probability": 0.99}),
]


@pytest.mark.parametrize("extension", ALL)
def test_the_published_schema_is_the_model(extension):
    assert extensions.published(extension) == extensions.schema(extension), (
        "run python -m stillwatch.indicators.extensions"
    )


@pytest.mark.parametrize("extension", ALL)
def test_names_are_long_enough_for_stix(extension):
    schema = json.loads(extensions.published(extension))
    for part in [schema, *schema.get("$defs", {}).values()]:
        names = part.get("properties", {}).keys() - {"id", "type"}  # STIX' own, of the new type
        assert all(re.fullmatch("[a-z0-9_]{3,250}", name) for name in names)


@pytest.mark.parametrize("extension", ALL)
def test_a_definition_carries_its_schema(extension):
    definition = extensions.definition(extension)
    assert incoming.check(definition) == []
    jsonschema.Draft202012Validator.check_schema(json.loads(definition["schema"]))


@pytest.mark.parametrize("extension", ALL)
def test_good_content_is_read(extension):
    assert extensions.content({"extensions": {extension: GOOD[extension]}}, extension) is not None
    if extension != ACTIVITY:
        jsonschema.validate(GOOD[extension], json.loads(extensions.published(extension)))


@pytest.mark.parametrize(("extension", "change"), BAD)
def test_model_and_schema_refuse_the_same(extension, change):
    broken = GOOD[extension] | change
    with pytest.raises(ValueError, match=r"."):
        extensions.content({"extensions": {extension: broken}}, extension)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, json.loads(extensions.published(extension)))


@pytest.mark.parametrize("extensions_", [None, [], {}, {"other": {}}])
def test_an_object_without_it_has_none(extensions_):
    assert extensions.content({"extensions": extensions_}, SIGNATURE) is None


def test_ids_never_change():
    assert ALL == (
        "extension-definition--47539962-229d-55e2-a727-d4b017aad6f2",
        "extension-definition--efa51aa0-1f84-5b82-a8e1-2c17a20e87ac",
        "extension-definition--797650ac-8d4f-5cb0-b78d-0e3c28b00a2c",
        "extension-definition--23d1dac4-0d40-5401-8881-4b066ae7dcdf",
        "extension-definition--d83d66e3-e2f6-5bec-afdd-b7191dd2bd7a",
    )


def test_the_page_names_them_and_links_their_schemas():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "indicators.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(\.\./(src/\S+\.json)\)", page)
    assert len(links) == len(ALL)
    assert all((root / link).is_file() for link in links)
    assert all(extension in page for extension in ALL)
