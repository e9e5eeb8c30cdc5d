"""What gateways saw, over a real relay: each tap once, whatever is sent twice, lost, broken or not released."""

import json
import time

import pytest

from stillwatch.profiles import wire
from stillwatch.profiles.accounts import merge
from stillwatch.response.model import Sighting, Tap
from stillwatch.response.relay import taps as limits
from stillwatch.response.relay.places import open_relay
from stillwatch.response.relay.protocol import RelayError
from stillwatch.watch.sources import taps
from stillwatch.watch.sources.taps import LOST, UNREADABLE, Taps

from .conftest import Follower, folded


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(taps, "_TURN_SECONDS", 0.002)


@pytest.fixture
def relay(tmp_path):
    return open_relay(str(tmp_path / "relay"))


@pytest.fixture
def saw(relay, asked):
    """A gateway says that it saw one request of each of these accounts."""

    def report(gateway, number, *accounts, hour=0):
        profiles = asked(*accounts, hour=hour)
        sighting = Sighting(accounts[0], "c-1", "template", 5.0)
        told = relay.report(Tap(gateway, number, 9.0, wire.dumps(profiles), (sighting,), {"decided": 2}), None, 0, {})
        assert told.fault is None
        return profiles

    return report


def test_what_gateways_saw_adds_up(relay, saw, follow):
    one, other = saw("g1", 1, "ana", "ben"), saw("g2", 1, "ben", "cleo", hour=3)
    came = follow(Taps(relay)).round(least=4)
    assert folded(came) == wire.dumps(merge(one, other).ordered())
    assert (came.requests, came.rejected) == (4, 0)
    assert came.counts == {"decided": 4}
    assert {sighting.account for sighting in came.sightings} == {"ana", "ben"}
    assert came.position == {"g1": 1, "g2": 1}


def test_a_tap_counts_once_also_after_a_restart(relay, saw, follow):
    saw("g1", 1, "ana")
    saw("g1", 2, "ana")
    first = follow(Taps(relay))
    first.round(least=2)
    first.close()  # on disk, but the relay was not told
    saw("g1", 2, "ana")
    saw("g1", 3, "ana")
    again = follow(Taps(relay), json.loads(json.dumps(first.came.position)))
    assert again.round(least=1).requests == 1


def test_what_did_not_get_to_the_disk_comes_again(relay, saw, follow):
    saw("g1", 1, "ana")
    saw("g1", 2, "ana")
    source = Taps(relay)
    first = follow(source)
    first.round(least=2)
    again = Follower(source, {"g1": 1})
    assert again.round(least=1).requests == 1


def test_what_is_on_disk_is_deleted(relay, saw, follow):
    saw("g1", 1, "ana")
    saw("g1", 2, "ana")
    follower = follow(Taps(relay))
    position = follower.round(least=2).position
    assert len(list(relay.take({}))) == 2
    follower.source.release(position)
    follower.round()
    assert list(relay.take({})) == []


def test_what_had_to_go_is_counted(relay, saw, follow, monkeypatch):
    monkeypatch.setattr(limits, "MOST_TAPS", 3)
    for number in range(1, 11):
        saw("g1", number, "ana")
        time.sleep(0.002)  # files are told apart by their times
    came = follow(Taps(relay)).round(least=3)
    assert (came.requests, came.counts[LOST]) == (3, 7)


def test_what_cannot_be_read_is_counted(relay, saw, follow, tmp_path):
    saw("g1", 1, "ana")
    (tmp_path / "relay" / "taps" / "g1-2.tap").write_bytes(b"no tap")
    relay.report(Tap("g1", 3, 9.0, b"no profiles", counts={"decided": 1}), None, 0, {})
    saw("g1", 4, "ana")
    follower = follow(Taps(relay))
    came = follower.round(least=2)
    assert (came.requests, came.counts) == (2, {"decided": 5, UNREADABLE: 2})
    follower.source.release(came.position)
    follower.round()
    assert list(relay.take({})) == []


def test_gateways_of_long_ago_are_forgotten(relay, saw, follow, monkeypatch):
    monkeypatch.setattr(taps, "_GATEWAYS", 3)
    for number in range(10):
        saw(f"g{number}", 1, "ana")
    follower = follow(Taps(relay))
    assert len(follower.round(least=10).position) == 10  # while they are not on disk, they might come again
    follower.source.release(follower.came.position)
    follower.round()
    saw("g9", 2, "ana")
    assert follower.round(least=11).position == {"g7": 1, "g8": 1, "g9": 2}


def test_a_relay_that_is_gone_is_said(tmp_path):
    (tmp_path / "relay").write_text("no folder")
    with pytest.raises(RelayError):
        next(Taps(open_relay(str(tmp_path / "relay"))).pieces(None))
