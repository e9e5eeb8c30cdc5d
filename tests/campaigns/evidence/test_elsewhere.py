"""What others found: enough as a second reason, never alone, and nothing where it is common here."""

import numpy as np
import pytest

from stillwatch.campaigns.evidence import elsewhere
from stillwatch.campaigns.membership import belonging
from stillwatch.campaigns.population import sent_by_several
from stillwatch.campaigns.score import weigh as score_of
from stillwatch.campaigns.selection import select
from stillwatch.campaigns.signals import Signal
from stillwatch.config import ScanConfig
from stillwatch.profiles.accounts import profile

WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."
FEW = 6  # accounts: too few for cards or hours to tell


@pytest.fixture(scope="module")
def rows(crowd):
    return crowd(400) + crowd(FEW, name="w", wrap=WRAP, subject=4, requests=12)


def desk(*, domain="bought.example"):
    """Everybody has a card and a domain of their own, save that half of the few use one domain."""
    strangers = [
        {"account_id": f"s{i:04}", "payment_fingerprint": f"s{i}", "email_domain": f"s{i}.example"} for i in range(400)
    ]
    return strangers + [
        {"account_id": f"w{i:04}", "payment_fingerprint": f"w{i}", "email_domain": domain if i < FEW // 2 else f"w{i}"}
        for i in range(FEW)
    ]


def signal(**said):
    return Signal("campaign--one", ("indicator--one",), **said)


MEANS = signal(desk={"email_domain": frozenset({"bought.example"}), "payment_fingerprint": frozenset({"w4", "w5"})})


def test_a_group_too_small_to_be_seen_is_found_once_another_provider_has_said_so(population_of, rows):
    alone = select(population_of(rows, desk()), ScanConfig())
    assert alone == []
    told = population_of(rows, desk(), [MEANS])
    (found,) = select(told, ScanConfig())
    ids = told.profiles.ids.to_pylist()
    assert {ids[i][0] for i in found.membership.rows} == {"w"}
    assert found.score.of_group("elsewhere") >= ScanConfig().independent_bits


def test_a_signal_alone_accuses_nobody(population_of, crowd):
    """Strangers with nothing else in common, all of them on things that a foreign campaign uses."""
    strangers = frozenset(f"s{i}" for i in range(12))
    told = population_of(crowd(400), desk(), [signal(desk={"payment_fingerprint": strangers})])
    assert select(told, ScanConfig()) == []


def test_what_is_common_here_says_nothing(population_of, rows, named):
    everybody = frozenset(f"s{i}.example" for i in range(0, 400, 2)) | {"bought.example"}
    told = population_of(rows, desk(), [signal(desk={"email_domain": everybody})])
    assert elsewhere.weigh(named(told, "w")) == []


def test_the_words_of_a_foreign_wrapper_are_recognised_but_are_no_reason_of_their_own(
    population_of, rows, named, batch_of
):
    shingles = np.setdiff1d(
        sent_by_several(profile(batch_of([r for r in rows if r["account_id"][0] == "w"]))),
        sent_by_several(profile(batch_of([r for r in rows if r["account_id"][0] == "s"]))),
    )
    told = population_of(rows, desk(), [signal(shingles=shingles)])
    (known,) = elsewhere.weigh(named(told, "w"))
    assert known.name == "known_words"
    assert 0 < known.bits < ScanConfig().independent_bits
    assert known.observed == pytest.approx(1, abs=0.01)


def test_one_customer_with_a_used_card_is_no_reason(population_of, rows, named):
    told = population_of(rows, desk(), [signal(desk={"payment_fingerprint": frozenset({"w4"})})])
    assert sum(e.bits for e in elsewhere.weigh(named(told, "w"))) < ScanConfig().independent_bits


def test_a_contributor_counts_as_far_as_it_is_believed(population_of, rows, named):
    def said(weight):
        told = population_of(rows, desk(), [signal(desk=MEANS.desk, weight=weight)])
        return sum(e.bits for e in elsewhere.weigh(named(told, "w")))

    bits = [said(weight) for weight in (0.0, 0.05, 0.5, 0.9, 1.0)]
    assert bits[0] == 0
    assert bits == sorted(bits)
    assert bits[2] > bits[4] - 1.2, "who is right every second time loses a bit, not half of them"
    unproven = population_of(rows, desk(), [signal(desk=MEANS.desk, weight=0.05)])
    assert select(unproven, ScanConfig()) == []


def test_an_account_that_the_signal_names_belongs_by_more(population_of, rows, named):
    plain, told = population_of(rows, desk()), population_of(rows, desk(), [MEANS])
    without, with_ = belonging(named(plain, "w")), belonging(named(told, "w"))
    holders = np.isin(plain.profiles.ids.to_pylist(), [f"w{i:04}" for i in range(FEW)])
    assert (with_[holders] >= without[holders]).all()
    assert with_[holders].sum() > without[holders].sum()


def test_a_signal_that_fits_nobody_changes_nothing(population_of, rows, named):
    nothing = signal(desk={"payment_fingerprint": frozenset({"unknown"})}, shingles=np.array([7], np.uint32))
    plain, told = population_of(rows, desk()), population_of(rows, desk(), [nothing])
    one, other = (score_of(named(p, "w"), named(p, "w"), ScanConfig()) for p in (plain, told))
    assert one == other
    assert elsewhere.fitting(named(told, "w")) == ()
    assert elsewhere.fitting(named(population_of(rows, desk(), [nothing, MEANS]), "w")) == (1,)


def test_what_fits_more_accounts_than_any_campaign_has_is_switched_off_and_told(population_of, rows, named):
    everybody = signal(desk={"email_domain": frozenset(f"s{i}.example" for i in range(60))})
    told = population_of(rows, desk(), [everybody, MEANS])
    assert told.known.too_wide == ("campaign--one",)
    assert told.known.means.held[:, [0]].nnz == 0
    assert elsewhere.fitting(named(told, "w")) == (1,)


def test_another_campaign_that_merely_touches_this_one_is_not_confirmed_with_it(population_of, rows, named):
    touching = signal(desk={"payment_fingerprint": frozenset({"w1", *(f"s{i}" for i in range(20))})})
    told = population_of(rows, desk(), [MEANS, touching])
    assert elsewhere.fitting(named(told, "w")) == (0,)
