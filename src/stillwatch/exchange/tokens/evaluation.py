"""Evaluating batches beside the server, in a process of its own.

voprf holds Python's lock: a batch of 1,024 in a thread would stand still everything else for 90 ms. Here the server's
loop waits like for any other answer.

    worker = Worker()
    await worker.evaluate(seed, info, blinded)
    worker.close()

The process reads questions from its standard input until that ends, which it does however the server ends. It is no
`multiprocessing`, for that would run the server's own main module once more.
"""

import asyncio
import pickle
import subprocess
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from stillwatch.exchange.tokens.prf import PRF, Evaluation, MalformedElement

WAITING = 16  # batches: about 1.5 s of work

Process = subprocess.Popen[bytes]


class Busy(Exception):  # noqa: N818 — not a fault
    """More batches wait than should; ask again shortly."""


class Worker:
    """A process that evaluates, about 11,000 elements a second; started with the first batch."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tokens")
        self._process: Process | None = None
        self._waiting = 0

    async def evaluate(self, seed: bytes, info: bytes, blinded: Sequence[bytes]) -> Evaluation:
        """Evaluates one batch.

        Raises:
            Busy: too many batches wait, or the process was ended from outside and is started anew.
            MalformedElement: an element that is none.
        """
        if self._waiting >= WAITING:
            raise Busy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._thread, self._asked, (seed, info, tuple(blinded)))
        finally:
            self._waiting -= 1
        if answer is None:
            raise MalformedElement("no element of ristretto255, or the identity")
        return answer

    def close(self) -> None:
        """Ends the process, after the batch that it is at."""
        self._thread.shutdown(cancel_futures=True)
        if self._process:
            _end(self._process)

    def _asked(self, question: tuple[bytes, bytes, tuple[bytes, ...]]) -> Evaluation | None:
        process = self._process = self._process or self._started()
        assert process.stdin and process.stdout  # noqa: S101, PT018 — both are pipes
        try:
            pickle.dump(question, process.stdin)
            process.stdin.flush()
            answer: Evaluation | None = pickle.load(process.stdout)  # noqa: S301 — from our own child
        except (OSError, EOFError, pickle.UnpicklingError):
            _end(process)
            self._process = None
            raise Busy from None
        return answer

    def _started(self) -> Process:
        program = [sys.executable, "-m", __name__]
        # in a session of its own: Ctrl-C is for the server, which ends this one in its turn
        process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603
        weakref.finalize(self, _end, process)
        return process


def _end(process: Process) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            try:
                pipe.close()
            except OSError:  # what was not sent yet
                continue
    process.wait()


def main() -> None:
    """Answers questions until there are no more."""
    while True:
        try:
            seed, info, blinded = pickle.load(sys.stdin.buffer)  # noqa: S301 — from our own parent
        except EOFError:
            return
        try:
            answer = PRF.evaluate(seed, info, blinded)
        except MalformedElement:
            answer = None
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
