"""What every relay does, be it a folder or Redis."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.response.model import Rung, Sighting, Spent, Tap
from stillwatch.response.relay.places import open_relay
from stillwatch.response.relay.protocol import Told
from stillwatch.response.snapshot import Measure, Snapshot

TAP = Tap("g1", 1, 12.5, b"profiles", (Sighting("a", "c", "template", 12.0),), {"decided": 3})


@pytest.fixture(params=["folder", "redis"])
def opened(request, tmp_path):
    """Opens the same relay again and again."""
    folder = str(tmp_path / "relay")
    address = folder if request.param == "folder" else request.getfixturevalue("server").address
    relays = []

    def one_more():
        relays.append(open_relay(address))
        return relays[-1]

    yield one_more
    for relay in relays:
        relay.close()


def taken(relay, known=()):
    return [(tap.gateway, tap.number) for tap in relay.take(dict(known))]


def test_what_a_gateway_saw_arrives_whole(opened):
    gateway, watch = opened(), opened()
    assert list(watch.take({})) == []
    assert gateway.report(TAP, 0, 5, {}) == Told(None, {})
    assert list(watch.take({})) == [TAP]


def test_taps_come_in_order_and_once(opened):
    gateway, watch = opened(), opened()
    for number in range(1, 13):
        gateway.report(Tap("g1", number, 1.0), None, 0, {})
        gateway.report(Tap("g2", number, 1.0), None, 0, {})
    known = {}
    for tap in watch.take(known):
        assert tap.number == known.get(tap.gateway, 0) + 1
        known[tap.gateway] = tap.number
    assert known == {"g1": 12, "g2": 12}
    assert taken(watch, known) == []
    gateway.report(Tap("g1", 13, 1.0), None, 0, {})
    assert taken(watch, known) == [("g1", 13)]


def test_a_tap_that_was_sent_twice_is_taken_once(opened):
    gateway, watch = opened(), opened()
    known = {}
    for _ in range(2):
        gateway.report(TAP, None, 0, {})
    for tap in watch.take(known):
        known[tap.gateway] = tap.number
    assert taken(watch, known) == []
    watch.release(known)
    assert taken(opened()) == []


def test_what_was_taken_and_not_released_comes_again(opened):
    gateway, watch = opened(), opened()
    for number in range(1, 6):
        gateway.report(Tap("g1", number, 1.0), None, 0, {})
    assert len(taken(watch)) == 5
    assert taken(watch, {"g1": 2}) == [("g1", 3), ("g1", 4), ("g1", 5)]  # who asked before did not keep them
    assert taken(opened(), {"g1": 2}) == [("g1", 3), ("g1", 4), ("g1", 5)]
    assert len(taken(watch, {"g1": 5})) == 0
    watch.release({"g1": 3})
    assert taken(opened()) == [("g1", 4), ("g1", 5)]
    restarted = opened()
    assert taken(restarted, {"g1": 5}) == []  # a restart, after which all is on disk
    restarted.release({"g1": 5})
    assert taken(opened()) == []


def test_a_snapshot_is_told_once(opened):
    gateway, watch = opened(), opened()
    assert gateway.report(None, 0, 0, {}).snapshot is None
    measure = Measure("d-1", Rung.VERIFY, 1.0, 2.0, "coordinated_extraction", "c")
    snapshot = Snapshot(version=7, accounts={"a": measure}, shingles=b"\1\0\0\0", owners=b"\0\0\0\0", names=("c",))
    watch.publish(snapshot)
    assert gateway.report(None, 0, 0, {}).snapshot == snapshot
    assert gateway.report(None, 7, 0, {}).snapshot is None
    assert gateway.report(None, None, 0, {}).snapshot is None
    watch.publish(Snapshot(version=3, enabled=False))  # another ledger: its switch counts
    assert gateway.report(None, 7, 0, {}).snapshot == Snapshot(version=3, enabled=False)
    assert opened().report(None, 0, 0, {}).snapshot == Snapshot(version=3, enabled=False)


def test_budgets_add_up_by_hour(opened):
    gateway = opened()
    assert gateway.report(None, None, 5, {"c": Spent(2, 30), "d": Spent()}).spent == {"c": Spent(2, 30), "d": Spent()}
    assert gateway.report(None, None, 5, {"c": Spent(1, 5)}).spent == {"c": Spent(3, 35)}
    assert gateway.report(None, None, 5, {"c": Spent()}).spent == {"c": Spent(3, 35)}
    assert gateway.report(None, None, 6, {"c": Spent()}).spent == {"c": Spent()}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=40), max_size=3))
def test_what_is_no_tap_holds_nothing_up(opened, plant, contents):
    gateway, watch = opened(), opened()
    for content in contents:
        plant(gateway, content)
    gateway.report(TAP, None, 0, {})
    taps = list(watch.take({}))
    assert taps[-1] == TAP
    assert all(tap.counts == {"taps_unreadable": 1} for tap in taps[:-1])
    watch.release({tap.gateway: tap.number for tap in taps})
    assert taken(opened()) == []


@pytest.fixture
def plant(tmp_path, request):
    """Puts something among a relay's taps that is none."""
    counted = iter(range(1, 10_000))

    def put(relay, content):
        if type(relay).__name__ == "FolderRelay":
            folder = tmp_path / "relay" / "taps"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"g0-{next(counted)}.tap").write_bytes(content)
        else:
            request.getfixturevalue("server").client.xadd("stillwatch:taps", {"tap": content})

    return put
