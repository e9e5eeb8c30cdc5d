"""The engine: every batch once, a bounded number in flight, errors at once, the same whatever the threads."""

import resource
import subprocess
import sys
import threading
import time

import pyarrow as pa
import pytest

from stillwatch.engines.local import fold, threads_or_cores


def batches(n, decode=lambda n: n):
    for number in range(n):
        yield lambda number=number: pa.record_batch({"n": [decode(number)]})


def number(batch):
    return batch.column("n")[0].as_py()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_every_batch_is_absorbed_once(threads):
    absorbed = []
    fold(batches(50), number, absorbed.append, threads=threads)
    assert sorted(absorbed) == list(range(50))


def test_no_batch_is_no_work():
    fold([], number, lambda _: pytest.fail("nothing to absorb"), threads=2)


def test_absorbing_is_never_done_twice_at_once():
    busy = threading.Lock()

    def absorb(_):
        assert busy.acquire(blocking=False)
        time.sleep(0.001)
        busy.release()

    fold(batches(20), number, absorb, threads=4)


def test_kernels_run_beside_each_other():
    meeting = threading.Barrier(2, timeout=10)
    fold(batches(4), lambda batch: (meeting.wait(), number(batch)), lambda _: None, threads=2)


@pytest.mark.parametrize("threads", [1, 3])
def test_at_most_two_batches_a_thread_are_in_flight(threads):
    alive, most, lock = 0, 0, threading.Lock()

    def cut():
        nonlocal alive, most
        for lazy in batches(60):
            with lock:
                alive += 1
                most = max(most, alive)
            yield lazy

    def absorb(_):
        nonlocal alive
        with lock:
            alive -= 1

    fold(cut(), number, absorb, threads=threads)
    assert most == 2 * threads


class BrokenError(Exception):
    pass


def fail(at):
    def raising(value):
        if value == at:
            raise BrokenError
        return value

    return raising


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("where", ["decoding", "kernel", "absorbing", "cutting"])
def test_an_error_ends_the_fold_wherever_it_is_raised(where, threads):
    broken, seen = fail(5), []

    def cut():
        for n, lazy in enumerate(batches(10_000, broken if where == "decoding" else lambda n: n)):
            seen.append(broken(n) if where == "cutting" else n)
            yield lazy

    kernel = (lambda batch: broken(number(batch))) if where == "kernel" else number
    with pytest.raises(BrokenError):
        fold(cut(), kernel, broken if where == "absorbing" else lambda _: None, threads=threads)
    assert len(seen) < 100, "what was left is not read"


def test_zero_threads_are_as_many_as_there_are_cores():
    assert threads_or_cores(0) >= 1
    assert threads_or_cores(3) == 3


SPILLING = """
import sys
import pyarrow as pa
from stillwatch.engines.local import LocalEngine
from stillwatch.errors import StillwatchError

SCHEMA = pa.schema([("text", pa.string())])

def batches():
    for start in range(0, 800_000, 20_000):
        yield pa.RecordBatch.from_pydict({"text": [f"{i * 7919 % 800_000:060}" for i in range(start, start + 20_000)]})

try:
    with LocalEngine(threads=1, memory="40MB") as engine:
        rows = engine.sql("SELECT text FROM those ORDER BY text", those=engine.table(batches(), SCHEMA)).batches()
        print(sum(len(batch) for batch in rows))
except StillwatchError as error:
    sys.exit(f"{error} {error.hint}")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("room", "code", "says"), [(None, 0, ""), (1 << 20, 1, "There is no room for the joins")])
def test_joins_spill_and_a_full_disk_is_told_in_one_line(tmp_path, monkeypatch, room, code, says):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    less = lambda: room and resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))  # noqa: E731
    line = [sys.executable, "-c", SPILLING]
    ran = subprocess.run(line, preexec_fn=less, capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert ran.stdout == ("" if code else "800000\n")
    assert says in ran.stderr
    assert ran.stderr.count("\n") == code, "one line"
    assert "Make room, or set TMPDIR" in ran.stderr or not code
    assert list(tmp_path.iterdir()) == [], "what was spilled is gone"
