"""The engine in this process: lazy batches, a thread pool, one accumulator.

Decoding and profiling release the interpreter's lock and run beside each other; what each batch yields is merged in one
place. Order does not matter, since profiles are a commutative monoid.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

T = TypeVar("T")


def threads_or_cores(threads: int) -> int:
    """The number of threads asked for, or as many as this process may use where 0 is asked for."""
    return threads or len(os.sched_getaffinity(0))


def fold(
    batches: Iterable[Callable[[], pa.RecordBatch]],
    kernel: Callable[[pa.RecordBatch], T],
    absorb: Callable[[T], None],
    *,
    threads: int = 0,
) -> None:
    """Apply the kernel to each batch on threads; hand each result to `absorb`, one at a time.

    At most two batches a thread are decoded at any moment. An error of a reader or kernel ends the fold and is raised.
    """
    workers = threads_or_cores(threads)
    with ThreadPoolExecutor(workers, thread_name_prefix="stillwatch") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(lambda b: kernel(b()), batch))
                if len(waiting) >= 2 * workers:
                    absorb(waiting.popleft().result())
            while waiting:
                absorb(waiting.popleft().result())
        finally:
            for future in waiting:
                future.cancel()
