from dataclasses import replace
from datetime import timedelta

from stillwatch.response.model import Rung
from stillwatch.response.policy.blast import Room
from stillwatch.response.policy.policy import load
from stillwatch.response.policy.ruling import decide_on


def test_room_is_what_the_last_hour_without_a_person_leaves(found, policies):
    findings = found.Findings((found.Found(accounts=found.members("a", "b", "c")),))
    made = decide_on(findings, None, policies["strict"], standing=(), now=found.NOW, rng_seed=0).decisions
    standing = [replace(d, by="alice") if d.value == "a" else d for d in made]
    limit = policies["strict"].rungs[Rung.VERIFY].accounts_an_hour

    def left(after):
        return Room.of(policies["strict"], standing, found.NOW + after).left[Rung.VERIFY]

    assert left(timedelta(minutes=59)) == limit - 2
    assert left(timedelta(minutes=60)) == limit


def test_each_account_takes_one_place_and_observing_none():
    policy = load(None)
    room = Room(dict.fromkeys(policy.rungs, 1))
    assert [room.take(Rung.CAP), room.take(Rung.CAP), room.take(Rung.WARN)] == [True, False, True]
    assert all(room.take(Rung.OBSERVE) for _ in range(5))
