"""The border between a verdict and what other providers may know of it."""

import json
from datetime import timedelta

from stillwatch.indicators import allowed, incoming, verdicts
from stillwatch.reports.verdict.stix import told

ME = "identity--a712755f-6cac-44d5-99d5-269512e74f7b"


def test_counts_and_a_power_of_ten_leave(document):
    leaving = told(document)
    assert (leaving.grade, leaving.keys, leaving.innocent, leaving.positive, leaving.reruns) == ("shown", 4, 24, 3, 1)
    assert (leaving.committed, leaving.stamped) == (True, True)
    assert leaving.tests == ("closed", "reading")
    assert leaving.campaigns == ("c-3f9a1b72",)
    assert leaving.named is None
    assert told(document, named=True).named == "vireo-2"


def test_what_does_not_count_is_not_counted(sample):
    leaving = told(sample.document(released_late=("control-03",), committed=False, stamped=False))
    assert (leaving.innocent, leaving.committed, leaving.stamped) == (23, False, False)


def test_nothing_else_leaves(document, sample):
    objects = verdicts.objects(told(document), contributor=ME, now=sample.MADE + timedelta(days=1))
    text = json.dumps(objects)
    inside = [document.title, document.author, document.suspect, "models.example", document.commitments, "control-01"]
    inside += [*sample.KEYS, "c-3f9a1b72", "61240", "18.42"]
    assert [each for each in inside if each in text] == []
    assert [problem for each in objects for problem in (*incoming.check(each), *allowed.check(each))] == []
