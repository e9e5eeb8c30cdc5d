"""A real Redis that is gone, slow, empty, full, or does not know us."""

import time

import pytest

from stillwatch.config import GatewayConfig
from stillwatch.gateway.bodies import read
from stillwatch.gateway.guarding import Guarding, Heard, Outcome
from stillwatch.response.model import NO_LIMITS, Limits, Rung, Spent, Tap
from stillwatch.response.relay import taps
from stillwatch.response.relay.places import open_relay
from stillwatch.response.relay.protocol import RelayError
from stillwatch.response.snapshot import Measure, Snapshot

PASSWORD = "hunter2"  # noqa: S105 - of a server that lives as long as the test
SECOND = {"c": Spent(3, 100), "d": Spent(0, 0)}


@pytest.fixture
def relay_to():
    relays = []

    def one_more(server):
        relays.append(open_relay(server.address))
        return relays[-1]

    yield one_more
    for relay in relays:
        relay.close()


def refused(relay):
    """What a gateway is told, and after how long."""
    started = time.monotonic()
    with pytest.raises(RelayError) as told:
        relay.report(Tap("g1", 1, 1.0), 0, 5, SECOND)
    return str(told.value), time.monotonic() - started


def test_a_gateways_second_is_one_round_trip(server, relay_to):
    """Redis counts how often it found something to read: a pipeline that is one write is read at once."""
    relay = relay_to(server)
    relay.publish(Snapshot(version=1))
    relay.report(None, 1, 5, {})

    def reads():
        return server.client.info("stats")["total_reads_processed"]

    before = reads()
    idle = reads() - before  # what asking costs
    before = reads()
    relay.report(Tap("g1", 1, 1.0, b"x" * 1000), 1, 5, SECOND)
    assert reads() - before - idle == 1
    before = reads()
    assert relay.report(None, 0, 5, {}).snapshot
    assert reads() - before - idle == 2  # a snapshot that changed is one more


def test_no_request_makes_a_round_trip(server, relay_to):
    """Not even one that is recognised, denied and charged; the background tells all of it at once."""
    relay = relay_to(server)
    decided = {"a1": _measure(Rung.VERIFY), "a2": _measure(Rung.BUDGET, Limits(requests_per_hour=5))}
    relay.publish(Snapshot(version=1, accounts=decided, campaigns={"c": decided["a2"]}))
    guarding = Guarding(GatewayConfig(), relay=relay_to(server))
    guarding._reporting.report()  # noqa: SLF001 — a second, without waiting for it

    def reads():
        return server.client.info("stats")["total_reads_processed"]

    idle = -reads() + reads()
    before = reads()
    said = set()
    for number in range(1000):
        heard = Heard(f"a{number % 10}", prompt=read(b'{"messages": [{"role": "user", "content": "Why?"}]}'))
        verdict = guarding.judge(heard)
        guarding.heard(heard, verdict, Outcome(verdict.status or 200, 10, 20))
        said.add(verdict.status)
    assert said == {0, 403, 429}
    assert reads() - before == idle
    before = reads()
    guarding._reporting.report()  # noqa: SLF001
    assert reads() - before == idle + 1
    [tap] = relay.take({})
    assert tap.counts["decided"] == 1000


def _measure(action, limits=NO_LIMITS):
    return Measure("d-1", action, 0.0, 4e9, "coordinated_extraction", "c", limits=limits)


def test_taps_are_bounded_while_nobody_takes_them(server, relay_to, monkeypatch):
    monkeypatch.setattr(taps, "MOST_TAPS", 100)
    monkeypatch.setattr(taps, "MOST_BYTES", 1 << 20)
    relay = relay_to(server)
    for number in range(1, 301):
        relay.report(Tap("g1", number, 1.0, b"x"), None, 0, {})
    assert server.client.xlen("stillwatch:taps") == 100
    before = server.client.memory_usage("stillwatch:taps")
    for number in range(301, 501):
        relay.report(Tap("g1", number, 1.0, b"x" * 50_000), None, 0, {})
    assert server.client.xlen("stillwatch:taps") == 20
    assert server.client.memory_usage("stillwatch:taps") < before + (2 << 20)
    assert [tap.number for tap in relay.take({})] == list(range(481, 501))


def test_what_was_released_is_deleted(server, relay_to):
    gateway, watch = relay_to(server), relay_to(server)
    for number in range(1, 301):
        gateway.report(Tap("g1", number, 1.0), None, 0, {})
    assert len(list(watch.take({}))) == 300
    watch.release({"g1": 290})
    assert server.client.xlen("stillwatch:taps") == 10
    watch.release({"g1": 300})
    assert server.client.xlen("stillwatch:taps") == 0


def test_budgets_do_not_stay(server, relay_to):
    relay_to(server).report(None, None, 5, SECOND)
    assert 7000 < server.client.ttl("stillwatch:spent:5") <= 7200


def test_several_gateways_share_a_budget(server, relay_to):
    one, other = relay_to(server), relay_to(server)
    assert one.report(None, None, 5, {"c": Spent(3, 100)}).spent == {"c": Spent(3, 100)}
    assert other.report(None, None, 5, {"c": Spent(4, 1)}).spent == {"c": Spent(7, 101)}
    assert one.report(None, None, 5, {"c": Spent()}).spent == {"c": Spent(7, 101)}


def test_a_redis_that_is_gone_is_said_at_once_and_found_again(server, relay_to):
    relay = relay_to(server)
    assert relay.report(Tap("g1", 1, 1.0), 0, 5, SECOND).fault is None
    server.kill()
    for _ in range(3):
        says, seconds = refused(relay)
        assert "cannot be reached" in says
        assert f"127.0.0.1:{server.port}/0" in says
        assert seconds < 2
    server.start()
    assert relay.report(Tap("g1", 1, 1.0), 0, 5, SECOND).fault is None


def test_one_that_comes_back_empty_is_told_again_what_is_in_force(server, relay_to):
    gateway, watch = relay_to(server), relay_to(server)
    watch.publish(Snapshot(version=4, exempt=frozenset({"a"})))
    gateway.report(Tap("g1", 1, 1.0), 4, 5, {})
    assert [tap.number for tap in watch.take({})] == [1]
    server.kill()
    with pytest.raises(RelayError):
        list(watch.take({"g1": 1}))
    server.start()
    assert gateway.report(Tap("g1", 2, 1.0), 4, 5, {}).snapshot is None  # what it holds stays in force
    assert [tap.number for tap in watch.take({"g1": 1})] == [2]
    assert relay_to(server).report(None, 0, 0, {}).snapshot == Snapshot(version=4, exempt=frozenset({"a"}))
    server.client.flushall()
    assert list(watch.take({"g1": 2})) == []
    assert relay_to(server).report(None, 0, 0, {}).snapshot.version == 4


def test_nobody_brings_back_what_another_has_replaced(server, relay_to):
    watch = relay_to(server)
    watch.publish(Snapshot(version=4))
    relay_to(server).publish(Snapshot(version=5))  # somebody lifted a measure
    list(watch.take({}))
    server.client.flushall()
    list(watch.take({}))
    assert relay_to(server).report(None, 0, 0, {}).snapshot is None


def test_taps_after_a_restart_are_found_although_the_stream_is_another(server, relay_to):
    gateway, watch = relay_to(server), relay_to(server)
    gateway.report(Tap("g1", 1, 1.0), None, 0, {})
    assert [tap.number for tap in watch.take({})] == [1]
    server.kill()
    server.start()
    server.client.xadd("stillwatch:taps", {"tap": taps.dumps(Tap("g1", 2, 1.0))}, id="5-1")  # its clock went back
    watch.release({"g1": 1})
    assert [tap.number for tap in watch.take({"g1": 1})] == [2]


def test_one_that_does_not_answer_costs_a_quarter_of_a_second(server, relay_to):
    relay = relay_to(server)
    relay.report(None, 0, 5, SECOND)
    server.pause()
    try:
        says, seconds = refused(relay)
    finally:
        server.go_on()
    assert "within 0.25 s" in says
    assert 0.2 < seconds < 3
    assert relay.report(Tap("g1", 1, 1.0), 0, 5, SECOND).fault is None


def test_one_that_sleeps_is_waited_out(server_of, relay_to):
    server = server_of("--enable-debug-command", "yes")
    relay = relay_to(server)
    relay.report(None, 0, 5, SECOND)
    asleep = server.client.connection_pool.get_connection()
    asleep.send_command("DEBUG", "SLEEP", "1")
    time.sleep(0.1)
    assert "within 0.25 s" in refused(relay)[0]
    asleep.read_response()
    asleep.disconnect()
    assert relay.report(Tap("g1", 2, 1.0), 0, 5, SECOND).fault is None


def test_a_password(server_of, relay_to):
    server = server_of(password=PASSWORD)
    assert relay_to(server).report(Tap("g1", 1, 1.0), 0, 5, SECOND).fault is None
    wrong = open_relay(f"redis://:hunter3@127.0.0.1:{server.port}/0")
    none = open_relay(f"redis://127.0.0.1:{server.port}/0")
    for relay in (wrong, none):
        says, _ = refused(relay)
        assert "refuses the password" in says
        assert "hunter" not in says
        relay.close()


def test_one_that_is_full_tells_what_is_in_force_all_the_same(server, relay_to):
    relay = relay_to(server)
    relay.publish(Snapshot(version=9))
    server.client.config_set("maxmemory", "1mb")
    server.client.config_set("maxmemory-policy", "noeviction")
    told = relay.report(Tap("g1", 1, 1.0), 0, 5, SECOND)
    assert told.snapshot == Snapshot(version=9)
    assert "refuses" in str(told.fault)
    with pytest.raises(RelayError, match="refuses"):
        relay.publish(Snapshot(version=10))
    server.client.config_set("maxmemory", "0")
    assert relay.report(Tap("g1", 1, 1.0), 9, 5, SECOND).fault is None


def test_no_word_of_what_was_sent_is_in_an_error(server, relay_to):
    server.client.set("stillwatch:taps", "no stream")
    fault = relay_to(server).report(Tap("g1", 1, 1.0, b"account-4711"), 0, 5, {}).fault
    assert "ResponseError" in str(fault)
    assert "4711" not in str(fault)


def test_a_snapshot_of_another_version_of_stillwatch_is_said(server, relay_to):
    server.client.mset({"stillwatch:version": 3, "stillwatch:snapshot": b"something else"})
    told = relay_to(server).report(Tap("g1", 1, 1.0), 0, 5, {"c": Spent(1, 1)})
    assert "no snapshot" in str(told.fault)
    assert told.spent == {"c": Spent(1, 1)}
    server.client.set("stillwatch:version", "no number")
    with pytest.raises(RelayError, match="no snapshot"):
        relay_to(server).snapshot(0)


def test_a_large_snapshot_takes_longer_than_one_answer(server, relay_to):
    relay = relay_to(server)
    snapshot = Snapshot(version=2, exempt=frozenset(f"account-{n:07}" for n in range(300_000)))
    relay.publish(snapshot)
    assert relay_to(server).report(None, 0, 0, {}).snapshot == snapshot
