"""The hand-written sample, as findings and as the document, and the golden files."""

import difflib
import importlib.util
import os
from pathlib import Path

import pytest

from stillwatch.reports.document import to_document

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def sample():
    """The module of the sample: its builders may be called anew."""
    spec = importlib.util.spec_from_file_location("reports_sample", Path(__file__).with_name("sample.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def document(sample):
    return to_document(sample.findings())


@pytest.fixture
def golden():
    """Compares a text with a golden file; STILLWATCH_UPDATE_GOLDEN=1 writes the file anew."""

    def compare(name, text):
        path = GOLDEN / name
        if os.environ.get("STILLWATCH_UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        expected = path.read_text(encoding="utf-8")
        if text != expected:
            pair = (expected.splitlines(), text.splitlines())
            diff = "\n".join(difflib.unified_diff(*pair, fromfile=name, tofile="now", lineterm="", n=1))
            pytest.fail(
                f"{diff[:4000]}\nIf this is meant: STILLWATCH_UPDATE_GOLDEN=1 pytest tests/reports", pytrace=False
            )

    return compare
