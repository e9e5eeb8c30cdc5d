"""What follows from a judgement: who is measured, for how long, whose own customers are spared, what is lifted."""

from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.campaigns.findings import Campaign, Evidence, Findings, Inputs, Member
from stillwatch.campaigns.recognition import Recognition
from stillwatch.reports.document import to_document
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Rung, Sighting
from stillwatch.response.policy.policy import load, packaged
from stillwatch.watch.acting import LIFTED, OTHERS, SEEN, Acting
from stillwatch.watch.judgement import Judgement

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
WORDS = (11, 22, 33, 44)


def campaign(*accounts, name="c-1", bits=12.0, covered=0.9):
    evidence = tuple(
        Evidence(family, each, (bits + 12) / 2, covered, 0, "AML.T0024", "It is so.")
        for family, each in (("text", "shared_text"), ("sign_up", "payment"))
    )
    members = tuple(Member(a, 6.0, 10, NOW - timedelta(hours=5), NOW) for a in accounts)
    moments = {"first_seen": NOW - timedelta(hours=5), "crossed_at": NOW, "last_seen": NOW}
    return Campaign(
        id=name, bits=bits, prior=-12.0, severity="high", families=("text", "sign_up"), **moments,
        requests=100, requests_before_crossing=50, usage_input_tokens=1, usage_output_tokens=1, accounts=members,
        evidence=evidence, lookalikes_considered=(), timeline=(), links=(), shared_text=(),
    )  # fmt: skip


def judgement(*campaigns, template=(), newcomers=(), whole=True):
    inputs = Inputs(0, 1000, 100, 0, sign_up=True, notes=())
    document = to_document(Findings(NOW - timedelta(days=1), NOW, campaigns, inputs))
    found = Recognition(tuple(template), tuple(newcomers))
    return Judgement(document, {each.id: found for each in campaigns}, (), whole)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(str(tmp_path / "ledger.sqlite")) as opened:
        yield opened


@pytest.fixture
def told():
    return []


@pytest.fixture
def acting(ledger, told):
    return Acting(load(packaged("strict")), ledger, told.append, by="ana")


def measured(ledger, now=SOON):
    return {d.value: d for d in ledger.standing(now) if d.scope == "account"}


def test_members_are_measured_and_the_gateways_told(acting, ledger, told):
    acting.judged(judgement(campaign("a", "b", "c")), None, NOW)
    assert {a: d.action for a, d in measured(ledger).items()} == dict.fromkeys("abc", Rung.VERIFY)
    assert told == [NOW]


def test_without_a_person_everything_is_simulated(ledger, told):
    Acting(load(packaged("strict")), ledger, told.append).judged(judgement(campaign("a", "b", "c")), None, NOW)
    assert measured(ledger)
    assert all(d.simulated for d in ledger.standing(SOON))


def test_the_same_judgement_twice_decides_nothing_new(acting, ledger):
    found = judgement(campaign("a", "b", "c"), template=WORDS, newcomers=["n"])
    acting.judged(found, None, NOW)
    before = ledger.head()
    acting.judged(found, None, SOON)
    assert ledger.head() == before


def test_who_signed_up_with_the_campaigns_means_is_measured_for_a_short_time(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), newcomers=["n"]), None, NOW)
    new = measured(ledger)["n"]
    assert new.evidence[0] == "c-1:sign_up:recognised"
    assert new.until == NOW + timedelta(hours=acting.policy.recognised.hours)
    assert new.campaign == "c-1"


def test_whom_a_gateway_recognised_is_in_the_ledger_once(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c")), None, NOW)
    seen = [
        Sighting("n", "c-1", "template", 0.0),
        Sighting("n", "c-1", "failover", 1.0),
        Sighting("a", "c-1", "template", 2.0),
    ]
    acting.heard(seen, (), SOON)
    before = ledger.head()
    acting.heard(seen, (), SOON)
    assert ledger.head() == before
    assert set(measured(ledger)) == {"a", "b", "c", "n"}


def test_nobody_is_measured_for_a_campaign_that_is_unknown_or_only_observed(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c", bits=0.0)), None, NOW)
    acting.heard([Sighting("n", "c-2", "template", 0.0)], (), SOON)
    assert "n" not in measured(ledger)


def test_whom_the_evidence_no_longer_names_is_free_again(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c", "d"), newcomers=["n"]), None, NOW)
    gone = measured(ledger)["d"].id
    acting.judged(judgement(campaign("a", "b", "c")), None, SOON)
    acting.judged(judgement(campaign("a", "b", "c"), whole=False), None, SOON)
    assert "d" in measured(ledger)
    acting.judged(judgement(campaign("a", "b", "c")), None, SOON)
    assert set(measured(ledger)) == {"a", "b", "c", "n"}
    assert any(LIFTED in str(entry) and gone in str(entry) for entry in ledger.history("d"))


def test_a_campaign_that_is_gone_leaves_nothing_behind(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    acting.judged(judgement(), None, SOON)
    acting.judged(judgement(), None, SOON)
    assert not ledger.standing(SOON)


def test_an_accounts_own_customers_are_spared_until_it_is_known_to_have_none(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    assert all(d.spares for d in measured(ledger).values())
    acting.heard((), [("shown.c-1", SEEN - 1)], SOON)
    assert all(d.spares for d in measured(ledger).values())
    acting.heard((), [("shown.c-1", 1)], SOON)
    assert set(measured(ledger)) == set("abc")
    assert not any(d.spares for d in measured(ledger).values())


def test_who_is_recognised_by_the_template_is_asked_about_the_template_alone(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    acting.heard([Sighting("n", "c-1", "template", 0.0)], (), SOON)
    assert measured(ledger)["n"].spares


def test_an_account_at_the_edge_keeps_its_measure(acting, ledger):
    for accounts in ("abcd", "abc", "abcd", "abc"):
        acting.judged(judgement(campaign(*accounts)), None, NOW)
    assert "d" in measured(ledger)


def test_a_resellers_customers_stay_spared(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    others = int(OTHERS * 10 * SEEN) + 2
    acting.heard((), [("shown.c-1", 10 * SEEN - others), ("spared.c-1", others)], SOON)
    assert all(d.spares for d in measured(ledger).values())


def test_without_a_template_all_requests_of_a_member_are_meant(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c")), None, NOW)
    assert not any(d.spares for d in measured(ledger).values())


def test_a_campaign_under_another_name_leaves_spared_who_was_spared(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    others = campaign("x", "y", "z", name="c-2")
    for _ in range(2):
        acting.judged(judgement(others, template=WORDS), None, SOON)
        assert all(d.spares for d in measured(ledger).values() if d.campaign == "c-1")


def test_words_that_few_of_its_accounts_send_tell_nothing_apart(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c", covered=0.3), template=WORDS), None, NOW)
    assert not any(d.spares for d in measured(ledger).values())


def test_whom_a_template_comes_to_cover_is_spared_from_then_on(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c", covered=0.3), template=WORDS[:1]), None, NOW)
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, SOON)
    assert set(measured(ledger)) == set("abc")
    assert all(d.spares for d in measured(ledger).values())


def test_whom_a_template_no_longer_covers_is_meant_as_a_whole(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    acting.judged(judgement(campaign("a", "b", "c", covered=0.3), template=WORDS), None, SOON)
    assert set(measured(ledger)) == set("abc")
    assert not any(d.spares for d in measured(ledger).values())


def test_what_gateways_look_for_needs_no_group_of_a_size(acting, ledger):
    acting.judged(judgement(campaign("a", "b", "c"), template=WORDS), None, NOW)
    (whole,) = [d for d in ledger.standing(SOON) if d.scope == "campaign"]
    assert whole.template == WORDS
