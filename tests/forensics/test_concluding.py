"""What a verdict says, from a plan and what was found."""

from dataclasses import replace

import pytest

from stillwatch.forensics import concluding, verdict
from stillwatch.forensics.grading import grade

from . import verdict_sample as sample


@pytest.fixture(scope="module")
def document():
    return sample.document()


def test_every_rate_has_its_interval(document):
    figures = [key for result in document.results for key in result.keys]
    assert len(figures) > 100
    assert all(each.low < each.rate < each.high for each in figures)
    assert {round(each.chance, 6) for each in figures} == {0.25, 1.0}


def test_every_subject_and_every_test_is_told(document):
    assert {each.id for each in document.subjects} == {each.id for each in sample.plan().subjects}
    assert {each.name for each in document.tests} == {each.name for each in sample.plan().tests}
    assert [each.role for each in document.results if each.test == sample.MARKED][:4] == ["suspect", *["positive"] * 3]


def test_what_was_not_tested_is_told(document):
    text = " ".join(document.not_tested)
    assert "choices has no result: 83 choices could be compared; at least 200 are needed." in text
    assert "rephrasings" in text
    assert "training data" in text


def test_a_test_that_was_not_run_is_told():
    assert "reading was planned and not run." in sample.document(suspect=sample.suspect()[:1]).not_tested


def test_controls_without_a_result_are_told():
    controls = {name: found[:1] for name, found in sample.controls().items()}
    few = controls | dict(list(sample.controls().items())[3:])
    text = sample.document(controls=few).not_tested
    assert "reading has no result for control-01, control-02 and control-03." in text
    assert "reading has no result for 24 of the 27 controls." in sample.document(controls=controls).not_tested


def test_the_campaign_whose_key_reaches_alpha_is_told(document):
    fed, other = document.campaigns
    assert (fed.id, fed.accounts, fed.reached) == ("c-3f9a1b72", 212, True)
    assert (other.id, other.reached) == ("c-b07e55d1", False)
    assert "c-3f9a1b72 (212 accounts)" in " ".join(document.says)


def test_a_campaign_without_findings_is_of_unknown_size():
    (fed, _) = sample.document(campaigns=()).campaigns
    assert fed.accounts is None


def test_the_share_is_estimated_from_positive_controls_only(document):
    marked, read = document.estimates
    assert 0.01 < marked.low < marked.high < 0.2
    assert 0.01 < read.low < read.high < 0.2
    assert sample.document(positives={"ours-5": sample.positives()["ours-5"]}).estimates == ()


@pytest.mark.parametrize("changes", [{}, {"suspect": ()}, {"committed": False}, {"leads": (), "suspect": ()}])
def test_nothing_is_ever_called_innocent_or_stolen(changes):
    text = verdict.dumps(sample.document(**changes)).lower()
    assert "probability of copying" not in text
    assert not [word for word in ("theft", "stole", "guilty", "proven", "proof") if word in text]
    assert text.count("innocence") == text.count("no finding of innocence")


def test_p_is_explained_in_one_sentence(document):
    first, *_ = document.p_says.split(". ")
    assert first == (
        "p is the probability of this result or a stronger one"
        " if the suspect was trained without access to what we keyed"
    )


def test_nothing_shown_is_no_finding_of_innocence():
    document = sample.document(suspect=(), leads=())
    assert document.grade == "none"
    assert "no finding of innocence" in document.headline
    assert "no finding of innocence" in document.limits[0]


def test_limits_follow_the_facts():
    wide = sample.plan(tests=tuple(each.model_copy(update={"width": 4}) for each in sample.plan().tests))
    facts = sample.facts(stamped=False, released_late=("control-03",))
    document = concluding.build(wide, facts, grade(facts), made=sample.MADE)
    text = " ".join(document.limits)
    assert "windows of four tokens" in text
    assert "Nobody else vouches" in text
    assert "control-03" in text
    assert "88,300 of the 120,000" in text
    assert [each.id for each in document.subjects if not each.counted] == ["control-03"]


def test_events_stand_in_the_order_of_time():
    facts = sample.facts()
    events = sample.timeline()
    document = concluding.build(sample.plan(), facts, grade(facts), made=sample.MADE, timeline=reversed(events))
    assert document.timeline == events


def test_a_result_of_a_p_that_no_double_holds():
    first, *rest = sample.suspect()
    tiny = replace(first, keys=(replace(first.keys[0], log10_p=-9876.5, log10_p_holm=-9875.6),))
    document = sample.document(suspect=(tiny, *rest))
    assert document.results[0].log10_p == -9875.6
    assert "10⁻⁹⁸⁷⁶" in " ".join(document.says)
