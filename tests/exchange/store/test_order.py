"""Readers beside writers: everybody sees everything, once, in the order of `date_added`, by both ways to go on."""

# ruff: noqa: PLR0917 — a fixture is an argument

import signal
import subprocess
import sys
import threading
import time

import pytest

from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange.log import tiles as tree
from stillwatch.exchange.model import LogEntry, Query
from stillwatch.exchange.store.store import microseconds
from stillwatch.merkle import leaf_hash, root_of

# A writer in a process of its own: adds batches of three until it is killed, and says what was confirmed.
WRITER = """
import sys, uuid
from stillwatch.exchange.model import Level, LogEntry, NewRecord
from stillwatch.exchange.store.store import Store

url, place, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store.open(url)
print("ready", flush=True)
for _ in range(rounds):
    ids = [f"indicator--{uuid.uuid4()}" for _ in range(3)]
    def build(transaction):
        new = [
            NewRecord(place, each, "2026-11-02T09:00:00Z", "indicator", "2.1", Level.AMBER, "ana", place, b"{}")
            for each in ids
        ]
        return new, [LogEntry(each.encode(), bytes(16), each, "2026-11-02T09:00:00Z") for each in ids]
    store.add("forum", "ana", build)
    print(*ids, flush=True)
"""


def writer(url, place, rounds=10_000):
    program = [sys.executable, "-c", WRITER, url, place.id, str(rounds)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def said(process):
    """What it still printed; not by communicate(), which passes over what the first readline() has buffered."""
    with process.stdout as lines:
        text = lines.read()
    process.wait(timeout=60)
    return text


class Tail(threading.Thread):
    """A reader that goes on until it has seen everything that there is once the writers are done."""

    def __init__(self, store, who, place, *, cursor, limit):
        super().__init__(daemon=True)
        self.store, self.who, self.place, self.cursor, self.limit = store, who, place, cursor, limit
        self.done, self.seen, self.failed = threading.Event(), [], None

    def run(self):
        try:
            self.follow()
        except Exception as error:  # noqa: BLE001 — told to the test
            self.failed = error

    def follow(self):
        last = None
        while True:
            finished = self.done.is_set()
            way = {"after": last} if self.cursor else {"added_after": last}
            page = self.store.read(self.who, self.place, Query(limit=self.limit, **way))
            self.seen += page.records
            last = self.seen[-1].date_added if self.seen else None
            if finished and not page.more and not page.records:
                return

    def finish(self):
        self.done.set()
        self.join(60)
        assert self.failed is None
        return self.seen


def check(store, who, place, tails):
    """Every tail is the whole collection, in order, each date once."""
    everything = list(store.read(who, place, Query(limit=1_000_000)).records)
    dates = [each.date_added for each in everything]
    assert dates == sorted(set(dates))
    for tail in tails:
        assert tail.finish() == everything
    return everything


def test_tails_beside_threads_and_processes(store, open_store, database_url, place, principal_of, new_record):
    who = principal_of("ben")
    tails = [Tail(open_store(), who, place, cursor=cursor, limit=limit) for cursor in (True, False) for limit in (1, 7)]
    for each in tails:
        each.start()
    processes = [writer(database_url, place, rounds=10) for _ in range(2)]

    def write():
        for _ in range(10):
            store.add("forum", "ana", lambda _: ([new_record(), new_record()], []))

    threads = [threading.Thread(target=write) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    confirmed = [name for each in processes for name in said(each).split()]
    everything = check(store, who, place, tails)
    assert len(everything) == 3 * 10 * 2 + 2 * 10 * 3
    assert set(confirmed) <= {each.id for each in everything}


def test_a_writer_killed_in_the_middle_leaves_whole_batches_and_a_whole_log(
    store, database_url, place, principal_of, new_record
):
    who = principal_of("ben")
    tail = Tail(store, who, place, cursor=True, limit=2)
    tail.start()
    confirmed = []
    for wait in (0.05, 0.11, 0.17):
        process = writer(database_url, place)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        lines = said(process).split("\n")
        confirmed += [name for line in lines[:-1] for name in line.split()]
    added = store.add("forum", "ana", lambda _: ([new_record()], []))  # nobody holds the lock any more
    everything = [each.id for each in check(store, who, place, [tail])]
    assert everything[-1] == added[0].id
    assert set(confirmed) <= set(everything)
    assert len(everything) % 3 == 1  # batches of three, and ours
    entries = store.log_entries("forum", 0, 1_000_000)
    assert [each.decode() for each in entries] == everything[:-1]
    assert tree.root_hash(store.tiles("forum"), store.log_size("forum")) == root_of(
        [leaf_hash(each) for each in entries]
    )


def test_a_clock_that_goes_back_takes_no_date_back(store, open_store, clock, place, principal_of, new_record):
    tail = Tail(store, principal_of("ben"), place, cursor=False, limit=3)
    tail.start()
    dates = []
    for jump in (0, -3_600_000_000, 86_400_000_000, -200_000_000_000, 0):
        clock.now += jump
        added = open_store().add("forum", "ana", lambda _: ([new_record(), new_record()], []))
        dates += [each.date_added for each in added]
    assert dates == sorted(set(dates))
    assert dates[-1] - dates[4] < 10  # where the clock is behind, one microsecond each
    check(store, principal_of("ben"), place, [tail])


def test_a_date_is_not_given_again_after_everything_was_deleted(store, clock, place, principal_of, new_record):
    first = store.add("forum", "ana", lambda _: ([new_record()], []))[0]
    clock.now -= 86_400_000_000
    assert store.delete("forum", principal_of("ana"), place, first.id, build=lambda *_: []) == 1
    second = store.add("forum", "ana", lambda _: ([new_record()], []))[0]
    assert second.date_added == first.date_added + 1


def test_each_collection_has_its_own_dates(store, clock, new_record):
    clock.step = 0
    retractions = store.collection("forum", "retractions")
    both = [new_record(), new_record(collection=retractions.id), new_record()]
    added = store.add("forum", "ana", lambda _: (both, []))
    assert [each.date_added - clock.now for each in added] == [0, 0, 1]


@pytest.mark.usefixtures("store")
def test_the_clock_is_looked_at_once_nobody_else_writes(open_store, new_record):
    """A writer that waited must not give dates of before its wait: they would only be lucky to stand in order."""
    times = []

    def slow(transaction):
        times.append(transaction.now)
        time.sleep(0.2)
        return [new_record()], []

    awake = open_store(clock=microseconds)
    threads = [threading.Thread(target=lambda: awake.add("forum", "ana", slow)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert abs(times[1] - times[0]) >= 200_000


class Broken(Exception):  # noqa: N818
    """What a builder raises."""


def left_behind(store, place, principal_of):
    """All that a failed addition might leave."""
    everything = Query(versions="all")
    return (
        store.count(principal_of("ana"), place, everything),
        store.log_size("forum"),
        store.tiles("forum").read(0, 0),
        store.status("forum", "ana", "s-1"),
        store.quota_used("ana", "objects"),
        store.get_document("forum", "keys"),
    )


def test_what_a_builder_raises_leaves_nothing(store, place, principal_of):
    before = left_behind(store, place, principal_of)

    def build(transaction):
        transaction.put_status("s-1", b"{}")
        transaction.put_document("keys", {})
        assert transaction.quota("objects", 5, 10)
        raise Broken

    with pytest.raises(Broken):
        store.add("forum", "ana", build)
    assert left_behind(store, place, principal_of) == before


def test_what_the_database_refuses_is_an_exchange_error_and_leaves_nothing(store, place, principal_of, new_record):
    before = left_behind(store, place, principal_of)
    twice = new_record()

    def build(transaction):
        transaction.put_status("s-1", b"{}")
        return [new_record(), twice, twice], [LogEntry(b"line", bytes(16))]

    with pytest.raises(ExchangeError, match="The database failed") as caught:
        store.add("forum", "ana", build)
    assert twice.id not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left_behind(store, place, principal_of) == before


@pytest.mark.parametrize(
    ("name", "changes", "error"),
    [
        ("ben", {"publisher": "ben"}, TrustError),  # may not write
        ("ana", {"publisher": "ben"}, TrustError),  # somebody else's name
        ("nobody", {"publisher": "nobody"}, TrustError),
        ("ana", {"collection": "no-collection"}, ConfigError),
        ("ana", {"collection": "indicators"}, ConfigError),  # an alias is no id
    ],
)
def test_who_may_not_write_writes_nothing(store, place, principal_of, new_record, name, changes, error):
    before = left_behind(store, place, principal_of)
    with pytest.raises(error):
        store.add("forum", name, lambda _: ([new_record(**changes)], [LogEntry(b"line", bytes(16))]))
    assert left_behind(store, place, principal_of) == before


def test_a_suspended_member_writes_nothing_even_where_it_was_let_in_before(store, principal_of, place, new_record):
    ana = principal_of("ana")
    added = store.add("forum", "ana", lambda _: ([new_record()], []))[0]
    store.suspend("ana")
    with pytest.raises(TrustError):
        store.add("forum", "ana", lambda _: ([new_record()], []))
    with pytest.raises(TrustError):
        store.delete("forum", ana, place, added.id, build=lambda *_: [])


# Another process, for the limit on the size of its files holds for all that it writes.
FULL = """
import resource, sys
from stillwatch.errors import ExchangeError
from stillwatch.exchange.model import Level, LogEntry, NewRecord
from stillwatch.exchange.store.store import Store

store, place = Store.open(sys.argv[1]), sys.argv[2]
room = 1 << 20
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
def new(number):
    name = f"indicator--{number}"
    return NewRecord(place, name, "2026-11-02T09:00:00Z", "indicator", "2.1", Level.AMBER, "ana", place, bytes(10_000))
stored = 0
try:
    for start in range(0, 1000, 10):
        batch = [new(number) for number in range(start, start + 10)]
        log = [LogEntry(each.id.encode(), bytes(16), each.id, each.version) for each in batch]
        store.add("forum", "ana", lambda _: (batch, log))
        stored += 10
except ExchangeError as error:
    print(stored, error)
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_leaves_whole_batches(store, database_url, place, principal_of, new_record):
    store.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL, database_url, place.id], capture_output=True, text=True, check=True
    )
    stored, said = done.stdout.split(" ", 1)
    assert "The database failed" in said
    assert done.stderr == ""
    assert 0 < int(stored) < 1000
    assert store.count(principal_of("ana"), place, Query()) == int(stored) == store.log_size("forum")
    store.add("forum", "ana", lambda _: ([new_record()], []))  # and there is room again
