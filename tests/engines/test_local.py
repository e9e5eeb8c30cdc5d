"""The engine: every batch once, a bounded number in flight, errors at once, the same whatever the threads."""

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
