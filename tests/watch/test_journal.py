"""The journal: what was appended is there, once, whatever happens to the process, the disk or the clock."""

import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, InputError
from stillwatch.profiles.accounts import zero
from stillwatch.watch import journal as module
from stillwatch.watch.journal import Journal, JournalError
from stillwatch.watch.judgement import Raised

EVER = date(2000, 1, 1)
STEPS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcde"), unique=True, max_size=3), st.sampled_from("xy"), st.integers(-3, 3)),
    max_size=8,
)


def opened(folder, clock):
    return closing(Journal(folder, clock=clock))


def whole(journal):
    out = zero()
    for _, profiles in journal.replay(EVER):
        out.absorb(profiles)
    return out


def only(folder):
    (path,) = folder.glob("*.journal")
    return path


@contextmanager
def folder():
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


@settings(deadline=None, max_examples=40)
@given(steps=STEPS, between=st.sets(st.tuples(st.sampled_from(["merge", "reopen"]), st.integers(0, 7))))
def test_all_is_there_once_whatever_the_clock_does(steps, between, new_clock, asked, plain):
    """Days that jump, merging and reopening between any two records change nothing."""
    expected, positions, clock = zero(), {}, new_clock()
    with folder() as place:
        journal = Journal(place, clock=clock)
        for number, (accounts, source, jump) in enumerate(steps):
            clock.go(jump)
            profiles = asked(*accounts, hour=number)
            journal.append(profiles, {source: {"at": number}})
            expected.absorb(profiles)
            positions[source] = {"at": number}
            if ("merge", number) in between:
                for day in journal.days:
                    journal.compact(day)
            if ("reopen", number) in between:
                journal.close()
                journal = Journal(place, clock=clock)
            assert journal.positions == positions
        assert plain(whole(journal)) == plain(expected)
        journal.close()


@settings(deadline=None, max_examples=60)
@given(cut=st.floats(0, 1), zeros=st.booleans())
@example(cut=0.9998565773802555, zeros=True)
def test_a_record_is_there_whole_or_not_at_all(cut, zeros, new_clock, asked, plain):
    """A writer that was killed anywhere leaves the records before, with their positions, and the next goes behind."""
    clock, ends, sums = new_clock(), [0], [zero()]
    with folder() as place:
        with opened(place, clock) as journal:
            for number in range(3):
                profiles = asked("a", "b", hour=number)
                journal.append(profiles, {"x": {"at": number}})
                ends.append(only(place).stat().st_size)
                sums.append(zero())
                sums[-1].absorb(sums[-2])
                sums[-1].absorb(profiles)
        size = round(cut * ends[-1])
        content = only(place).read_bytes()
        torn = content[:size] + bytes((len(content) - size) * zeros)
        only(place).write_bytes(torn)
        left = sum(torn[:end] == content[:end] for end in ends) - 1  # a record that ends in zeros may be whole
        with opened(place, clock) as journal:
            assert plain(whole(journal)) == plain(sums[left])
            assert journal.positions == ({"x": {"at": left - 1}} if left else {})
            journal.append(asked("c"), {"x": {"at": 9}})
        with opened(place, clock) as journal:
            assert plain(whole(journal)).keys() == plain(sums[left]).keys() | {"c"}
            assert journal.positions == {"x": {"at": 9}}


@pytest.mark.parametrize("at", [0.0, 0.1, 0.3, 0.6])
def test_damage_is_no_torn_record_and_is_said(at, tmp_path, clock, asked):
    with opened(tmp_path, clock) as journal:
        for number in range(3):
            journal.append(asked("a", hour=number), {"x": {"at": number}})
    path = only(tmp_path)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"\.journal: .*Move it away"), opened(tmp_path, clock) as journal:
        whole(journal)


def test_merged_records_are_few_and_bounded(tmp_path, clock, asked, plain, monkeypatch):
    monkeypatch.setattr(module, "ROOM", 4)
    monkeypatch.setattr(module, "LOOSE", 10)
    with opened(tmp_path, clock) as journal:
        for number in range(30):
            journal.append(asked(f"a{number // 2}", hour=number), {"x": {"at": number}})
            journal.tidy()
        before, expected = only(tmp_path).stat().st_size, plain(whole(journal))
        journal.compact(journal.today)
        merged = [len(profiles) for _, profiles in journal.replay(EVER)]
        assert plain(whole(journal)) == expected
        assert max(merged) == 4
        assert len(merged) <= 5
        assert only(tmp_path).stat().st_size <= before
    with opened(tmp_path, clock) as journal:
        assert journal.positions == {"x": {"at": 29}}


def test_a_day_that_is_over_is_merged(tmp_path, clock, asked):
    with opened(tmp_path, clock) as journal:
        for number in range(5):
            journal.append(asked("a", hour=number), {"x": {"at": number}})
        clock.go(1)
        journal.append(asked("a", hour=9), {"x": {"at": 9}})
        journal.tidy()
        assert [profiles["requests"].tolist() for _, profiles in journal.replay(EVER)] == [[5], [1]]


def test_positions_outlive_the_files_that_they_were_written_to(tmp_path, clock, asked):
    with opened(tmp_path, clock) as journal:
        journal.append(asked("a"), {"silent": {"at": 1}, "x": {"at": 1}})
        for number in range(2, 7):
            clock.go(1)
            journal.append(asked("a", hour=number), {"x": {"at": number}})
            journal.forget(journal.today, 2)
        assert len(journal.days) == 2
    with opened(tmp_path, clock) as journal:
        assert journal.positions == {"silent": {"at": 1}, "x": {"at": 6}}


def test_nothing_is_forgotten_for_a_clock_that_was_wrong_for_a_while(tmp_path, clock, asked, plain):
    with opened(tmp_path, clock) as journal:
        for number in range(3):
            journal.append(asked("a", hour=number), {"x": {"at": number}})
            clock.go(1)
        clock.go(400)
        journal.append(asked("b"), {"x": {"at": 3}})
        journal.forget(journal.today, 28)
        clock.go(-400)
        assert plain(whole(journal)).keys() == {"a", "b"}


def test_a_second_watch_is_kept_out(tmp_path, clock):
    with opened(tmp_path, clock), pytest.raises(ConfigError, match="Another watch is at work here"):
        Journal(tmp_path)
    with opened(tmp_path, clock) as journal:
        assert journal.positions == {}


def test_a_watch_that_was_killed_holds_nothing(tmp_path):
    program = "import sys,time; from pathlib import Path; from stillwatch.watch.journal import Journal; "
    program += "held = Journal(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ConfigError):
            Journal(tmp_path)
        other.send_signal(signal.SIGKILL)
    Journal(tmp_path).close()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, clock, asked, crowd, plain):
    """The limit on a file's size stands for a disk that is full: the write fails in the middle."""
    with opened(tmp_path, clock) as journal:
        journal.append(asked("a"), {"x": {"at": 0}})
        size = only(tmp_path).stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, hard))
        try:
            with pytest.raises(JournalError, match="cannot be written"):
                journal.append(crowd(1000), {"x": {"at": 1}})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert only(tmp_path).stat().st_size == size
        assert journal.positions == {"x": {"at": 0}}
        journal.append(asked("b"), {"x": {"at": 1}})
        assert plain(whole(journal)).keys() == {"a", "b"}


def test_what_is_no_journal_is_said(tmp_path):
    (tmp_path / "2026-03-02.journal").write_text("something else altogether\n")
    with pytest.raises(InputError, match="no journal of a watch"):
        Journal(tmp_path)
    with pytest.raises(InputError):  # and the folder was not kept locked
        Journal(tmp_path)


def test_a_place_where_nothing_can_be_kept(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot keep anything here .*watch\.folder"):
        Journal(tmp_path / "file")


def test_others_may_not_read_it(tmp_path, clock, asked):
    with opened(tmp_path / "watch", clock) as journal:
        journal.append(asked("a"), {"x": {"at": 0}})
        journal.append(asked("a", hour=1), {"x": {"at": 1}})
        journal.compact(journal.today)
        journal.remember([Raised("c-1", frozenset("a"), 0, 2)])
        assert journal.raised == (Raised("c-1", frozenset("a"), 0, 2),)
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "watch").iterdir()}
    assert (tmp_path / "watch").stat().st_mode & 0o077 == 0
    assert all(mode == 0 for mode in modes.values()), modes
