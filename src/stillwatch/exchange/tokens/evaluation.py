"""Evaluating batches beside the server, in a process of its own.

voprf holds Python's lock: a batch of 1,024 in a thread would stand still everything else for 90 ms. Here the server's
loop waits like for any other answer.

    workers = Workers()
    await workers.evaluate(seed, info, blinded)
    workers.close()
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from stillwatch.exchange.tokens.prf import PRF, Evaluation

WAITING = 16  # batches: about 1.5 s of work a process


class Busy(Exception):  # noqa: N818 — not a fault
    """More batches wait than should; ask again shortly."""


class Workers:
    """Processes that evaluate; started with the first batch.

    Args:
        processes: how many; each evaluates about 11,000 elements a second.
    """

    def __init__(self, processes: int = 1) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = 0

    async def evaluate(self, seed: bytes, info: bytes, blinded: Sequence[bytes]) -> Evaluation:
        """Evaluates one batch.

        Raises:
            Busy: too many batches wait, or the process was ended from outside and is started anew.
            MalformedElement: an element that is none.
        """
        if self._waiting >= WAITING * self._processes:
            raise Busy
        self._waiting += 1
        pool = self._pool = self._pool or self._started()
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, PRF.evaluate, seed, info, tuple(blinded))
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            raise Busy from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Ends the processes; another batch would start them again."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        # not forked: the server has threads and an event loop
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._processes, mp_context=context, initializer=_prepare)


def _prepare() -> None:
    """Leaves Ctrl-C to the server, and ends with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(0)
