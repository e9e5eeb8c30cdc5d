from hypothesis import given
from hypothesis import strategies as st

from stillwatch.response.decide import PASS, Asked, decide
from stillwatch.response.model import Limits, Rung, Spent
from stillwatch.response.snapshot import Gate, Measure, Snapshot

NOW = 1_800_000_000.0
ASKED = Asked("a", "o", "k")


def measure(action, *, since=-10.0, until=3600.0, simulated=False, limits=None, campaign="c"):
    return Measure("d-1", action, NOW + since, NOW + until, "unspecified", campaign, simulated, limits or Limits())


def verdict(snapshot, *, asked=ASKED, spent=None, now=NOW):
    return decide(asked, snapshot, spent or {}, now)


def test_who_has_no_measure_passes():
    assert verdict(Snapshot(accounts={"b": measure(Rung.HOLD)})) == PASS


def test_verify_and_hold_are_403_and_name_the_end():
    for action in (Rung.VERIFY, Rung.HOLD):
        found = verdict(Snapshot(accounts={"a": measure(action)}))
        assert (found.status, found.action, found.decision, found.retry_after) == (403, action, "d-1", 3600)


def test_a_measure_acts_from_its_beginning_to_its_end_and_no_longer():
    snapshot = Snapshot(accounts={"a": measure(Rung.HOLD, since=10, until=20)})
    assert [bool(verdict(snapshot, now=NOW + t).status) for t in (9.9, 10, 19.9, 20)] == [False, True, True, False]


def test_the_highest_of_account_organization_and_key_counts():
    snapshot = Snapshot(
        accounts={"a": measure(Rung.WARN)}, organizations={"o": measure(Rung.CAP)}, api_keys={"k": measure(Rung.VERIFY)}
    )
    assert verdict(snapshot).action == Rung.VERIFY
    assert verdict(snapshot, asked=Asked("a", "o")).action == Rung.CAP


def test_a_simulated_measure_changes_nothing_and_hides_no_real_one():
    simulated = measure(Rung.HOLD, simulated=True)
    found = verdict(Snapshot(accounts={"a": simulated}))
    assert found.simulated
    assert found.action == Rung.HOLD
    assert not found.status
    assert not found.capped
    both = Snapshot(accounts={"a": simulated}, organizations={"o": measure(Rung.CAP)})
    assert verdict(both).action == Rung.CAP
    assert verdict(both).capped


def test_the_switch_and_exemptions_let_everybody_pass():
    held = {"a": measure(Rung.HOLD)}
    assert verdict(Snapshot(enabled=False, accounts=held)) is PASS
    assert verdict(Snapshot(accounts=held, exempt=frozenset({"a"}))) is PASS
    assert verdict(Snapshot(accounts=held, exempt=frozenset({"o"}))) is PASS


def test_a_declared_use_is_touched_no_further_than_declared():
    held = Snapshot(accounts={"a": measure(Rung.HOLD)}, gate=Gate(most={"o": Rung.WARN}))
    assert verdict(held).action == Rung.WARN
    assert not verdict(held).status


def test_whoever_is_recognised_falls_under_the_campaigns_measure_up_to_the_gates():
    snapshot = Snapshot(campaigns={"c": measure(Rung.HOLD)}, gate=Gate(recognised=Rung.VERIFY))
    asked = Asked("new", campaign="c", kind="template")
    found = verdict(snapshot, asked=asked)
    assert (found.action, found.status, found.sighting) == (Rung.VERIFY, 403, "template")
    assert verdict(Snapshot(), asked=asked)._replace(sighting=None, campaign="") == PASS
    assert verdict(Snapshot(), asked=asked).sighting == "template"


def test_a_measure_of_ones_own_counts_and_not_the_campaigns():
    snapshot = Snapshot(accounts={"a": measure(Rung.WARN)}, campaigns={"c": measure(Rung.HOLD)})
    found = verdict(snapshot, asked=Asked("a", campaign="c", kind="template"))
    assert (found.action, found.sighting) == (Rung.WARN, None)


def test_a_budget_denies_once_it_is_spent_until_the_hour_is_over():
    snapshot = Snapshot(accounts={"a": measure(Rung.BUDGET, limits=Limits(requests_per_hour=5, tokens_per_hour=100))})
    assert verdict(snapshot, spent={"c": Spent(4, 99)}).status == 0
    assert verdict(snapshot, spent={"c": Spent(4, 99)}).capped
    for spent in (Spent(5, 0), Spent(0, 100)):
        found = verdict(snapshot, spent={"c": spent}, now=NOW - NOW % 3600 + 1000.5)
        assert (found.status, found.retry_after) == (429, 2600)


def test_a_decision_without_a_campaign_has_a_budget_of_its_own():
    snapshot = Snapshot(accounts={"a": measure(Rung.BUDGET, limits=Limits(requests_per_hour=1), campaign="")})
    assert verdict(snapshot, spent={"d-1": Spent(1)}).status == 429
    assert verdict(snapshot, spent={"": Spent(9)}).status == 0


measures = st.none() | st.builds(
    measure,
    st.sampled_from(Rung),
    since=st.floats(-1e4, 1e4),
    until=st.floats(-1e4, 1e4),
    simulated=st.booleans(),
    limits=st.builds(Limits, requests_per_hour=st.none() | st.integers(0, 3)),
)


@given(measures, measures, measures, measures, st.sampled_from(Rung), st.integers(0, 5))
def test_laws(account, organization, key, campaign, most, requests):  # noqa: PLR0917 — hypothesis gives them
    def table(value, found):
        return {value: found} if found else {}

    snapshot = Snapshot(
        accounts=table("a", account), organizations=table("o", organization), api_keys=table("k", key),
        campaigns=table("c", campaign), gate=Gate(recognised=most),
    )  # fmt: skip
    asked = Asked("a", "o", "k", "c", "template")
    found = verdict(snapshot, asked=asked, spent={"c": Spent(requests)})
    own = [m for m in (account, organization, key) if m and m.since <= NOW < m.until]
    assert not (found.simulated and (found.status or found.capped))
    assert not found.status or found.action >= Rung.BUDGET
    assert found.status in (0, 403, 429)
    if own:
        assert found.action <= max(m.action for m in own)
        assert not found.status or any(not m.simulated for m in own)
    else:
        assert found.action <= most
    if found.decision:
        assert found.until > NOW
