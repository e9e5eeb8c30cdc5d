import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.response.model import Rung
from stillwatch.response.policy.decider import Case
from stillwatch.response.policy.rules import Rule, Span, Table

SEVERITIES = ["low", "medium", "high", "critical"]

numbers = st.integers(0, 6)
spans = st.builds(lambda a, b: {"least": min(a, b), "most": max(a, b)}, numbers, numbers) | st.builds(
    lambda a: {"least": a}, numbers
)
words = st.sets(st.sampled_from(SEVERITIES), min_size=1).map(list)
rules = st.builds(
    lambda **given: Rule(name="r", then="observe", **{k: v for k, v in given.items() if v is not None}),
    severity=st.none() | words,
    families=st.none() | spans,
    plan=st.none() | st.sets(st.sampled_from(["free", "team"]), min_size=1),
    account_age_days=st.none() | spans,
    lookalike=st.none() | st.just(["class"]),
)
cases = st.builds(
    Case,
    severity=st.sampled_from(SEVERITIES),
    families=numbers,
    origin=st.just("own"),
    accounts=numbers,
    bits=st.just(1.0),
    evidence_age_days=st.just(0.0),
    lookalike=st.sampled_from([frozenset(), frozenset({"class"}), frozenset({"class", "application"})]),
    plan=st.sampled_from([None, "free", "team"]),
    account_age_days=st.none() | st.floats(0, 6),
)


@given(rules, rules, cases)
def test_whatever_fits_a_covered_rule_fits_the_one_that_covers_it(one, other, case):
    assert not (one.covers(other) and other.fits(case)) or one.fits(case)


@given(rules)
def test_a_rule_covers_itself(rule):
    assert rule.covers(rule)


@given(st.lists(rules, max_size=4), cases)
def test_the_first_rule_that_fits_wins(given_rules, case):
    named = tuple(rule.model_copy(update={"name": str(n)}) for n, rule in enumerate(given_rules))
    choice = Table(named).decide(case)
    fitting = [rule.name for rule in named if rule.fits(case)]
    assert (choice.because if choice else None) == (fitting[0] if fitting else None)


def test_what_is_unknown_fits_no_condition():
    case = Case("high", 2, "own", 5, 9.0, 0.0)
    assert not Rule(name="r", then="warn", plan=["free"]).fits(case)
    assert not Rule(name="r", then="warn", account_age_days={"least": 0}).fits(case)
    assert Rule(name="r", then="warn", severity=["high"]).fits(case)


def test_a_span_includes_its_ends():
    span = Span(least=1, most=3)
    assert [span.holds(n) for n in (0.9, 1, 3, 3.1)] == [False, True, True, False]


def test_a_span_that_nothing_fits_is_refused():
    with pytest.raises(ValueError, match="no number fits"):
        Span(least=3, most=1)


def test_rungs_are_words():
    assert Rule(name="r", then="hold").then is Rung.HOLD
    with pytest.raises(ValueError, match="did you mean 'verify'"):
        Rule(name="r", then="verfy")
