"""A grade is never better than its weakest requirement, and silence is never innocence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.forensics.facts import Facts, Lead, Rerun
from stillwatch.forensics.grading import grade
from stillwatch.forensics.model import Null

from . import verdict_sample as sample


def unmet(facts):
    return {each.name for each in grade(facts).requirements if not each.met}


def only(facts, test=sample.MARKED):
    """The facts of one test alone."""
    return replace(facts, suspect=tuple(each for each in facts.suspect if each.test == test))


def with_p(log10_p, *, keys=4, **changes):
    """The suspect's marked answers with this adjusted p on the first of some keys."""
    first = next(each for each in sample.suspect() if each.test == sample.MARKED)
    found = [replace(each, log10_p=-0.5, log10_p_holm=0.0) for each in first.keys]
    found[0] = replace(found[0], log10_p=log10_p, log10_p_holm=log10_p)
    return sample.facts(suspect=(replace(first, keys=tuple(found[:keys])),), **changes)


def test_all_met_is_shown():
    graded = grade(sample.facts())
    assert graded.grade == "shown"
    assert graded.test == sample.MARKED
    assert all(each.met for each in graded.requirements)


@pytest.mark.parametrize(
    ("changes", "missing", "reached"),
    [
        ({"departures": ("3 controls could not be asked.",)}, "followed", "corroborated"),
        ({"reruns": ()}, "re-run", "corroborated"),
        ({"reruns": (Rerun("somebody", blinded=False),)}, "re-run", "corroborated"),
        ({"reruns": (Rerun(sample.facts().by, blinded=True),)}, "re-run", "corroborated"),
        ({"reruns": (Rerun("a", blinded=True), Rerun("b", blinded=True, differs=("x",)))}, "re-run", "corroborated"),
        ({"positives": {}}, "positive control", "corroborated"),
        ({"positives": {"ours-1": sample.positives()["ours-1"]}}, "positive control", "corroborated"),
        ({"controls": dict(list(sample.controls().items())[:19])}, "enough controls", "corroborated"),
        ({"released_late": tuple(sample.controls())[:5]}, "enough controls", "corroborated"),
        ({"committed": False}, "committed", "lead"),
        ({"planned": False}, "planned", "lead"),
    ],
)
def test_what_is_missing_lowers_the_grade(changes, missing, reached):
    facts = sample.facts(**changes)
    assert unmet(facts) == {missing}
    assert grade(facts).grade == reached


def test_no_control_at_all_is_a_lead():
    facts = sample.facts(controls={})
    assert unmet(facts) == {"clean controls", "enough controls"}
    assert grade(facts).grade == "lead"


def test_controls_that_reject_refute_the_test():
    controls = sample.controls()
    guilty = {f"control-{i:02}": sample.positives()["ours-20"] for i in range(1, 8)}
    facts = sample.facts(controls=controls | guilty, leads=())
    assert "clean controls" in unmet(facts)
    assert grade(facts).grade == "none"


def test_one_control_that_no_chance_explains_refutes_the_test():
    facts = sample.facts(controls=sample.controls() | {"control-07": sample.positives()["ours-20"]}, leads=())
    assert "clean controls" in unmet(facts)
    assert grade(facts).grade == "none"


def test_a_null_that_is_off_refutes_the_test():
    off = tuple(replace(each, null=Null(300, 0.2, 0.09, 1e-20)) for each in sample.suspect())
    facts = sample.facts(suspect=off, leads=())
    assert "calibrated" in unmet(facts)
    assert grade(facts).grade == "none"


def test_a_null_that_finds_too_little_harms_nobody():
    cautious = tuple(replace(each, null=Null(300, 0.0, 0.0, 1e-9)) for each in sample.suspect())
    assert grade(sample.facts(suspect=cautious)).grade == "shown"


def test_a_watermark_without_wrong_keys_is_not_calibrated():
    bare = tuple(replace(each, null=Null(0, 0.0, 0.0, 1.0)) for each in sample.suspect())
    assert "calibrated" in unmet(sample.facts(suspect=bare))


def test_choices_need_no_wrong_keys():
    def as_choices(results):
        return tuple(replace(each, kind="canaries", null=Null(0, 0.0, 0.0, 1.0)) for each in results)

    facts = sample.facts(suspect=as_choices(sample.suspect()[:1]))
    assert unmet(facts) == set()


@pytest.mark.parametrize(
    ("log10_p", "keys", "alpha", "reached"),
    [
        (-4.0, 4, 1e-3, "shown"),
        (-4.0, 3, 1e-3, "corroborated"),
        (-6.5, 3, 1e-3, "shown"),
        (-6.5, 3, 1e-9, "corroborated"),
        (-6.5, 1, 1e-6, "shown"),
        (-5.9, 8, 1e-6, "corroborated"),
        (-3.1, 4, 1e-6, "corroborated"),
        (-2.9, 4, 1e-6, "none"),
        (-2.9, 4, 0.01, "none"),
    ],
)
def test_one_key_is_one_draw(log10_p, keys, alpha, reached):
    assert grade(with_p(log10_p, keys=keys, alpha=alpha, leads=())).grade == reached


def test_the_test_that_comes_furthest_gives_the_grade():
    """A stronger test whose wrong keys are off does not hide one that holds."""
    marked, read, choices = sample.suspect()
    off = replace(marked, null=Null(300, 0.3, 0.2, 1e-30))
    graded = grade(sample.facts(suspect=(off, read, choices)))
    assert (graded.grade, graded.test) == ("corroborated", sample.READ)


def test_nothing_found_is_none():
    graded = grade(with_p(-0.4, leads=()))
    assert graded.grade == "none"
    assert {each.name for each in graded.requirements if not each.met} == {"found", "alpha"}


def test_no_result_at_all_lists_every_requirement():
    facts = sample.facts(suspect=(), leads=(), campaigns=())
    graded = grade(facts)
    assert (graded.grade, graded.test) == ("none", "")
    assert len(graded.requirements) == len(grade(sample.facts()).requirements)


def test_leads_alone_stay_leads_however_many():
    leads = tuple(Lead(f"method-{i}", "It looks alike.", 0.01, 50) for i in range(9))
    assert grade(with_p(-0.4, leads=leads, campaigns=())).grade == "lead"


def test_two_sound_leads_and_a_campaign_corroborate():
    style, identity = Lead("style", "It looks alike.", 0.02, 30), Lead("identity", "It names us.", 0.0, 25)
    corroborated = with_p(-0.4, leads=(style, identity))
    assert grade(corroborated).grade == "corroborated"
    for weaker in (
        (style, replace(style, says="It looks alike again.")),
        (style, replace(identity, wrong=None)),
        (style, replace(identity, wrong=0.3)),
        (style, replace(identity, of=19)),
    ):
        assert grade(replace(corroborated, leads=weaker)).grade == "lead"


def test_what_many_unrelated_models_show_is_no_lead():
    leads = (Lead("identity", "It names somebody.", 0.31, 40),)
    assert grade(with_p(-0.4, leads=leads, campaigns=())).grade == "none"


def test_leads_never_reach_shown():
    leads = tuple(Lead(f"method-{i}", "It looks alike.", 0.0, 99) for i in range(9))
    assert grade(sample.facts(reruns=(), leads=leads)).grade == "corroborated"


PLACES = ("none", "lead", "corroborated", "shown")


@given(st.data())
def test_taking_evidence_away_never_raises_the_grade(data):
    whole = sample.facts()
    weaker = {
        "committed": False,
        "planned": False,
        "reruns": (),
        "positives": {},
        "controls": dict(list(whole.controls.items())[:3]),
        "departures": ("Somebody looked first.",),
        "leads": (),
        "campaigns": (),
        "suspect": whole.suspect[1:],
    }
    names = data.draw(st.lists(st.sampled_from(sorted(weaker)), unique=True))
    facts = whole
    for name in names:
        poorer = replace(facts, **{name: weaker[name]})
        assert PLACES.index(grade(poorer).grade) <= PLACES.index(grade(facts).grade)
        facts = poorer


@given(st.floats(-400, 0), st.integers(1, 4), st.sampled_from([1e-9, 1e-6, 1e-3]))
def test_shown_always_has_p_below_alpha_and_keys_enough(log10_p, keys, alpha):
    if grade(with_p(log10_p, keys=keys, alpha=alpha)).grade == "shown":
        assert 10**log10_p < alpha
        assert keys >= 4 or log10_p < -6


def test_no_requirement_speaks_of_innocence_or_theft():
    for facts in (sample.facts(), sample.facts(suspect=()), with_p(-0.4, leads=())):
        graded = grade(facts)
        said = " ".join(f"{each.wants} {each.says}" for each in (*graded.requirements, *graded.instead)).lower()
        assert not [word for word in ("theft", "stole", "innocence", "guilt") if word in said]


def test_an_empty_file_of_facts_is_graded_none():
    assert grade(Facts(alpha=1e-6, suspect=(), controls={}, positives={})).grade == "none"
