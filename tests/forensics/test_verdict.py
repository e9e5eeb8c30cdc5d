"""The document is written, read back, and refused where it does not hold together."""

import json
import os
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.forensics import verdict

from . import verdict_sample as sample

GOLDEN = Path(__file__).parent / "golden" / "verdict.json"


@pytest.fixture(scope="module")
def document():
    return sample.document()


def test_the_golden_document(document):
    text = verdict.dumps(document)
    if os.environ.get("STILLWATCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8"), "STILLWATCH_UPDATE_GOLDEN=1 writes the file anew"


def test_the_published_schema_is_the_model():
    assert verdict.SCHEMA.read_text(encoding="utf-8") == verdict.schema(), "run python -m stillwatch.forensics.verdict"


def test_it_is_read_back_as_it_was(document):
    assert verdict.loads(verdict.dumps(document)) == document


def test_the_same_facts_give_the_same_text(document):
    assert verdict.dumps(sample.document()) == verdict.dumps(document)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not a verdict"),
        ('{"version": "1"}', "not a verdict"),
        ('{"version": "2", "grade": "shown"}', "another version"),
        ('{"version": "1", "grade": "shown"}', "does not hold together"),
    ],
)
def test_what_is_no_verdict_is_refused(text, problem):
    with pytest.raises(InputError, match=problem):
        verdict.loads(text)


def test_a_verdict_that_was_changed_by_hand_is_refused(document):
    content = json.loads(verdict.dumps(document))
    content["results"][0]["log10_p"] = 3.0
    with pytest.raises(InputError, match=r"results\.0\.log10_p"):
        verdict.loads(json.dumps(content))
