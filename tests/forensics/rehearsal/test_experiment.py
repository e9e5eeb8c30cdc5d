"""The bar: found at 5 %, nothing at 0 %, and the miss at 1 % shown as one. Further seeds: bench/radioactivity.py."""

import pytest

from stillwatch.forensics.radioactivity.statistics import binomial_interval
from stillwatch.forensics.rehearsal import Size, run
from stillwatch.forensics.rehearsal.experiment import CAMPAIGNS
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.forensics.schemes.vllm import Gumbel

ALPHA = -6.0  # log10


def by_share(rehearsal):
    return {student.share: student for student in rehearsal.students}


def test_a_small_rehearsal_finds_the_campaign_that_fed_a_student():
    students = by_share(run(5, shares=(0.2, 0.0), size=Size(300, 200, 100), wrong_keys=0))
    for result in students[0.2].results:
        assert result.keys[0].log10_p_holm < ALPHA
        assert all(key.log10_p_holm > -3 for key in result.keys[1:])
    assert students[0.0].log10_p > -3


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_found_at_5_percent_calibrated_at_0_and_missed_at_1(seed):
    students = by_share(run(seed, wrong_keys=0))
    for share in (1.0, 0.2, 0.05):
        assert [each.kind for each in students[share].results] == ["closed", "reading", "mass"]
        assert all(result.keys[0].log10_p_holm < ALPHA for result in students[share].results)
    assert students[0.01].log10_p > ALPHA, "documented as a miss: at 1 % there is too little to find"
    assert students[0.0].log10_p > -3
    for student in students.values():  # the keys of campaigns that fed nobody
        assert all(key.log10_p_holm > -4 for result in student.results for key in result.keys[1:])
        assert all(len(result.keys) == CAMPAIGNS for result in student.results)


@pytest.mark.slow
def test_false_alarms_at_0_percent_are_as_many_as_promised():
    """Over 1,000 keys that nobody used; the interval holds in 999 of 1,000 rehearsals."""
    (student,) = run(4, shares=(0.0,), wrong_keys=1000).students
    for result in student.results:
        least, most = binomial_interval(result.null.keys, 0.01, 0.999)
        assert result.null.keys >= 200
        assert least <= result.null.share_01 * result.null.keys <= most
        assert result.null.ks_p > 1e-4


@pytest.mark.slow
def test_a_window_as_wide_as_the_engines_default_misses_students():
    """Trap: at a width of 4 a student is missed that is found at 2; whoever calls that innocence acquits the guilty."""
    size = Size(taught=1000, said=600, read=40)
    narrow, wide = (
        run(6, GreenList(width, 0.25), shares=(0.05,), size=size, wrong_keys=0).students[0] for width in (2, 4)
    )
    assert narrow.results[0].log10_p < ALPHA
    assert all(result.log10_p > ALPHA for result in wide.results)


@pytest.mark.slow
def test_a_student_of_an_engines_gumbel_watermark_is_found():
    students = by_share(run(6, Gumbel(2), shares=(0.2, 0.0), size=Size(500, 300, 40), wrong_keys=0))
    assert all(result.keys[0].log10_p_holm < ALPHA for result in students[0.2].results)
    assert students[0.0].log10_p > -3
