import pytest

from stillwatch.exchange.server.errors import Problem
from stillwatch.exchange.server.limits import Limits, Load


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def refused(what):
    with pytest.raises(Problem) as problem:
        what()
    assert int(problem.value.headers["Retry-After"]) >= 1
    return problem.value.status


def test_so_many_at_a_time_and_then_503(clock):
    load = Load(Limits(at_work=2), clock)
    first, _ = load.place(), load.place()
    assert refused(load.place) == 503
    first.release()
    first.release()  # once is once
    load.place()
    assert refused(load.place) == 503


def test_one_member_leaves_room_for_the_others(clock):
    load = Load(Limits(member_at_work=1), clock)
    turn = load.turn("a")
    assert refused(lambda: load.turn("a")) == 429
    load.turn("b")
    turn.release()
    load.turn("a")


def test_so_many_a_second(clock):
    load = Load(Limits(member_rate=10, member_burst=3), clock)
    for _ in range(3):
        load.turn("a").release()
    assert refused(lambda: load.turn("a")) == 429
    load.turn("b").release()
    clock.now += 0.1
    load.turn("a").release()
    assert refused(lambda: load.turn("a")) == 429
    clock.now += 3600
    for _ in range(3):
        load.turn("a").release()
    assert refused(lambda: load.turn("a")) == 429


def test_a_refused_turn_holds_nothing(clock):
    load = Load(Limits(member_at_work=1, member_rate=1, member_burst=1), clock)
    load.turn("a").release()
    assert refused(lambda: load.turn("a")) == 429
    clock.now += 1
    load.turn("a")


def test_bodies_find_room_and_a_single_large_one_always(clock):
    load = Load(Limits(bodies=10, member_bodies=8), clock)
    large = load.body("a", 100)
    assert refused(lambda: load.body("b", 1)) == 503
    for place in large:
        place.release()
    load.body("a", 6)
    assert refused(lambda: load.body("a", 4)) == 429
    assert refused(lambda: load.body("b", 6)) == 503
    load.body("b", 4)


def test_streams(clock):
    load = Load(Limits(streams=2, member_streams=1), clock)
    held = load.stream("a")
    assert refused(lambda: load.stream("a")) == 429
    load.stream("b")
    assert refused(lambda: load.stream("c")) == 503
    for place in held:
        place.release()
    load.stream("c")
