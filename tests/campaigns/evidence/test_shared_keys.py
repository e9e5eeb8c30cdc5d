"""Shared keys: what strangers have in common."""

import random

import pytest

from stillwatch.campaigns.evidence.shared_keys import weigh

FEW, MANY = 20, 300


@pytest.fixture(scope="module")
def population(population_of):
    """300 strangers with cards of their own, a fifth of them with one mail provider; twenty with what a test says."""

    def make(sign_up):
        desk = [
            {
                "account_id": f"s{i:03}",
                "payment_fingerprint": f"p{i // 2}",
                "email_domain": f"m{min(i, 60)}" if i % 5 else "popular",
            }
            for i in range(MANY)
        ]
        desk += [{"account_id": f"t{i:02}", **sign_up(i)} for i in range(FEW)]
        return population_of(({"account_id": row["account_id"]} for row in desk), desk)

    return make


def bits(population, named, name):
    return weigh(named(population, "t"), population.keys[name]).bits


def test_a_few_cards_in_many_hands_speak(population, named):
    made = population(lambda i: {"payment_fingerprint": f"t{i % 4}", "email_domain": f"own{i}"})
    evidence = weigh(named(made, "t"), made.keys["payment"])
    assert evidence.bits > 4
    assert evidence.observed == 4


def test_cards_of_ones_own_speak_against_but_weakly(population, named):
    made = population(lambda i: {"payment_fingerprint": f"own{i}"})
    assert -2.5 <= bits(made, named, "payment") < 0


def test_a_popular_mail_provider_is_nothing(population, named):
    made = population(lambda i: {"payment_fingerprint": f"own{i}", "email_domain": "popular"})
    assert bits(made, named, "mail_domain") <= 0


def test_a_disposable_domain_of_their_own_is_something(population, named):
    made = population(lambda i: {"payment_fingerprint": f"own{i}", "email_domain": f"throwaway{i % 3}"})
    assert bits(made, named, "mail_domain") > 2


def test_what_a_team_shares_in_the_open_is_nothing(population, named):
    """One customer with twenty accounts, and two strangers beside it."""
    made = population(lambda _: {"payment_fingerprint": "team", "email_domain": "team"})
    cluster = named(made, "t", "s000", "s010")
    assert cluster.parties == 3
    assert weigh(cluster, made.keys["payment"]).bits <= 0
    assert weigh(cluster, made.keys["mail_domain"]).bits <= 0


def test_where_nobody_shares_anything_there_is_nothing_to_weigh(population_of, named):
    alone = population_of({"account_id": f"t{i}"} for i in range(5))
    assert weigh(named(alone, "t"), alone.keys["payment"]) is None


def test_conversations_that_were_never_shared_are_not_held_against_anybody(population_of, named):
    """Most campaigns replay nothing: no foreign turn says nothing."""
    turn = "A question that is long enough to be remembered, unlike small talk: why?"
    asked = {"role": "user", "content": turn}
    rows = [{"account_id": f"t{i}", "ask": f"{turn} {i}"} for i in range(5)]
    rows += [
        {"account_id": "a", "ask": turn},
        {"account_id": "b", "input_messages": [asked, asked | {"content": turn + turn}]},
    ]
    made = population_of(rows)
    assert made.keys["turn"].held.shape[1] == 1
    assert weigh(named(made, "t"), made.keys["turn"]).bits == 0


def test_a_company_of_many_has_many_chances_to_hold_a_popular_domain(population_of, named):
    """In every company somebody signed up with a throw-away address, as one in thirty of everybody did."""
    desk = [
        {"account_id": f"s{i:03}", "email_domain": f"throwaway{i % 4}" if i < 80 else f"own{i}"} for i in range(600)
    ]
    desk += [
        {
            "account_id": f"t{i:03}",
            "organization_id": f"firm{i // 6}",
            "email_domain": f"throwaway{i // 6 % 4}" if i % 6 == 0 else f"firm{i // 6}",
        }
        for i in range(120)
    ]
    made = population_of(({"account_id": row["account_id"]} for row in desk), desk)
    cluster = named(made, "t")
    assert cluster.parties == 20
    assert weigh(cluster, made.keys["mail_domain"]).bits <= 0


def pairs(population_of, members, paired):
    """Two thousand strangers and a group of which so many share a card with one other, all else being their own."""
    desk = [{"account_id": f"s{i:04}", "payment_fingerprint": f"s{i}"} for i in range(2000)]
    desk += [
        {"account_id": f"t{i:03}", "payment_fingerprint": f"t{i // 2 if i < paired else i}"} for i in range(members)
    ]
    return population_of(({"account_id": row["account_id"]} for row in desk), desk)


def test_however_surely_a_few_share_they_do_not_speak_for_all(population_of, named):
    made = pairs(population_of, members=300, paired=20)
    assert 0 < weigh(named(made, "t"), made.keys["payment"]).bits < 6


def test_who_was_picked_out_of_a_crowd_for_what_he_shares_is_weighed_with_the_crowd(population_of, named):
    made = pairs(population_of, members=20, paired=20)
    cluster, cards = named(made, "t"), made.keys["payment"]
    assert weigh(cluster, cards).bits == 12
    assert weigh(cluster, cards, beside=200).bits < 8
    assert weigh(cluster, cards, beside=1500).bits < 2


def test_people_meet_behind_carriers_more_than_firms_do(population_of, named):
    """Six hundred of three thousand people who come through sixty carriers; nine thousand firms have lines alone."""
    draw = random.Random(5)  # noqa: S311
    people = [
        {"account_id": f"{'pt'[i < 600]}{i}", "client_address": f"carrier{draw.randrange(60)}"} for i in range(3000)
    ]
    rows = people + [{"account_id": f"f{i}", "client_address": f"own{i}"} for i in range(9000)]
    made = population_of(rows, [{"account_id": row["account_id"]} for row in rows])
    assert weigh(named(made, "t"), made.keys["address"]).bits <= 0.5
