"""A tail says what a reading of everything would say, whatever came, went or was hidden meanwhile."""

import json
import uuid

import pytest

from stillwatch.exchange.model import Collection, Level, LogEntry, Member, Query, Right
from stillwatch.exchange.trust.decay import DAY
from stillwatch.exchange.trust.standing import Standing, State
from stillwatch.exchange.trust.tail import Tail
from stillwatch.indicators.extensions import FEEDBACK

WRITERS = ("cleo", "dan", "eve")


def identity(name):
    return f"identity--{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def line(action):
    return LogEntry(
        json.dumps({"action": action, "commitment": "00", "time": "2026-11-02T09:00:00Z"}).encode(), b"0" * 16
    )


class Forum:
    """Members who publish, sight and delete; each publication has its line in the log."""

    def __init__(self, store, place, new_record, clock):
        self.store, self.place, self.record, self.clock = store, place, new_record, clock
        for name in WRITERS:
            member = Member(name, identity(name), "oauth", quarantined=False)
            store.add_member(member, None, {place.id: Right(read=True, write=True)})
        store.admit("ana")

    def publish(self, name, obj, **how):
        made = self.record(id=obj["id"], publisher=name, body=json.dumps(obj).encode(), **how)
        self.store.add("forum", name, lambda _: ([made], [line("add")]))
        return obj["id"]

    def indicator(self, name, **how):
        obj = {"type": "indicator", "id": f"indicator--{uuid.uuid4()}", "pattern_type": "stix", "confidence": 80}
        return self.publish(name, obj, **how)

    def sighting(self, name, indicator, outcome, **how):
        said = {FEEDBACK: {"extension_type": "property-extension", "outcome": outcome}}
        obj = {"type": "sighting", "id": f"sighting--{uuid.uuid4()}", "sighting_of_ref": indicator, "extensions": said}
        return self.publish(name, obj, **how)

    def delete(self, name, object_id):
        who = self.store.principal(name)
        build = lambda _, gone: [line("delete") for _ in gone]  # noqa: E731 — one line of a test
        assert self.store.delete("forum", who, self.place, object_id, build=build)

    def tail(self, name="ben"):
        return Tail(self.store, "forum", self.store.principal(name).rights)


@pytest.fixture
def forum(store, place, new_record, clock):
    return Forum(store, place, new_record, clock)


def state(tail, indicator, now):
    return tail.judgement(now).indications[indicator].state


def test_what_comes_later_is_read_by_the_same_tail(forum):
    tail = forum.tail()
    indicator = forum.indicator("ana")
    assert state(tail, indicator, forum.clock()) is State.REPORTED
    forum.sighting("cleo", indicator, "true-positive")
    assert state(tail, indicator, forum.clock()) is State.CONFIRMED
    for name in ("dan", "eve"):
        forum.sighting(name, indicator, "false-positive")
    assert state(tail, indicator, forum.clock()) is State.DISPUTED


def test_a_tail_equals_a_fresh_reading(forum):
    tail = forum.tail()
    for turn in range(12):
        indicator = forum.indicator(("ana", "cleo")[turn % 2])
        forum.sighting("dan", indicator, ("true-positive", "false-positive", "unsure")[turn % 3])
        now = forum.clock.now
        assert tail.judgement(now) == forum.tail().judgement(now)


def test_what_was_deleted_is_forgotten(forum):
    tail, indicator = forum.tail(), forum.indicator("ana")
    disputes = [forum.sighting(name, indicator, "false-positive") for name in ("dan", "eve")]
    assert state(tail, indicator, forum.clock()) is State.DISPUTED
    forum.delete("dan", disputes[0])
    assert state(tail, indicator, forum.clock()) is State.REPORTED


def test_a_new_version_makes_an_indicator_no_younger(forum):
    tail, indicator = forum.tail(), forum.indicator("ana")
    forum.clock.now += 20 * DAY
    again = {"type": "indicator", "id": indicator, "pattern_type": "stix", "confidence": 80}
    forum.publish("ana", again, version="2026-11-22T09:00:00.000000Z")
    assert tail.judgement(forum.clock()).indications[indicator].score < 0.8 * 0.6


def test_who_uses_anothers_id_elsewhere_takes_nothing_over(forum):
    indicator = forum.indicator("ana")
    elsewhere = Collection(str(uuid.uuid4()), "forum", "Elsewhere")
    forum.store.add_collection(elsewhere)
    for name in ("ben", "eve"):
        forum.store.grant(name, {elsewhere.id: Right(read=True, write=True)})
    before = forum.tail().judgement(forum.clock.now)
    stolen = {"type": "indicator", "id": indicator, "pattern_type": "stix", "confidence": 80, "revoked": True}
    forum.publish("eve", stolen, collection=elsewhere.id)
    assert forum.tail().judgement(forum.clock.now) == before


def test_the_kill_switch_works_without_a_new_object(forum):
    tail, indicator = forum.tail(), forum.indicator("ana")
    for name in ("dan", "eve"):
        forum.sighting(name, indicator, "false-positive")
    assert state(tail, indicator, forum.clock()) is State.DISPUTED
    forum.store.suspend("eve")
    assert state(tail, indicator, forum.clock()) is State.REPORTED
    assert tail.judgement(forum.clock()).contributors[identity("eve")].standing is Standing.SUSPENDED


def test_what_a_reader_may_not_see_changes_nothing_for_him(forum):
    """Two stores of one history, one with secrets beside: the reader is told the same."""
    indicator = forum.indicator("ana")
    forum.sighting("cleo", indicator, "true-positive")
    plain = forum.tail().judgement(forum.clock.now)
    hidden = forum.indicator("eve", level=Level.RED)
    for name in ("cleo", "dan"):
        forum.sighting(name, hidden, "true-positive", level=Level.RED)
        forum.sighting(name, indicator, "false-positive", level=Level.RED)
    assert forum.tail().judgement(forum.clock.now) == plain
    assert not forum.store.read(forum.store.principal("ben"), forum.place, Query(ids=(hidden,))).records


def test_a_publisher_is_told_nothing_of_its_own_secrets_either(forum):
    """Who has the same rights is told the same, his private objects aside: one reading serves all of them."""
    indicator = forum.indicator("ana")
    forum.sighting("cleo", indicator, "true-positive", level=Level.RED)
    assert forum.tail("cleo").judgement(forum.clock.now) == forum.tail("dan").judgement(forum.clock.now)
    assert state(forum.tail("cleo"), indicator, forum.clock.now) is State.REPORTED
