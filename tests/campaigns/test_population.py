"""The population: everybody who asked, as arrays."""

import numpy as np
import pytest

from stillwatch.campaigns.population import build
from stillwatch.profiles.accounts import merge, profile

TURNS = [
    f"Question number {word}, long enough to be remembered, unlike small talk: why is that so?"
    for word in ("one", "two", "six")
]


def user(*texts):
    chat = []
    for text in texts:
        chat += [{"role": "user", "content": text}, {"role": "assistant", "content": "Because."}]
    return chat[:-1]


def holders(population, name):
    """For each thing of a kind, the accounts that hold it."""
    keys = population.keys[name]
    ids = population.profiles.ids.to_pylist()
    held = [[ids[i] for i in np.flatnonzero(keys.held[:, [t]].toarray().ravel())] for t in range(keys.held.shape[1])]
    assert keys.degree.tolist() == [len(h) for h in held]
    return sorted(held)


def test_accounts_are_in_the_order_of_their_names(population_of):
    assert population_of([{"account_id": a} for a in "cab"]).profiles.ids.to_pylist() == ["a", "b", "c"]


def test_a_thing_that_one_account_holds_is_left_out(population_of):
    rows = [{"account_id": a, "client_address": x} for a, x in ("ax", "bx", "cy", "cx", "dz")]
    assert holders(population_of(rows), "address") == [["a", "b", "c"]]


def test_what_the_desk_knows(population_of):
    desk = [
        {"account_id": "c", "payment_fingerprint": "p1", "email_domain": "m", "plan": "education"},
        {"account_id": "a", "payment_fingerprint": "p1", "email_domain": "n", "plan": "pro"},
        {"account_id": "unseen", "payment_fingerprint": "p1", "email_domain": "m"},
    ]
    population = population_of([{"account_id": a} for a in "abc"], desk)
    assert population.signed_up
    assert holders(population, "payment") == [["a", "c"]]
    assert holders(population, "mail_domain") == [], "accounts that never asked are nobody here"
    assert population.education.tolist() == [False, False, True]


def test_without_a_desk_nothing_of_it_is_known(population_of):
    population = population_of([{"account_id": a, "client_address": "x"} for a in "ab"])
    assert not population.signed_up
    assert holders(population, "payment") == holders(population, "mail_domain") == []
    assert holders(population, "address") == [["a", "b"]]


def test_signing_up_from_an_address_is_the_same_as_asking_from_it(population_of):
    rows = [{"account_id": "a", "client_address": "x"}, {"account_id": "b", "client_address": "y"}]
    assert holders(population_of(rows, [{"account_id": "b", "signup_address": "x"}]), "address") == [["a", "b"]]


@pytest.mark.parametrize("known_by", ["desk", "log"])
def test_an_organization_is_known_by_the_desk_or_by_the_log(known_by, population_of):
    """With one card besides, it makes two accounts one customer."""
    desk = [{"account_id": a, "payment_fingerprint": "p"} for a in "ab"]
    if known_by == "desk":
        desk = [row | {"organization_id": "o"} for row in desk]
    rows = [{"account_id": a, "organization_id": "o" if known_by == "log" else None} for a in "ab"]
    assert len(set(population_of(rows, desk).party.tolist())) == 1
    apart = [{"account_id": a, "organization_id": a} for a in "ab"]
    assert (
        len(set(population_of(apart, [{"account_id": a, "payment_fingerprint": "p"} for a in "ab"]).party.tolist()))
        == 2
    )


def test_a_turn_presented_by_who_never_asked_it_is_held_by_both(population_of):
    rows = [
        {"account_id": "asker", "input_messages": user(TURNS[0])},
        {"account_id": "teller", "input_messages": user(TURNS[0], TURNS[1])},
        {"account_id": "stranger", "input_messages": user(TURNS[2])},
    ]
    assert holders(population_of(rows), "turn") == [["asker", "teller"]]


def test_ones_own_history_is_no_foreign_turn(population_of):
    own = [{"account_id": a, "input_messages": user(*TURNS[:n])} for a in "ab" for n in (1, 2, 3)]
    assert holders(population_of(own), "turn") == []


def test_the_same_question_asked_by_two_is_no_foreign_turn(population_of):
    assert holders(population_of([{"account_id": a, "input_messages": user(TURNS[0])} for a in "ab"]), "turn") == []


def test_a_turn_that_may_have_been_asked_and_forgotten_is_not_foreign(population_of):
    """Of the turns asked the twelve smallest are known; whether a larger one was asked is not."""
    asked = [f"{TURNS[0]} Part {'x' * i}" for i in range(60)]
    rows = [{"account_id": "a", "input_messages": user(turn)} for turn in asked]
    rows += [{"account_id": "a", "input_messages": user(*asked[i : i + 2])} for i in range(0, 58, 2)]
    rows += [{"account_id": "b", "input_messages": user(turn)} for turn in asked]
    assert holders(population_of(rows), "turn") == []


def test_the_rhythm_is_the_share_of_accounts_active_in_each_hour(population_of):
    rhythm = population_of([{"account_id": a, "hour": h} for a, h in [("a", 5), ("b", 5), ("b", 6)]]).rhythm
    assert rhythm.sum() == pytest.approx(1)
    first = int(np.argmax(rhythm))
    assert rhythm[first] == pytest.approx(2.01 / (3 + 768 * 0.01))
    assert rhythm[first + 1] == pytest.approx(1.01 / (3 + 768 * 0.01))


def test_neither_the_order_of_rows_nor_that_of_the_desk_matters(batch_of, accounts_of, crowd):
    rows = crowd(30, requests=3)
    desk = [
        {"account_id": f"s{i:04}", "payment_fingerprint": f"p{i % 4}", "email_domain": f"m{i % 5}"} for i in range(30)
    ]
    one = build(profile(batch_of(rows)), accounts_of(desk))
    parts = merge(profile(batch_of(rows[40:][::-1])), profile(batch_of(rows[:40][::-1])))
    other = build(parts, accounts_of(desk[::-1]))
    assert one.profiles.ids == other.profiles.ids
    assert np.array_equal(one.party, other.party)
    assert np.array_equal(one.contents.length, other.contents.length)
    for name, keys in one.keys.items():
        assert np.array_equal(keys.things, other.keys[name].things)
        assert (keys.held != other.keys[name].held).nnz == 0
