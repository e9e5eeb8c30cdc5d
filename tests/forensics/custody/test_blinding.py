import pytest

from stillwatch.errors import TrustError
from stillwatch.forensics.custody.blinding import Opening, Results, draw, unsealed
from stillwatch.forensics.model import Null, TestResult

NAMES = ["suspect", "control-01", "control-02", "positive"]


def _sealed():
    labels = draw(NAMES)
    found = tuple(
        TestResult("closed", "closed", label, "s", "window", 10, 0, (), Null(0, 0.0, 0.0, 1.0), (), "too little")
        for label in sorted(labels.labels)
    )
    results = Results(plan="0" * 64, seal=labels.seal, scored="2026-11-02T00:00:00Z", results=found)
    return results, Opening(**labels.model_dump(), results=results.digest)


def test_names_come_back_after_the_results_are_sealed():
    results, opening = _sealed()

    assert {each.subject for each in unsealed(results, opening, where="here")} == set(NAMES)
    assert Results.model_validate_json(results.text) == results
    assert not any(name.encode() in results.text for name in NAMES)


def test_labels_are_drawn_anew_and_their_order_tells_nothing():
    drawn = [draw(NAMES) for _ in range(60)]

    assert len({each.seal for each in drawn}) == 60
    assert {each.labels[min(each.labels)] for each in drawn} == set(NAMES)


def test_labels_cannot_be_swapped_nor_results_changed():
    results, opening = _sealed()
    first, second = sorted(opening.labels)[:2]
    swapped = opening.labels | {first: opening.labels[second], second: opening.labels[first]}

    with pytest.raises(TrustError, match="blinding"):
        unsealed(results, opening.model_copy(update={"labels": swapped}), where="blinding.json")
    with pytest.raises(TrustError, match="other results"):
        unsealed(results.model_copy(update={"results": results.results[1:]}), opening, where="blinding.json")
