from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.simulate import generate, load
from stillwatch.simulate.adapting import FEWEST_REQUESTS, MOST_REQUESTS, MOVES, Prices, adapted, bill_of, round_of
from stillwatch.simulate.scenario import Campaign

SCENARIO = load("adaptive")
CARELESS, THIN = SCENARIO.campaigns
FAMILIES = ("text", "content", "sign_up", "network", "time", "client", "protocol", "alliance")

caught = st.dictionaries(st.sampled_from(FAMILIES), st.floats(0.1, 12.0), max_size=4)
methods = st.sampled_from([CARELESS, THIN, Campaign("x", 10, 300, turns=1.0, handoff=0.5)])


def bill(method, *, kept=0, answered=None, days=7):
    return bill_of(method, kept=kept, answered=method.requests if answered is None else answered, days=days)


def differing(one, other):
    return {field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)}


@given(methods, st.lists(caught, max_size=30))
def test_he_changes_one_thing_at_a_time_and_stays_possible(method, rounds):
    for families in rounds:
        before, (move, method) = method, adapted(method, families)
        one_thing = [{"accounts"}, {"requests"}, {"timing", "route"}, {"client", "temperature", "max_tokens"},
                     {"turns", "handoff", "failover"}]  # fmt: skip
        changed = differing(before, method)
        assert bool(move) == bool(changed)
        assert len(changed) <= 1 or any(changed <= thing for thing in one_thing)
        assert method.requests <= max(MOST_REQUESTS, before.requests)
        assert method.requests / method.accounts >= min(FEWEST_REQUESTS, before.requests / before.accounts)


@given(methods, st.sampled_from(FAMILIES))
def test_what_named_him_is_answered_until_nothing_is_left(method, family):
    made = []
    for _ in range(40):
        move, method = adapted(method, {family: 5.0})
        made.append(move)
    assert made[-1] == ""
    done = [move for move in made if move]
    assert len({*done} - {"half as many requests an account"}) == sum(
        m != "half as many requests an account" for m in done
    )


def test_the_loudest_family_is_answered_first():
    assert adapted(CARELESS, {"text": 9.0, "sign_up": 3.0})[1].template == "paraphrase"
    assert adapted(CARELESS, {"text": 3.0, "sign_up": 9.0})[1].mail_shared == 0.0
    assert adapted(CARELESS, {"alliance": 9.0, "network": 1.0})[1].residential == 1.0


def test_who_has_dropped_the_wrapper_does_not_take_it_up_again():
    bare = replace(CARELESS, template="plain")
    assert adapted(bare, {"text": 5.0})[1].template == "plain"


def test_every_move_changes_a_careless_operator():
    every = replace(CARELESS, failover=0.1)
    assert [move.name for move in MOVES if move.change(every) == every] == []


def test_who_is_not_named_asks_for_more_up_to_what_a_log_should_hold():
    move, more = adapted(CARELESS, {})
    assert (move, more.requests) == ("asks twice as much", 2 * CARELESS.requests)
    assert adapted(more, {}) == ("", more)


def test_a_bill_says_what_is_bought():
    prices = Prices(
        account=1, aged=5, card=3, domain=12, address=1, host=7, request=0.1, reworded=0.01, custom=0.05, day=2
    )
    method = Campaign("x", 70, 700, payment_distinct=0.5, mail_shared=0.1, residential=0.9, age_days=3, mix_benign=0.5)
    first = bill_of(method, kept=0, answered=100, days=10, prices=prices)
    assert vars(first) == pytest.approx(
        {"accounts": 70, "cards": 105, "domains": 24, "addresses": 630 + 70, "requests": 10 + 5, "days": 1400}
    )
    assert first.total == pytest.approx(2314)
    kept = bill_of(replace(method, template="paraphrase"), kept=70, answered=100, days=10, prices=prices)
    assert (kept.accounts, kept.cards, kept.domains, kept.requests) == pytest.approx((0, 0, 0, 16))


@given(methods, st.sampled_from(FAMILIES))
def test_hiding_is_never_cheaper_save_for_a_mail_domain_that_is_given_up(method, family):
    move, hidden = adapted(method, {family: 5.0})
    if move != "leaves his mail domain":
        assert bill(hidden).total >= bill(method).total


def test_a_round_is_the_same_people_and_a_wave_of_new_accounts():
    rounds = [generate(round_of(SCENARIO, CARELESS, number), seed=3, scale=0.2) for number in range(2)]
    truths = [world.account_truth() for world in rounds]
    planted = [set(_ids(truth, planted=True)) for truth in truths]
    benign = [set(_ids(truth, planted=False)) for truth in truths]
    assert benign[0] == benign[1]
    assert planted[0]
    assert not planted[0] & planted[1]
    assert [world.scenario.start.day for world in rounds] == [1, 8]
    assert {c.name for world in rounds for c in world.campaigns} == {"careless-1", "careless-2"}


def _ids(truth, *, planted):
    return [row["account_id"] for row in truth.to_pylist() if (row["campaign"] is not None) == planted]
