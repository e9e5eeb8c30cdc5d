"""The loop: what came is written down before it counts; what fails is reported and asked again; it ends in order."""

import queue
import threading
import time
from contextlib import closing

import pytest

from stillwatch.config import WatchConfig
from stillwatch.errors import InputError
from stillwatch.response.model import Sighting
from stillwatch.watch import reading
from stillwatch.watch.journal import Journal
from stillwatch.watch.loop import Watch
from stillwatch.watch.model import Piece
from stillwatch.watch.window import Window

QUICK = WatchConfig(flush_seconds=0.05, judge_seconds=0.05)


class Listed:
    """A source of profiles in a list; position {"n": how many were taken}; goes on for ever where it follows."""

    def __init__(self, pieces, *, name="listed", follows=False):
        self.name, self.list, self.follows = name, pieces, follows
        self.released, self.closed, self.at_release = [], threading.Event(), lambda: None

    def pieces(self, position):
        for number in range(position["n"] if position else 0, len(self.list)):
            yield Piece(self.name, {"n": number + 1}, self.list[number], requests=1)
        while self.follows and not self.closed.wait(0.01):
            yield None

    def release(self, position):
        self.released.append(position)
        self.at_release()

    def close(self):
        self.closed.set()


@pytest.fixture
def journal(tmp_path):
    with closing(Journal(tmp_path)) as opened:
        yield opened


@pytest.fixture
def watch(journal):
    """A watch of these sources, and what it judged and reported."""

    def make(*sources, judge=None, settings=QUICK, heard=lambda *_: None):
        window = Window(journal, days=28, most=1000)
        judged, reported = [], []

        def keep(profiles):
            judged.append(profiles)
            return True

        made = Watch(
            sources,
            journal,
            window,
            judge or keep,
            settings,
            report=lambda part, error: reported.append((part, error)),
            heard=heard,
        )
        return made, judged, reported

    return make


@pytest.fixture
def running():
    """Runs a watch on a thread until the test ends."""
    started = []

    def start(watch):
        thread = threading.Thread(target=watch.run)
        thread.start()
        started.append((watch, thread))

    yield start
    for watch, thread in started:
        watch.stop()
        thread.join(20)
        assert not thread.is_alive()


def until(holds, seconds=10.0):
    """Waits until it holds."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it never did"
        time.sleep(0.01)
    return found


def test_once_judges_all_at_the_end(watch, asked, plain):
    sources = [Listed([asked("b", hour=n), asked("a", hour=n)], name=f"s{n}") for n in range(3)]
    made, judged, reported = watch(*sources)
    made.run(once=True)
    assert [profiles.ids.to_pylist() for profiles in judged] == [["a", "b"]]
    assert plain(judged[0])["a"]["requests"] == 3
    assert [source.released[-1] for source in sources] == [{"n": 2}] * 3
    assert reported == []
    assert made.metrics.value("requests") == 6


def test_it_goes_on_where_it_ended(watch, asked, plain):
    pieces = [asked("a", hour=n) for n in range(5)]
    watch(Listed(pieces[:2]))[0].run(once=True)
    made, judged, _ = watch(Listed(pieces))
    made.run(once=True)
    assert plain(judged[0])["a"]["requests"] == 5


def test_a_source_may_forget_only_what_is_on_disk(watch, journal, asked):
    source = Listed([asked("a", hour=n) for n in range(3)])
    on_disk = []
    source.at_release = lambda: on_disk.append(journal.positions["listed"])
    watch(source)[0].run(once=True)
    assert source.released
    assert on_disk == source.released


def test_a_judgement_comes_when_something_came(watch, running, asked):
    source = Listed([asked("a")], follows=True)
    made, judged, _ = watch(source)
    running(made)
    until(lambda: len(judged) == 1)
    time.sleep(0.3)
    assert len(judged) == 1, "nothing came since"


def test_what_the_journal_held_is_judged_at_the_start(watch, running, asked):
    watch(Listed([asked("a")]))[0].run(once=True)
    made, judged, _ = watch(Listed([], follows=True), settings=WatchConfig(flush_seconds=0.05, judge_seconds=3600))
    running(made)
    assert until(lambda: judged)[0].ids.to_pylist() == ["a"]


def test_reading_goes_on_while_accounts_are_judged(watch, running, asked):
    held = threading.Event()
    source = Listed([asked("a", hour=n) for n in range(20)], follows=True)
    made, _, _ = watch(source, judge=lambda _: held.wait(20))
    running(made)
    until(lambda: source.released and source.released[-1] == {"n": 20})
    held.set()


def test_a_judgement_that_fails_is_reported_and_comes_again(watch, running, asked):
    seen = []

    def judge(profiles):
        seen.append(profiles)
        if len(seen) == 1:
            raise InputError("not today.")
        return True

    made, _, reported = watch(Listed([asked("a")], follows=True), judge=judge)
    running(made)
    until(lambda: len(seen) == 2)
    assert [(part, str(error)) for part, error in reported] == [("judgement", "not today.")]
    assert made.metrics.value("faults", "judgement") == 1


def test_what_was_not_judged_whole_is_judged_again(watch, running, asked):
    seen = []
    made, _, _ = watch(Listed([asked("a")], follows=True), judge=lambda p: seen.append(p) or len(seen) == 3)
    running(made)
    until(lambda: len(seen) == 3)
    time.sleep(0.3)
    assert len(seen) == 3


class Broken(Listed):
    """Fails in the middle, so many times."""

    faults = 2

    def pieces(self, position):
        for number, piece in enumerate(super().pieces(position)):
            if number == 1 and self.faults:
                self.faults -= 1
                raise InputError("a passing fault.", where=self.name)
            yield piece


def test_a_source_that_fails_is_asked_again_and_the_others_go_on(watch, running, asked, plain, monkeypatch):
    monkeypatch.setattr(reading, "RETRY_SECONDS", 0.05)
    broken = Broken([asked("a", hour=n) for n in range(4)], name="broken", follows=True)
    sound = Listed([asked("b", hour=n) for n in range(4)], name="sound", follows=True)
    made, judged, reported = watch(broken, sound)
    running(made)
    until(lambda: judged and plain(judged[-1]).get("a", {}).get("requests") == 4)
    assert plain(judged[-1])["b"]["requests"] == 4
    assert [(part, str(error)) for part, error in reported] == [("broken", "broken: a passing fault.")] * 2


def test_once_ends_with_the_fault_of_a_source(watch, asked):
    made, judged, _ = watch(Broken([asked("a", hour=n) for n in range(4)], name="broken"))
    with pytest.raises(InputError, match="a passing fault"):
        made.run(once=True)
    assert judged == []


def test_stopping_keeps_what_was_handed_over(watch, asked, journal):
    slow = WatchConfig(flush_seconds=60, judge_seconds=3600)
    source = Listed([asked("a", hour=n) for n in range(5)], follows=True)
    made, _, _ = watch(source, settings=slow)
    thread = threading.Thread(target=made.run)
    thread.start()
    until(lambda: made.metrics.value("requests") == 5)
    assert journal.positions == {}
    made.stop()
    thread.join(20)
    assert journal.positions == {"listed": {"n": 5}}
    assert source.closed.is_set()


def test_whom_gateways_recognised_is_told_once_it_is_on_disk(watch, journal, asked):
    class Seen(Listed):
        def pieces(self, position):
            for piece in super().pieces(position):
                yield Piece(piece.source, piece.position, piece.profiles, sightings=(sighting,), counts=(("x", 2),))

    sighting, heard = Sighting("a", "c-1", "template", 1.0), []
    made, _, _ = watch(Seen([asked("a")]), heard=lambda *told: heard.append((*told, dict(journal.positions))))
    made.run(once=True)
    assert heard == [([sighting], {"x": 2}, {"listed": {"n": 1}})]
    assert made.metrics.value("gateway", "x") == 2


def test_who_could_not_be_told_is_told_again(watch, running, asked):
    class Seen(Listed):
        def pieces(self, position):
            for piece in super().pieces(position):
                yield piece and Piece(piece.source, piece.position, piece.profiles, sightings=(sighting,))

    def hear(sightings, _counts):
        heard.append(list(sightings))
        if len(heard) == 1:
            raise InputError("the ledger is away.")

    sighting, heard = Sighting("a", "c-1", "template", 1.0), []
    made, _, reported = watch(Seen([asked("a")], follows=True), heard=hear)
    running(made)
    until(lambda: len(heard) == 2)
    assert heard == [[sighting]] * 2
    assert [part for part, _ in reported] == ["response"]


def test_a_journal_that_cannot_be_written_is_tried_again(watch, running, asked, tmp_path, plain):
    """Here the folder is gone for a while."""
    source = Listed([asked("a")], follows=True)
    made, judged, reported = watch(source)
    away = tmp_path.with_name(tmp_path.name + "-away")
    tmp_path.rename(away)
    running(made)
    until(lambda: reported)
    away.rename(tmp_path)
    until(lambda: judged)
    assert plain(judged[-1])["a"]["requests"] == 1
    assert reported[0][0] == "journal"


def test_a_source_waits_where_the_loop_does_not_keep_up(asked):
    class Endless(Listed):
        taken = 0

        def pieces(self, _position):
            while True:
                self.taken += 1
                yield Piece(self.name, {"n": self.taken}, asked("a"))

    source, full = Endless([]), queue.Queue(3)
    reader = reading.Reader(source, None, full, lambda *_: None, patient=True)
    reader.start()
    until(full.full)
    time.sleep(0.3)
    assert source.taken == 4
    reader.end()
    reader.join(5)
    assert not reader.is_alive()
