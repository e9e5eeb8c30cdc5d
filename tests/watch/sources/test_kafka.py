"""A topic of requests, at the broker that librdkafka brings for its own tests (`test.mock.num.brokers`)."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stillwatch.errors import ConfigError, InputError
from stillwatch.watch.sources import kafka
from stillwatch.watch.sources.kafka import FAILED, LOST, Kafka

from .conftest import Follower, folded, line, scanned


class Broker:
    def __init__(self):
        command = [sys.executable, str(Path(__file__).with_name("broker.py"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def send(self, *values, partition=0, topic="requests"):
        command = {"topic": topic, "partition": partition, "values": values}
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "0"

    def signal(self, number):
        os.kill(self.process.pid, number)

    def close(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def broker():
    broker = Broker()
    yield broker
    broker.close()


def test_what_is_there_and_what_comes_is_folded_as_by_a_scan(broker, folding, follow, tmp_path):
    broker.send(*map(line, range(10)))
    broker.send(*map(line, range(10, 20)), partition=3)
    follower = follow(Kafka(f"{broker.address}/requests", folding))
    assert follower.round(least=20).requests == 20
    broker.send(line(20), partition=1)
    came = follower.round(least=21)
    log = tmp_path / "log.jsonl"
    log.write_text("".join(map(line, range(21))))
    assert folded(came) == scanned(log)
    assert came.position == {"0": 10, "1": 1, "2": 0, "3": 10}
    assert follower.source.name == "kafka requests"


def test_what_is_no_request_is_counted(broker, folding, follow):
    broker.send(line(1), "{broken", "\xff\xfe", '{"no": "request"}', "[]", "", None, line(2))
    came = follow(Kafka(f"{broker.address}/requests", folding)).round(least=2)
    assert (came.requests, came.rejected) == (2, 5)
    assert came.position["0"] == 8


def test_a_restart_goes_on_where_the_position_says(broker, folding, follow):
    broker.send(*map(line, range(10)))
    first = follow(Kafka(f"{broker.address}/requests", folding))
    first.round(least=10)
    first.close()
    broker.send(*map(line, range(10, 13)))
    again = follow(Kafka(f"{broker.address}/requests", folding), json.loads(json.dumps(first.came.position)))
    assert again.round(least=3).requests == 3
    assert again.came.counts == {}


def test_what_was_deleted_is_counted(broker, folding, follow):
    """The broker keeps the last 5 MB of a partition."""
    broker.send(*map(line, range(100)))
    first = follow(Kafka(f"{broker.address}/requests", folding))
    first.round(least=100)
    first.close()
    large = json.dumps(json.loads(line(1)) | {"output_text": "x" * 500_000})
    for _ in range(20):
        broker.send(large)
    again = follow(Kafka(f"{broker.address}/requests", folding), first.came.position).round(least=1)
    assert again.requests + again.counts[LOST] == 20
    assert again.counts[LOST] > 0
    assert again.position["0"] == 120


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(broker, folding, follow):
    broker.send(*map(line, range(3)))
    came = follow(Kafka(f"{broker.address}/requests", folding), {"0": 5000}).round(least=3)
    assert came.requests == 3


@pytest.mark.slow
def test_a_broker_that_stops_and_goes_on_is_waited_for(broker, folding, follow):
    broker.send(line(1))
    follower = follow(Kafka(f"{broker.address}/requests", folding, {"socket.timeout.ms": "1000"}))
    follower.round(least=1)
    broker.signal(signal.SIGSTOP)
    try:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            follower.round(turns=1)
    finally:
        broker.signal(signal.SIGCONT)
    broker.send(line(2))
    assert follower.round(least=2, turns=1).requests == 2


def test_a_broker_that_is_killed_is_counted_and_nothing_else_happens(broker, folding, follow):
    broker.send(line(1))
    follower = follow(Kafka(f"{broker.address}/requests", folding))
    follower.round(least=1)
    broker.close()
    until = time.monotonic() + 10
    while f"{FAILED}._ALL_BROKERS_DOWN" not in follower.came.counts and time.monotonic() < until:
        follower.round(turns=1)
    assert 0 < follower.came.counts[f"{FAILED}._ALL_BROKERS_DOWN"] < 10
    assert follower.came.position == {"0": 1, "1": 0, "2": 0, "3": 0}
    follower.close()
    with pytest.raises(InputError, match="cannot be reached"):
        Follower(Kafka(f"{broker.address}/requests", folding), follower.came.position).round()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(kafka, "_REACH_SECONDS", 2.0)


def test_what_is_not_there_is_said(broker, folding, monkeypatch):
    with pytest.raises(InputError, match=r"no such topic for us \(UNKNOWN_TOPIC_OR_PART\)"):
        Follower(Kafka(f"{broker.address}/nothing", folding)).round()
    monkeypatch.setattr(kafka, "_REACH_SECONDS", 0.5)
    with pytest.raises(InputError, match="cannot be reached"):
        Follower(Kafka("127.0.0.1:1/requests", folding)).round()


def test_new_partitions_are_found(broker, folding, follow, monkeypatch):
    monkeypatch.setattr(kafka, "_PARTITIONS_SECONDS", 0.0)
    broker.send(line(1))
    source = Kafka(f"{broker.address}/requests", folding)
    known, found = source._partitions, iter([[0, 1]])  # noqa: SLF001 — the broker's topics do not grow
    monkeypatch.setattr(source, "_partitions", lambda consumer: next(found, None) or known(consumer))
    broker.send(line(2), partition=3)
    assert follow(source).round(least=2).requests == 2


def test_a_wrong_address_or_option_is_said(folding):
    for address in ("requests", "/requests", "kafka:9092/"):
        with pytest.raises(ConfigError, match="no BROKERS/TOPIC"):
            Kafka(address, folding)
    with pytest.raises(ConfigError, match="No such configuration property"):
        Kafka("kafka:9092/requests", folding, {"sasl.pasword": "hunter2"})
    with pytest.raises(ConfigError, match="Invalid value for configuration property") as told:
        Kafka("kafka:9092/requests", folding, {"security.protocol": "hunter2"})
    assert "hunter2" not in str(told.value)
