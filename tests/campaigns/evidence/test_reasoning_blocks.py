"""Sealed reasoning that one account received and another presents is a conversation that changed hands."""

from stillwatch.campaigns.population import build
from stillwatch.profiles.accounts import merge, profile


def test_who_presents_what_another_received_tells_and_is_linked_to_the_receiver(batch_of):
    rows = [
        {"account_id": "giver", "ask": "Prove it.", "reasoning_received": "00000000000000aa 00000000000000bb"},
        {"account_id": "taker", "ask": "Go on.", "reasoning_presented": "00000000000000aa"},
        {"account_id": "owner", "ask": "Prove that.", "reasoning_received": "00000000000000cc"},
        {"account_id": "owner", "ask": "Go on.", "reasoning_presented": "00000000000000cc"},
    ]
    population = build(profile(batch_of(rows)), None)
    tells = dict(zip(population.profiles.ids.to_pylist(), population.tells.tolist(), strict=True))
    assert tells == {"giver": False, "owner": False, "taker": True}
    held = population.keys["turn"].held.toarray()
    assert held.sum(0).tolist() == [2]
    assert held[:, 0].tolist() == [1, 0, 1]


def test_the_law_holds_for_blocks(batch_of):
    rows = [
        {"request_id": f"r{n}", "account_id": "a", "reasoning_received": f"{n:016x} {n + 1:016x}", "hour": n}
        for n in range(30)
    ]
    whole = profile(batch_of(rows))
    parts = merge(profile(batch_of(rows[17:])), profile(batch_of(rows[:17])))
    assert whole["asked"].tolist() == parts["asked"].tolist()
