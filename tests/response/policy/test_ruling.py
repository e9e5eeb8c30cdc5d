import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.findings import Evidence, Lookalike, Member, Signature
from stillwatch.campaigns.recognition import Recognition
from stillwatch.campaigns.score import GROUPS
from stillwatch.response.model import Limits, Rung
from stillwatch.response.policy.ruling import decide_on

NAMES = ["default", "strict", "hold", "free"]
ACCOUNTS = [f"a{n}" for n in range(1, 9)]
FAMILIES = ["content", "text", "sign_up", "network", "time", "protocol", "client", "alliance"]


@pytest.fixture(scope="module")
def of(found):
    """Builds findings from drawn values; the time is `found.NOW`."""

    def build(drawn):
        campaigns = []
        for number, (severity, evidence, accounts, fits, days, dismissed) in enumerate(drawn):
            seen = found.NOW - timedelta(days=days)
            campaigns.append(
                found.Found(
                    id=f"c-{number}",
                    severity=severity,
                    bits=sum(bits for _, bits in evidence),
                    evidence=tuple(Evidence(family, "n", bits, 0, 0, "", "") for family, bits in evidence),
                    accounts=tuple(Member(a, bits, 1, seen, seen) for a, bits in accounts),
                    lookalikes_considered=(Lookalike("class", fits, ""),),
                    signature=Signature(tuple(range(number * 9, number * 9 + 4))),
                    last_seen=seen,
                    dismissed=dismissed,
                )
            )
        return found.Findings(tuple(campaigns))

    return build


drawn_campaigns = st.lists(
    st.tuples(
        st.sampled_from(["low", "medium", "high", "critical"]),
        st.lists(st.tuples(st.sampled_from(FAMILIES), st.sampled_from([-2.0, 1.0, 5.0, 9.0])), min_size=1, max_size=4),
        st.lists(
            st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from([0.5, 3.0])),
            min_size=1,
            max_size=6,
            unique_by=lambda a: a[0],
        ),
        st.booleans(),
        st.sampled_from([0, 10]),
        st.booleans(),
    ),
    max_size=3,
)
desks = st.none() | st.lists(
    st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(["o1", "o2", None]), st.sampled_from([0, 400, None])),
    unique_by=lambda row: row[0],
)
names = st.sampled_from(NAMES)


@pytest.fixture(scope="module")
def table_of(accounts_of, found):
    def build(rows):
        if rows is None:
            return None
        return accounts_of(
            {"account_id": a, "organization_id": o, "created": None if age is None else found.NOW - timedelta(days=age)}
            for a, o, age in rows
        )

    return build


@pytest.fixture(scope="module")
def ruled(policies, of, table_of, found):
    """Rules on drawn values."""

    def rule(name, drawn, desk=None, **given_):
        arguments = {"standing": (), "now": found.NOW, "rng_seed": 7} | given_
        return decide_on(of(drawn), table_of(desk), policies[name], **arguments)

    return rule


def groups(drawn, account):
    """By hand: for each campaign that an account is in, the independent groups that speak for it."""
    for _, evidence, accounts, _, _, dismissed in drawn:
        if account in {a for a, _ in accounts} and not dismissed:
            sums = {g: sum(b for f, b in evidence if f in families) for g, (families, _) in GROUPS.items()}
            yield {g for g, bits in sums.items() if bits >= 4.0}


# The laws, whoever decides.


@given(names, drawn_campaigns, desks)
def test_nothing_above_cap_on_fewer_than_two_independent_families(ruled, name, drawn, desk):
    proposal = ruled(name, drawn, desk)
    for decision in proposal.decisions + proposal.waiting:
        if decision.scope == "account" and decision.action > Rung.CAP:
            assert max(len(found) for found in groups(drawn, decision.value)) >= 2


@given(names, drawn_campaigns, desks)
def test_imported_evidence_alone_never_leads_above_observe(ruled, name, drawn, desk):
    proposal = ruled(name, drawn, desk)
    for decision in proposal.decisions + proposal.waiting:
        assert decision.origin != "imported" or decision.action == Rung.OBSERVE
        if decision.scope == "account" and all(not g - {"elsewhere"} for g in groups(drawn, decision.value)):
            assert decision.action == Rung.OBSERVE


@given(names, drawn_campaigns, desks)
def test_a_hold_always_waits_for_a_signature(ruled, name, drawn, desk):
    proposal = ruled(name, drawn, desk)
    assert all(decision.action < Rung.HOLD and decision.by is None for decision in proposal.decisions)


@given(drawn_campaigns, desks, st.sets(st.sampled_from(ACCOUNTS)))
def test_whoever_is_exempt_is_never_touched(ruled, drawn, desk, freed):
    proposal = ruled("hold", drawn, desk, exempt=freed)
    exempt = {"a1"} | freed | {account for account, organization, _ in desk or () if organization == "o1"}
    touched = {d.value for d in proposal.decisions + proposal.waiting if d.scope == "account"}
    assert not touched & exempt
    declared = [d for d in proposal.decisions + proposal.waiting if d.value == "a2"]
    assert all(decision.action == Rung.OBSERVE for decision in declared)


@given(names, drawn_campaigns, desks)
def test_every_decision_ends(ruled, policies, name, drawn, desk):
    proposal = ruled(name, drawn, desk)
    policy = policies[name]
    longest = max(policy.recognised.hours, *(table.hours for table in policy.rungs.values()))
    for decision in proposal.decisions + proposal.waiting:
        assert timedelta(0) < decision.until - decision.since <= timedelta(hours=longest)


@given(names, drawn_campaigns, desks, st.integers(0, 5))
def test_the_same_input_has_the_same_output(ruled, name, drawn, desk, seed):
    assert ruled(name, drawn, desk, rng_seed=seed) == ruled(name, drawn, desk, rng_seed=seed)


@given(names, drawn_campaigns, desks, st.randoms())
def test_the_order_of_campaigns_accounts_and_rows_does_not_matter(  # noqa: PLR0917 — fixtures and drawn values
    policies, table_of, found, of, name, drawn, desk, random
):
    findings = of(drawn)

    def shuffled(values):
        return tuple(random.sample(values, len(values)))

    mixed = found.Findings(
        tuple(
            replace(c, accounts=shuffled(c.accounts), evidence=shuffled(c.evidence))
            for c in shuffled(findings.campaigns)
        )
    )
    given_ = {"standing": (), "now": found.NOW, "rng_seed": 1}
    rows = None if desk is None else shuffled(desk)
    assert decide_on(mixed, table_of(rows), policies[name], **given_) == decide_on(
        findings, table_of(desk), policies[name], **given_
    )


@given(names, drawn_campaigns, desks, st.booleans())
def test_responding_twice_decides_nothing_new(ruled, name, drawn, desk, simulated):
    first = ruled(name, drawn, desk, simulated=simulated)
    again = ruled(name, drawn, desk, simulated=simulated, standing=first.decisions, waiting=first.waiting, rng_seed=99)
    assert again.decisions == again.waiting == again.lifts == ()


@given(names, drawn_campaigns, desks)
def test_no_more_accounts_an_hour_than_the_blast_radius_without_a_person(  # noqa: PLR0917 — likewise
    ruled, policies, found, name, drawn, desk
):
    standing, waiting = [], []
    for minute in range(0, 60, 20):
        now = found.NOW + timedelta(minutes=minute)
        proposal = ruled(name, drawn, desk, standing=standing, waiting=waiting, now=now, simulated=False)
        standing += proposal.decisions
        waiting += proposal.waiting
    for rung, settings in policies[name].rungs.items():
        touched = {d.value for d in standing if d.scope == "account" and d.action == rung}
        assert rung == Rung.OBSERVE or len(touched) <= settings.accounts_an_hour


@given(names, drawn_campaigns, desks)
def test_there_is_one_decision_for_each_account_and_ids_differ(ruled, name, drawn, desk):
    proposal = ruled(name, drawn, desk)
    for part in (proposal.decisions, proposal.waiting):
        assert len({(d.scope, d.value) for d in part}) == len(part)
    ids = [d.id for d in proposal.decisions + proposal.waiting]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("d-[0-9a-f]{12}", id_) for id_ in ids)


@given(names, drawn_campaigns, desks)
def test_dismissed_campaigns_lead_to_nothing(ruled, name, drawn, desk):
    rejected = [(*campaign[:-1], True) for campaign in drawn]
    proposal = ruled(name, rejected, desk)
    assert (proposal.decisions, proposal.waiting) == ((), ())


# By example.


def campaign_of(found, *names_, **given_):
    return found.Findings((found.Found(accounts=found.members(*names_), **given_),))


def on(policy, findings, found, **given_):
    return decide_on(findings, None, policy, **({"standing": (), "now": found.NOW, "rng_seed": 3} | given_))


def actions(decisions):
    return {d.value: d.action for d in decisions}


def test_what_waits_leaves_the_highest_milder_rung_meanwhile(policies, found):
    proposal = on(policies["default"], campaign_of(found, "a", "b"), found)
    assert actions(proposal.decisions) == {"a": Rung.CAP, "b": Rung.CAP, "c-1": Rung.CAP}
    assert actions(proposal.waiting) == {"a": Rung.VERIFY, "b": Rung.VERIFY}


def test_the_campaigns_decision_recognises_the_next_account(policies, found):
    proposal = on(policies["strict"], campaign_of(found, "a"), found)
    (campaign,) = [d for d in proposal.decisions if d.scope == "campaign"]
    assert (campaign.value, campaign.action, campaign.template) == ("c-1", Rung.VERIFY, (1, 2, 3, 4))
    assert campaign.until - campaign.since == timedelta(hours=168)
    assert campaign.evidence == ("c-1:text:rare", "c-1:sign_up:card")


def test_accounts_that_hold_a_campaigns_means_are_met_beforehand(policies, found):
    known = {"c-1": Recognition((7, 8), ("new", "a"))}
    proposal = on(policies["strict"], campaign_of(found, "a"), found, recognitions=known)
    assert actions(proposal.decisions) == {"a": Rung.VERIFY, "new": Rung.VERIFY, "c-1": Rung.VERIFY}
    (new,) = [d for d in proposal.decisions if d.value == "new"]
    assert new.until - new.since == timedelta(hours=168)
    (campaign,) = [d for d in proposal.decisions if d.scope == "campaign"]
    assert campaign.template == (7, 8)
    careful = on(policies["default"], campaign_of(found, "a"), found, recognitions=known)
    assert actions(careful.decisions)["new"] == Rung.CAP
    assert "new" not in actions(careful.waiting)


def test_a_campaign_mostly_of_declared_use_has_nothing_to_recognise_by(policy_of, found):
    policy = policy_of(
        '[[rules]]\nname="r"\nthen="verify"\nfamilies={least=2}\n[[declared]]\naccount="a"\nwhat="x"\nuntil=2030-01-01\n'
    )
    proposal = on(policy, campaign_of(found, "a", "b"), found)
    assert actions(proposal.decisions) == {"a": Rung.OBSERVE, "b": Rung.VERIFY, "c-1": Rung.OBSERVE}


def test_beyond_the_blast_radius_accounts_wait_and_the_campaign_with_them(policy_of, found):
    policy = policy_of('[[rules]]\nname="r"\nthen="verify"\nfamilies={least=2}\n')
    small = policy.model_copy(
        update={
            "rungs": policy.rungs | {Rung.VERIFY: policy.rungs[Rung.VERIFY].model_copy(update={"accounts_an_hour": 1})}
        }
    )
    proposal = on(small, campaign_of(found, "a", "b"), found, simulated=False)
    assert actions(proposal.decisions) == {"a": Rung.VERIFY, "b": Rung.BUDGET, "c-1": Rung.OBSERVE}
    assert actions(proposal.waiting) == {"b": Rung.VERIFY, "c-1": Rung.VERIFY}
    later = on(
        small,
        campaign_of(found, "a", "b"),
        found,
        simulated=False,
        standing=proposal.decisions,
        waiting=proposal.waiting,
        now=found.NOW + timedelta(hours=1, seconds=1),
    )
    assert actions(later.decisions) == {"b": Rung.VERIFY, "c-1": Rung.VERIFY}
    assert later.moot == proposal.waiting


def test_a_renewal_that_waits_is_not_moot(policies, found):
    default = policies["default"]
    first = on(default, campaign_of(found, "a"), found, simulated=False)
    signed = (*first.decisions, *(replace(d, by="alice") for d in first.waiting))
    now = found.NOW + timedelta(hours=400)
    findings = found.Findings((found.Found(accounts=found.members("a", seen=now), last_seen=now),))
    second = on(default, findings, found, simulated=False, standing=signed, now=now)
    assert actions(second.waiting) == {"a": Rung.VERIFY}
    assert "a" not in actions(second.decisions)
    third = on(default, findings, found, simulated=False, standing=signed, waiting=second.waiting, now=now)
    assert (third.waiting, third.moot) == ((), ())


def test_onset_is_drawn_for_a_campaign_not_for_an_account(policies, found):
    findings = found.Findings(
        tuple(found.Found(id=f"c-{n}", accounts=found.members(f"{n}a", f"{n}b")) for n in range(5))
    )
    proposal = on(policies["default"], findings, found)
    begun = {}
    for decision in proposal.decisions:
        begun.setdefault(decision.campaign, set()).add(decision.since - found.NOW)
    assert all(len(moments) == 1 for moments in begun.values())
    moments = [moment for own in begun.values() for moment in own]
    assert len(set(moments)) == 5
    assert all(timedelta(0) <= moment <= timedelta(seconds=3600) for moment in moments)


def test_who_joins_a_campaign_begins_with_its_measures(policies, found):
    first = on(policies["default"], campaign_of(found, "a"), found)
    onset = first.decisions[0].since
    for later, begins in ((timedelta(0), onset), (timedelta(hours=2), found.NOW + timedelta(hours=2))):
        grown = on(
            policies["default"], campaign_of(found, "a", "b"), found, standing=first.decisions, now=found.NOW + later
        )
        assert [(d.value, d.since) for d in grown.decisions] == [("b", begins)]


def test_a_measure_is_renewed_after_half_its_time_if_the_account_went_on(policies, found):
    first = on(policies["strict"], campaign_of(found, "a"), found).decisions
    half = found.NOW + timedelta(hours=361)

    def at(now, seen):
        findings = found.Findings((found.Found(accounts=found.members("a", seen=seen), last_seen=seen),))
        renewed = on(policies["strict"], findings, found, standing=first, now=now).decisions
        return {(d.scope, d.action) for d in renewed}

    assert at(half - timedelta(hours=2), half) == {("campaign", Rung.VERIFY)}  # it lasts 168 hours, the account's 720
    assert at(half, found.NOW) == {("campaign", Rung.VERIFY)}  # it ended, and the campaign is still recognised
    assert at(half, half) == {("campaign", Rung.VERIFY), ("account", Rung.VERIFY)}


BY_SEVERITY = (
    '[[rules]]\nname="surely"\nseverity=["high", "critical"]\nfamilies={least=2}\nthen="verify"\n'
    '[[rules]]\nname="perhaps"\nthen="cap"\n'
)


def test_a_higher_measure_runs_out_by_itself(policy_of, found):
    policy = policy_of(BY_SEVERITY)
    held = on(policy, campaign_of(found, "a"), found).decisions
    milder = campaign_of(found, "a", severity="medium")
    assert on(policy, milder, found, standing=held).decisions == ()
    later = held[0].until + timedelta(seconds=1)
    assert actions(on(policy, milder, found, standing=held, now=later).decisions)["a"] == Rung.CAP


def test_a_higher_rung_follows_at_once(policy_of, found):
    policy = policy_of(BY_SEVERITY)
    held = on(policy, campaign_of(found, "a", severity="medium"), found).decisions
    now = found.NOW + timedelta(hours=1)
    raised = on(policy, campaign_of(found, "a"), found, standing=held, now=now).decisions
    assert {(d.value, d.action, d.since) for d in raised} == {("a", Rung.VERIFY, now), ("c-1", Rung.VERIFY, now)}


def test_another_limit_in_the_policy_is_a_new_decision(policy_of, found):
    rule = '[[rules]]\nname="r"\nthen="cap"\n'
    first = on(policy_of(rule), campaign_of(found, "a"), found).decisions
    assert {d.limits for d in first} == {Limits(max_tokens=100)}
    policy = policy_of(rule)
    cap = policy.rungs[Rung.CAP]
    changed = policy.model_copy(
        update={
            "rungs": policy.rungs
            | {Rung.CAP: cap.model_copy(update={"limits": cap.limits.model_copy(update={"max_tokens": 50})})}
        }
    )
    again = on(changed, campaign_of(found, "a"), found, standing=first).decisions
    assert {d.limits for d in again} == {Limits(max_tokens=50)}


def test_simulated_decisions_do_not_stand_in_for_real_ones(policies, found):
    shown = on(policies["strict"], campaign_of(found, "a"), found).decisions
    assert all(d.simulated for d in shown)
    real = on(policies["strict"], campaign_of(found, "a"), found, standing=shown, simulated=False).decisions
    assert actions(real) == actions(shown)
    assert not any(d.simulated for d in real)
    assert on(policies["strict"], campaign_of(found, "a"), found, standing=real).decisions == ()


def test_a_rejected_campaigns_measures_end_save_what_somebody_signed(policies, found):
    held = on(policies["strict"], campaign_of(found, "a", "b"), found, simulated=False).decisions
    signed = tuple(replace(d, by="alice") if d.value == "b" else d for d in held)
    rejected = campaign_of(found, "a", "b", id="c-9", dismissed=True)
    proposal = on(policies["strict"], rejected, found, standing=signed, simulated=False)
    assert {d.value for d in proposal.lifts} == {"a", "c-1"}


def test_what_waits_against_a_rejected_campaign_is_refused(policies, found):
    first = on(policies["default"], campaign_of(found, "a", "b"), found, simulated=False)
    proposal = on(
        policies["default"],
        campaign_of(found, "a", "b", dismissed=True),
        found,
        simulated=False,
        standing=first.decisions,
        waiting=first.waiting,
    )
    assert set(proposal.lifts) == {*first.decisions, *first.waiting}
    assert proposal.moot == ()


def test_an_account_that_is_in_another_campaign_keeps_its_measure(policies, found):
    held = on(policies["strict"], campaign_of(found, "a", "b"), found, simulated=False).decisions
    both = found.Findings(
        (
            found.Found(accounts=found.members("a", "b"), dismissed=True),
            found.Found(id="c-2", accounts=found.members("b"), signature=type(found.Found().signature)((9, 10))),
        )
    )
    assert "b" not in actions(on(policies["strict"], both, found, standing=held, simulated=False).lifts)


def test_it_says_what_it_does(policies, found):
    proposal = on(policies["default"], campaign_of(found, "a", "b"), found)
    assert proposal.says == ("c-1: cap for 2 accounts.", "c-1: verify for 2 accounts, once a person has signed it.")
