"""A wrong indicator does no harm by itself: it is too wide, too narrow or not enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.trust import blast
from stillwatch.exchange.trust.blast import Reach, Use, narrow, told, use
from stillwatch.exchange.trust.statements import Outcome
from stillwatch.indicators import patterns


@pytest.mark.parametrize(
    ("reach", "sources", "local", "found"),
    [
        (Reach(0, 900, 0, 9000), 9, True, Use.NO_MATCH),
        (Reach(1, 900, 50, 9000), 9, True, Use.ONE_ACCOUNT),
        (Reach(40, 900, 300, 9000), 1, False, Use.UNSUPPORTED),
        (Reach(40, 900, 300, 9000), 2, False, Use.USABLE),
        (Reach(40, 900, 300, 9000), 0, True, Use.USABLE),
        (Reach(91, 900, 300, 9000), 9, True, Use.TOO_WIDE),
        (Reach(40, 900, 2300, 9000), 9, True, Use.TOO_WIDE),
        (Reach(15, 30, 100, 9000), 2, False, Use.USABLE),  # a small provider
    ],
)
def test_what_a_match_is_worth(reach, sources, local, found):
    assert use(reach, sources=sources, local=local) is found


REACHES = st.integers(1, 5000).flatmap(
    lambda accounts: st.builds(Reach, st.integers(0, accounts), st.just(accounts), st.integers(0, 9000), st.just(9000))
)


@given(REACHES, st.integers(0, 10), st.booleans())
def test_usable_is_never_wide_narrow_or_of_one_source_alone(reach, sources, local):
    if use(reach, sources=sources, local=local) is Use.USABLE:
        assert local or sources >= 2
        assert 2 <= reach.accounts <= max(blast.FEW, blast.ACCOUNTS * reach.all_accounts)


def test_only_too_wide_is_told_without_a_person():
    assert {found: told(found) for found in Use if told(found)} == {Use.TOO_WIDE: Outcome.FALSE_POSITIVE}


def indicator(pattern):
    return {"pattern_type": patterns.PATTERN_TYPE, "pattern": patterns.write(pattern)}


def network(count, size):
    tokens = tuple(f"{n:032x}" for n in range(count))
    return patterns.AccountNetwork(key_epoch="2026Q4", edges={"payment": tokens}, min_overlap=2, size_bucket=size)


def cadence(**bounds):
    features = {"peak_concurrency_per_account": bounds, "interarrival_cv": bounds}
    return patterns.Cadence(features=features, window="P1D", all_of=True)


@pytest.mark.parametrize("pattern", [network(1, "1-9"), cadence(min=3.5, max=3.5)])
def test_what_could_point_at_one_account_is_refused(pattern):
    assert narrow(indicator(pattern))


@pytest.mark.parametrize("pattern", [network(2, "1-9"), network(1, "10-99"), cadence(min=3.5, max=24.0)])
def test_what_describes_several_is_not(pattern):
    assert narrow(indicator(pattern)) is None


def test_other_languages_are_not_ours_to_judge():
    assert narrow({"pattern_type": "stix", "pattern": "[ipv4-addr:value = '198.51.100.1']"}) is None
