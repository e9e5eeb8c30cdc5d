"""Law 2: a score is a sum, each group of evidence capped."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns import score
from stillwatch.campaigns.findings import Evidence
from stillwatch.campaigns.score import GROUPS, Score, severity, weigh
from stillwatch.config import ScanConfig

FAMILIES = [family for families, _ in GROUPS.values() for family in families]
WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."


def evidence(family, bits, name="n"):
    return Evidence(family, name, bits, 1, 0, "AML.T0040", "It is so.")


some = st.lists(st.builds(evidence, st.sampled_from(FAMILIES), st.floats(-10, 15)), max_size=10)


@pytest.fixture(scope="module")
def campaign(population_of, crowd, named):
    """Thirty accounts on five cards that send one wrapper round one subject."""
    rows = crowd(250) + crowd(30, name="w", wrap=WRAP, subject=4)
    desk = [
        {"account_id": f"s{i:04}", "payment_fingerprint": f"s{i // 2}", "email_domain": f"m{i % 9}"} for i in range(250)
    ]
    desk += [
        {"account_id": f"w{i:04}", "payment_fingerprint": f"w{i % 5}", "email_domain": f"m{i % 9}"} for i in range(30)
    ]
    return named(population_of(rows, desk), "w")


def test_bits_are_the_prior_and_the_sum_of_the_evidence(campaign):
    found = weigh(campaign, campaign, ScanConfig())
    assert found.bits == found.prior + sum(e.bits for e in found.evidence)
    assert found.prior < 0
    assert [e.bits for e in found.evidence] == sorted((e.bits for e in found.evidence), reverse=True)
    assert found.speaks(ScanConfig())


def test_every_kind_of_evidence_is_of_a_group_and_none_of_two(campaign):
    found = weigh(campaign, campaign, ScanConfig())
    assert {e.family for e in found.evidence} <= set(FAMILIES)
    assert len(set(FAMILIES)) == len(FAMILIES)
    assert found.bits == pytest.approx(found.prior + sum(found.of_group(group) for group in GROUPS))


@pytest.mark.parametrize("family", ["content", "text", "sign_up", "network", "time", "client", "protocol"])
def test_a_family_that_is_left_out_is_not_weighed(campaign, family):
    settings = ScanConfig(leave_out=(family,))
    kept = weigh(campaign, campaign, settings)
    assert family not in {e.family for e in kept.evidence}
    uncapped = {e.name for e in weigh(campaign, campaign, ScanConfig()).evidence if e.family != family}
    assert {e.name for e in kept.evidence} == uncapped


def test_the_accounts_share_is_weighed_on_the_core_alone(campaign, named):
    everyone = weigh(campaign, campaign, ScanConfig())
    nobody = weigh(campaign, named(campaign.population, "s0000", "s0010", "s0020", "s0030"), ScanConfig())
    of = lambda found: {e.name: e.bits for e in found.evidence}  # noqa: E731
    assert of(nobody)["payment"] < of(everyone)["payment"]
    assert of(nobody)["shared_text"] == of(everyone)["shared_text"]


@given(some)
def test_a_group_says_no_more_than_one_observation_may(found):
    capped = [e for group in GROUPS for e in score._capped(found, group)]  # noqa: SLF001
    assert sorted(e.family for e in capped) == sorted(e.family for e in found), "nothing is lost or doubled"
    for group, (families, most) in GROUPS.items():
        before = [e for e in found if e.family in families]
        after = [e for e in capped if e.family in families]
        against = max(-score.MOST_AGAINST, sum(e.bits for e in before if e.bits < 0))
        speaking = sum(e.bits for e in before if e.bits > 0)
        assert sum(e.bits for e in after) == pytest.approx(min(most, speaking + against)), group
        for old, new in zip(before, after, strict=True):
            assert new == replace(old, bits=new.bits)
            assert min(0, old.bits) <= new.bits <= max(0, old.bits), "scaled down, never turned round"


ASKED, SIGNED, TIME = evidence("text", 10.0), evidence("sign_up", 12.0), evidence("time", 8.0)


@pytest.mark.parametrize(
    ("found", "speaks"),
    [
        ((ASKED, SIGNED), True),
        ((evidence("protocol", 10), SIGNED), True),
        ((SIGNED, TIME), False),  # a company at work: nothing says that anything is taken
        ((evidence("text", 40.0),), False),  # one group alone, however strong
        ((ASKED, evidence("content", 10.0)), False),  # two families of one group
        ((ASKED, evidence("sign_up", 3.0)), False),  # the second is not strong enough to stand by itself
        ((ASKED, SIGNED, evidence("time", -20.0)), False),  # enough against it
    ],
)
def test_what_passes_the_line(found, speaks):
    assert Score(-12.0, found).speaks(ScanConfig()) is speaks


def test_families_are_those_that_speak_the_strongest_first():
    found = (
        SIGNED,
        evidence("text", 3),
        evidence("text", 2, "m"),
        TIME,
        evidence("content", -1),
        evidence("client", 0),
    )
    assert Score(-12.0, found).families() == ("sign_up", "time", "text")


@pytest.mark.parametrize(("bits", "name"), [(-1, "low"), (0, "medium"), (7.9, "medium"), (8, "high"), (20, "critical")])
def test_severity_goes_by_bits(bits, name):
    assert severity(Score(bits, ()), ScanConfig(report_bits=-5)) == name
