"""The verdict of the sample that the document's own tests have, and the golden files."""

import os
from pathlib import Path

import pytest

from ...forensics import verdict_sample  # noqa: TID252  one sample for the document and its reports

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def sample():
    """The module of the sample: its builders may be called anew."""
    return verdict_sample


@pytest.fixture(scope="session")
def document(sample):
    return sample.document()


@pytest.fixture
def golden():
    """Compares a text with a golden file; STILLWATCH_UPDATE_GOLDEN=1 writes the file anew."""

    def compare(name, text):
        path = GOLDEN / name
        if os.environ.get("STILLWATCH_UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), "STILLWATCH_UPDATE_GOLDEN=1 writes the file anew"

    return compare
