import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.response.model import Rung
from stillwatch.response.policy.cedar import CedarDecider
from stillwatch.response.policy.decider import Case
from stillwatch.response.policy.ruling import decide_on

POLICIES = """
@id("coordinated") @reason("capability_resale")
permit (principal, action == Action::"verify", resource)
when { context.severity_rank >= 2 && context.families >= 2 && context.family.contains("text") };

@id("written down")
permit (principal, action in [Action::"observe", Action::"warn"], resource);

forbid (principal == Account::"trusted", action, resource)
unless { action == Action::"observe" };

forbid (principal, action, resource)
when { context has plan && context.plan == "enterprise" };
"""
CASE = {"severity": "high", "families": 2, "origin": "own", "accounts": 5, "bits": 9.5, "evidence_age_days": 0.4}


@pytest.fixture(scope="module")
def cedar():
    return CedarDecider(POLICIES)


def chosen(decider, **given_):
    choice = decider.decide(Case(**(CASE | given_)))
    return choice and (choice.action, choice.because)


def test_the_highest_action_that_is_permitted_is_taken(cedar):
    assert chosen(cedar, family=frozenset({"text", "time"})) == (Rung.VERIFY, "coordinated")
    assert chosen(cedar, family=frozenset({"time"})) == (Rung.WARN, "written down")
    assert chosen(cedar, severity="low", family=frozenset({"text"})) == (Rung.WARN, "written down")


def test_a_reason_is_told(cedar):
    assert cedar.decide(Case(**CASE, family=frozenset({"text"}))).reason == "capability_resale"


def test_forbid_wins(cedar):
    assert chosen(cedar, account="trusted", family=frozenset({"text"})) == (Rung.OBSERVE, "written down")
    assert chosen(cedar, plan="enterprise") is None


@pytest.mark.parametrize("account", ['a"b', "line\nbreak", "", "ü", "Account::x"])
def test_an_account_is_an_id_whatever_it_holds(cedar, account):
    assert chosen(cedar, account=account) == (Rung.WARN, "written down")


def test_a_policy_that_fails_to_evaluate_only_observes():
    decider = CedarDecider(
        'permit(principal, action, resource); forbid(principal, action, resource) when { context.plan == "free" };'
    )
    choice = decider.decide(Case(**CASE))
    assert choice.action == Rung.OBSERVE
    assert "plan" in choice.fault
    assert decider.decide(Case(**CASE, plan="team")).action == Rung.HOLD


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("permit(principal", "no Cedar policy"),
        ('permit(principal, action == Action::"verfy", resource);', "did you mean 'verify'"),
        ('permit(principal, action in [Action::"warn", Action::"ban"], resource);', "unknown action 'ban'"),
        ('@reason("spite") permit(principal, action, resource);', "unknown reason 'spite'"),
    ],
)
def test_what_is_no_policy_is_refused(text, says):
    with pytest.raises(ConfigError, match=says):
        CedarDecider(text)


def test_cedar_lies_beside_the_policy(policy_of, found):
    policy = policy_of('[decider]\ncedar = "my.cedar"\n', my_cedar=POLICIES)
    findings = found.Findings((found.Found(accounts=found.members("a", "trusted")),))
    proposal = decide_on(findings, None, policy, standing=(), now=found.NOW, rng_seed=0)
    actions = {d.value: d.action for d in proposal.decisions}
    assert actions == {"a": Rung.VERIFY, "trusted": Rung.OBSERVE, "c-1": Rung.VERIFY}
    other = policy_of('[decider]\ncedar = "my.cedar"\n', my_cedar="permit(principal, action, resource);")
    assert other.digest != policy.digest


def test_the_fault_of_a_policy_is_named(policy_of, found):
    policy = policy_of(
        '[decider]\ncedar="my.cedar"\n', my_cedar="permit(principal, action, resource) when {context.x};"
    )
    findings = found.Findings((found.Found(accounts=found.members("a")),))
    proposal = decide_on(findings, None, policy, standing=(), now=found.NOW, rng_seed=0)
    assert {d.action for d in proposal.decisions} == {Rung.OBSERVE}
    assert any("attribute `x`" in line for line in proposal.says)


def test_a_cedar_file_that_is_not_there(policy_of):
    with pytest.raises(ConfigError, match=r"gone\.cedar cannot be read"):
        policy_of('[decider]\ncedar = "gone.cedar"\n')


def test_rules_and_cedar_do_not_both_decide(policy_of):
    with pytest.raises(ConfigError, match="either rules decide"):
        policy_of('[decider]\ncedar = "a.cedar"\n[[rules]]\nname="r"\nthen="warn"\n', a_cedar=POLICIES)


@given(st.integers(0, 5), st.sampled_from(["low", "medium", "high", "critical"]), st.floats(-100, 1000), st.text())
def test_every_case_has_an_answer(cedar, families, severity, bits, account):
    case = Case(severity, families, "both", 3, bits, 1.5, frozenset({"text"}), account=account, account_bits=bits)
    assert not cedar.decide(case).fault
