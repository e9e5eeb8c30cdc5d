"""Writes a transcript while an endpoint is asked, so that nothing is lost and nothing is asked twice.

    with Transcript(path, plan=plan.digest) as transcript:      # goes on where the file ends
        question = transcript.question(key, url, body)          # before it is sent
        transcript.reply(question, received)                    # on the disk when it returns
        key in transcript.settled

A question that was sent and has no line after it was under way when the run ended: that it was asked twice shows. No
header of a request is written down, for one holds the key.
"""

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from stillwatch import __version__
from stillwatch.errors import ConfigError, InputError, StillwatchError
from stillwatch.forensics.suspects import replies
from stillwatch.forensics.suspects.lines import (
    BEGINS,
    Failure,
    Head,
    Key,
    Line,
    Question,
    Received,
    Reply,
    damaged,
    exchanges,
    head,
)


class TranscriptError(StillwatchError):
    """What was asked and answered cannot be written down; nothing more is asked then."""


class Transcript:
    """A transcript to write. Not for several threads; a file has one writer at a time.

    Args:
        path: of the file; made if need be, in a folder that exists. A torn last line is cut off: it was never whole.
        plan: the digest of the plan; a transcript of another plan is not gone on with.

    Attributes:
        settled: what need not be asked any more.

    Raises:
        ConfigError: it cannot be opened, or another run writes it.
        InputError: it is damaged, or of another plan.
    """

    def __init__(self, path: Path, *, plan: str) -> None:
        self.path = path
        self.settled: set[Key] = set()
        self._number = 0
        self._file = _locked(path)
        try:
            self._resume(plan)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets another run have the file."""
        self._file.close()

    def question(self, key: Key, url: str, body: bytes) -> Question:
        """Write down what is about to be asked.

        Raises:
            TranscriptError: it cannot be written.
        """
        self._number += 1
        question = Question(self._number, key.prompt_id, key.n, key.wants, _now(), url, body)
        self._write(question)
        return question

    def reply(self, question: Question, received: Received) -> None:
        """Write down what came back; on the disk when this returns.

        Raises:
            TranscriptError: it cannot be written.
        """
        self._write(Reply(question.number, _now(), *received), sync=True)
        if replies.settles(received.status):
            self.settled.add(question.key)

    def failure(self, question: Question, why: str) -> None:
        """Write down that nothing came back.

        Raises:
            TranscriptError: it cannot be written.
        """
        self._write(Failure(question.number, _now(), why))

    def _resume(self, plan: str) -> None:
        if not BEGINS.startswith(self._file.read(len(BEGINS))):
            raise damaged(self.path, 1)  # somebody else's file: nothing of it is cut off
        if not _cut_torn(self._file):
            self._write(Head(plan, "1", __version__, _now()), sync=True)
            return
        if head(self.path).plan != plan:
            hint = "Name another file: what is asked is fixed by one plan."
            raise InputError("The transcript is of another plan.", where=str(self.path), hint=hint)
        for question, outcome in exchanges(self.path):
            self._number = max(self._number, question.number)
            if isinstance(outcome, Reply) and replies.settles(outcome.status):
                self.settled.add(question.key)

    def _write(self, line: Line, *, sync: bool = False) -> None:
        sound = self._file.seek(0, os.SEEK_END)
        try:
            left = memoryview(msgspec.json.encode(line) + b"\n")
            while left:
                left = left[self._file.write(left) or 0 :]
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(sound)
            says = f"The transcript cannot be written ({error.strerror})."
            raise TranscriptError(says, where=str(self.path)) from error


def _cut_torn(file: BinaryIO) -> int:
    """Cuts off a last line that is not whole; returns how many bytes are left."""
    sound = place = file.seek(0, os.SEEK_END)
    while place:
        start = max(0, place - (1 << 16))
        file.seek(start)
        if found := file.read(place - start).rfind(b"\n") + 1:
            place = start + found
            break
        place = start
    if place < sound:
        file.truncate(place)
    return place


def _locked(path: Path) -> BinaryIO:
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise ConfigError(f"The transcript cannot be opened ({error.strerror}).", where=str(path)) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigError("Another run writes this transcript.", where=str(path), hint="End it first.") from None
    return file


def _now() -> datetime:
    return datetime.now(UTC)
