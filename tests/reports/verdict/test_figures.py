"""Figures in words, the same in every form."""

from stillwatch.forensics.verdict import Event, Lead
from stillwatch.reports.verdict import figures


def test_a_rate_has_its_interval_in_its_unit(document, sample):
    rows = {(row.test, row.key): row for row in figures.keys(document)}
    first = next(iter(sample.KEYS))
    assert rows[sample.MARKED, first].rate == "1.036 (1.028 to 1.044)"
    assert rows[sample.READ, first].rate == "25.67% (25.38% to 25.96%)"
    assert (rows[sample.MARKED, first].chance, rows[sample.READ, first].chance) == ("1.000", "25.00%")
    assert [row.reached for row in rows.values()] == [True, *[False] * 7]


def test_every_control_stands_in_every_test(document, sample):
    controls = figures.others(document)
    assert [each.role for each, _ in controls] == ["positive"] * 3 + ["control"] * 24
    assert figures.with_results(document) == [sample.MARKED, sample.READ]
    assert {len(rows) for _, rows in controls} == {2}
    assert all(row is not None for _, rows in controls for row in rows)


def test_a_control_without_a_result_has_none(sample):
    first, *rest = sample.controls()
    controls = {first: ()} | {name: sample.controls()[name] for name in rest}
    rows = {each.id: found for each, found in figures.others(sample.document(controls=controls))}
    assert rows[first] == [None, None]


def test_a_lead_is_never_told_without_its_error():
    known = Lead(name="style", says="Alike.", wrong=0.25, of=24)
    assert figures.lead(known) == "Style. Alike. Of 24 models that have nothing to do with it, 25% show as much."
    unknown = known.model_copy(update={"wrong": None})
    assert figures.lead(unknown) == "Style. Alike. How often it is wrong is not known."


def test_an_event_without_a_witness(sample):
    assert figures.event(Event(at=sample.MADE, says="It came.")) == "20 Nov 2026 16:40: It came."


def test_the_three_ways_of_requirements(document):
    assert [len(requirements) for _, requirements in figures.needs(document)] == [6, 5, 2]
