"""Whose word counts about whom."""

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.trust.judgement import Roster, judge
from stillwatch.exchange.trust.standing import PROVEN, Standing, State
from stillwatch.exchange.trust.statements import Claim, Outcome, Statement

RIGHT, WRONG = Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE
HONEST = tuple(f"honest-{n}" for n in range(8))
ROSTER = Roster(admitted=frozenset(HONEST))


def claims(*publishers, each=PROVEN):
    return {
        f"indicator--{who}-{n}": Claim(f"indicator--{who}-{n}", who, "vocabulary", 0)
        for who in publishers
        for n in range(each)
    }


def words(tellers, about, outcome, each=PROVEN, time=1):
    return [Statement(f"indicator--{about}-{n}", who, outcome, time) for who in tellers for n in range(each)]


def weight(judgement, who):
    return judgement.contributors[who].weights["vocabulary"]


def test_nobody_vouches_for_himself():
    found = judge(claims("honest-0"), words(["honest-0"], "honest-0", RIGHT), ROSTER, 2)
    assert found == judge(claims("honest-0"), [], ROSTER, 2)


def test_affiliates_are_one_party():
    roster = Roster(admitted=frozenset(HONEST), affiliates=(frozenset({"honest-0", "honest-1", "honest-2"}),))
    praise = words(["honest-1", "honest-2"], "honest-0", RIGHT)
    unheard = judge(claims("honest-0"), [], roster, 2)
    assert weight(judge(claims("honest-0"), praise, roster, 2), "honest-0") == weight(unheard, "honest-0")
    blame = words(["honest-0", "honest-1"], "honest-5", WRONG)
    found = judge(claims("honest-5"), blame, roster, 2).indications["indicator--honest-5-0"]
    assert (found.state, found.disputes) == (State.REPORTED, 1)


def test_the_operators_admission_is_a_beginning_and_a_strangers_word_is_none():
    found = judge(claims("honest-0", "new"), [], ROSTER, 2)
    assert weight(found, "honest-0") > 0.7
    assert weight(found, "new") < 0.06


def test_a_newcomer_is_heard_by_nobody():
    said = words(["new-1", "new-2"], "honest-0", WRONG) + words(["new-1", "new-2"], "new-3", RIGHT)
    found = judge(claims("honest-0", "new-3"), said, ROSTER, 2)
    assert found.indications["indicator--honest-0-0"].state is State.REPORTED
    assert found.contributors["new-3"].standing is Standing.QUARANTINED


def test_a_newcomer_earns_its_place_and_is_heard_from_then_on():
    said = words(HONEST[:2], "new", RIGHT) + words(["new"], "honest-0", RIGHT)
    found = judge(claims("honest-0", "new"), said, ROSTER, 2)
    assert found.contributors["new"].standing is Standing.ADMITTED
    assert weight(found, "honest-0") > weight(judge(claims("honest-0", "new"), [], ROSTER, 2), "honest-0")


def test_who_earned_his_place_vouches_for_nobody_elses():
    said = words(HONEST[:2], "new", RIGHT) + words(["new", "honest-0"], "sybil", RIGHT)
    found = judge(claims("new", "sybil"), said, ROSTER, 2)
    assert found.contributors["sybil"].standing is Standing.QUARANTINED


def test_the_kill_switch_silences_past_words_too():
    said = words(HONEST[:2], "honest-5", WRONG)
    assert judge(claims("honest-5"), said, ROSTER, 2).indications["indicator--honest-5-0"].state is State.DISPUTED
    off = Roster(admitted=frozenset(HONEST), suspended=frozenset(HONEST[:1]))
    found = judge(claims("honest-5"), said, off, 2)
    assert found.indications["indicator--honest-5-0"].state is State.REPORTED
    assert found.contributors["honest-0"].standing is Standing.SUSPENDED


DECOY = {"indicator--decoy": Claim("indicator--decoy", "honest-7", "vocabulary", 0)}


def decoyed(time, *, pardoned=None):
    pardons = {} if pardoned is None else {"honest-0": pardoned}
    roster = Roster(frozenset(HONEST), decoys=frozenset(DECOY), pardons=pardons)
    confirmation = Statement("indicator--decoy", "honest-0", RIGHT, time)
    later = Statement("indicator--decoy", "honest-0", Outcome.UNSURE, time + 1)
    said = [*words(["honest-0"], "honest-1", RIGHT), confirmation, later]
    return judge(claims("honest-1") | DECOY, said, roster, 100)


def test_who_confirms_a_decoy_loses_standing_and_is_not_heard_though_it_takes_it_back():
    found = decoyed(5)
    assert found.contributors["honest-0"].standing is Standing.QUARANTINED
    assert weight(found, "honest-1") == weight(judge(claims("honest-1"), [], ROSTER, 2), "honest-1")


def test_the_operator_may_pardon():
    assert decoyed(5, pardoned=50).contributors["honest-0"].standing is Standing.ADMITTED
    assert decoyed(60, pardoned=50).contributors["honest-0"].standing is Standing.QUARANTINED


def test_two_who_collude_among_ten_lift_nobody_over_the_honest():
    roster = Roster(admitted=frozenset({*HONEST, "sybil-0", "sybil-1"}))
    said = (
        words(["sybil-0"], "sybil-1", RIGHT, 50)
        + words(["sybil-1"], "sybil-0", RIGHT, 50)
        + words(HONEST[1:5], "honest-0", RIGHT)
        + words(HONEST[:2], "sybil-0", WRONG)
    )
    found = judge(claims("sybil-0", "sybil-1", "honest-0", each=50), said, roster, 2)
    assert weight(found, "sybil-0") < weight(found, "sybil-1") < weight(found, "honest-0")
    assert not found.indications["indicator--sybil-0-0"].automatic


STATEMENTS = st.lists(
    st.builds(
        Statement,
        st.sampled_from(sorted(claims(*HONEST[:3], "new", each=3))),
        st.sampled_from([*HONEST, "new"]),
        st.sampled_from(Outcome),
        st.integers(1, 50),
    ),
    unique_by=lambda word: (word.indicator, word.teller),
)


@given(STATEMENTS, st.randoms())
def test_the_order_of_words_of_different_members_does_not_matter(said, random):
    shuffled = random.sample(said, len(said))
    every = claims(*HONEST[:3], "new", each=3)
    one, other = judge(every, said, ROSTER, 60), judge(every, shuffled, ROSTER, 60)
    assert one.indications == other.indications
    for member, contributor in one.contributors.items():
        assert contributor.standing is other.contributors[member].standing
        assert all(abs(w - other.contributors[member].weights[k]) < 1e-9 for k, w in contributor.weights.items())


@given(STATEMENTS)
def test_a_members_own_words_never_change_its_own_weight(said):
    every = claims(*HONEST[:3], "new", each=3)
    for member in HONEST[:3]:
        others = [word for word in said if word.teller != member]
        assert weight(judge(every, said, ROSTER, 60), member) == weight(judge(every, others, ROSTER, 60), member)
