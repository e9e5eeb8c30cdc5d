"""Look-alikes: every innocent explanation is considered, and each fits what it explains."""

import pytest

from stillwatch.campaigns.findings import Evidence
from stillwatch.campaigns.lookalikes import considered
from stillwatch.campaigns.score import Score

NAMES = ["one-customer", "popular-prompt", "public-benchmark", "class", "common-interest", "application"]


def score(**bits):
    return Score(-12.0, tuple(Evidence("f", name, b, 0, 0, "AML.T0040", "") for name, b in bits.items()))


@pytest.fixture
def fits(population_of, named):
    """The names of the explanations that fit."""

    def make(rows, desk=None, **bits):
        found = considered(named(population_of(rows, desk), "t"), score(**bits))
        assert [one.name for one in found] == NAMES
        assert all(one.says.endswith(".") for one in found)
        return {one.name for one in found if one.fits}

    return make


CAMPAIGN = {"payment": 12.0, "one_subject": 8.0, "in_step": 5.0, "shared_text": 8.0}


def test_none_fits_a_campaign(fits, crowd):
    assert fits(crowd(100) + crowd(20, name="t", subject=3), **CAMPAIGN) == set()


def test_one_customer(fits, crowd):
    desk = [{"account_id": f"t{i:04}", "payment_fingerprint": "p", "email_domain": "m"} for i in range(18)]
    assert fits(crowd(20, name="t"), desk, **CAMPAIGN) == {"one-customer"}


def test_a_popular_prompt(fits, crowd):
    wrap = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {}"
    rows = crowd(200) + crowd(20, name="t", wrap=wrap)
    assert "popular-prompt" in fits(rows, shared_text=8.0, payment=-2.0)
    assert "popular-prompt" not in fits(rows, shared_text=8.0, payment=9.0)


def test_a_public_benchmark(fits, crowd):
    rows = crowd(100) + crowd(20, name="t")
    assert "public-benchmark" in fits(rows, one_subject=8.0, payment=-1.0, in_step=-1.0)
    assert "public-benchmark" not in fits(rows, one_subject=8.0, payment=-1.0, in_step=4.0)


@pytest.mark.parametrize(
    ("hours", "plan", "is_one"), [(5, "education", True), (60, "education", False), (5, "pro", False)]
)
def test_a_class(fits, crowd, hours, plan, is_one):
    rows = [row | {"hour": row["hour"] / 300 * hours} for row in crowd(20, name="t")]
    desk = [{"account_id": f"t{i:04}", "plan": plan} for i in range(20)]
    assert ("class" in fits(rows, desk, **CAMPAIGN)) is is_one


def test_a_common_interest(fits, crowd):
    assert fits(crowd(20, name="t"), **(CAMPAIGN | {"one_subject": -3.0, "shared_text": -1.0})) == {"common-interest"}


def test_an_application(fits, crowd):
    rows = crowd(19, name="t", requests=1) + crowd(1, name="tt", requests=90)
    assert fits(rows, **CAMPAIGN) == {"application"}
