"""ATLAS' techniques stand under ATLAS' own ids, and all that evidence names are there."""

import re
from pathlib import Path

import pytest

import stillwatch
from stillwatch.indicators import atlas
from stillwatch.reports.wording import TECHNIQUES

SOURCE = Path(stillwatch.__file__).parent

# Ids in the bundle that ATLAS published (atlas-navigator-data, dist/stix-atlas.json).
PUBLISHED = {
    "AML.T0024.002": "3f567912-629a-5e0b-ab0c-0102977c2d6c",
    "AML.T0024": "85fed2c6-e2df-595e-88bf-f356a17cec21",
    "AML.T0008.005": "647ac4ac-b2bc-53f7-ab83-81f421a1f0b5",
    "AML.T0021": "d3d7763a-58e1-5e38-84fd-3abea967cb08",
    "AML.T0040": "5ac1f849-523e-51bf-a1e9-1a97ab91cc91",
    "AML.T0048.004": "73772ced-edba-578c-bacd-703e082a9c57",
    "AML.T0065": "6e148299-0460-5d0b-9741-467437464d3d",
}


@pytest.mark.parametrize(("number", "uuid"), PUBLISHED.items())
def test_ids_are_those_that_atlas_published(number, uuid):
    assert atlas.TECHNIQUES[number]["id"] == f"attack-pattern--{uuid}"


def test_every_technique_that_evidence_names_is_vendored():
    named = {
        number
        for path in (SOURCE / "campaigns").rglob("*.py")
        for number in re.findall(r"AML\.T[0-9.]+[0-9]", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named | TECHNIQUES.keys() <= atlas.TECHNIQUES.keys()


def test_names_are_those_that_reports_show():
    for number, name in TECHNIQUES.items():
        assert atlas.TECHNIQUES[number]["name"] == name.rsplit(": ", maxsplit=1)[-1]
    assert atlas.technique("AML.T9999") is None
