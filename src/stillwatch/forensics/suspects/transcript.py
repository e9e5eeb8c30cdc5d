"""What went over the wire between us and a suspect's endpoint, written down as it went.

    with Transcript(path, plan=plan.digest) as transcript:      # goes on where the file ends
        question = transcript.question(key, url, body)          # before it is sent
        transcript.reply(question, received)                    # on the disk when it returns
        key in transcript.settled
    for answer in answers(path, cleaning): ...                  # from the raw bytes, as anybody else would
    summary(path).says                                          # what a reader must know of the run

A transcript is JSON lines: a head, then each question (the body of the request, before it is sent) and what came of it:
a reply (status, headers, body, the digest of the certificate) or a failure. Bodies are base 64 of the raw bytes. A
question that was sent and has no line after it was under way when the run ended: that it was asked twice shows.
Nothing else is believed: what was said, which model said it and whether a question is settled is computed from the raw
bytes (`replies`). No header of a request is written down, for one holds the key.
"""

import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from stillwatch import __version__
from stillwatch.errors import ConfigError, InputError, StillwatchError
from stillwatch.forensics.model import Answer
from stillwatch.forensics.suspects import replies
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.lines import (
    BEGINS,
    Failure,
    Head,
    Key,
    Line,
    Question,
    Received,
    Reply,
    Wants,
    damaged,
    exchanges,
    head,
)
from stillwatch.forensics.suspects.replies import Predictions


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


def answers(path: Path, cleaning: Cleaning | None = None) -> Iterator[Answer]:
    """What was said, from the raw bytes, in the order in which it came; each question counts once.

    Args:
        path: of the transcript.
        cleaning: cuts echoes off and counts what is left out; without it nothing is counted.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    cleaning = cleaning or Cleaning()
    for question, reply in _settled(path, "answer"):
        said = replies.read(reply.status, reply.body, cut=reply.cut)
        if said.outcome != "answered":
            cleaning.leave_out(said.outcome)
        elif answer := cleaning.cut(Answer(replies.asked(question.body), said.text, question.prompt_id)):
            yield answer


def predictions(path: Path, cleaning: Cleaning | None = None) -> Iterator[Predictions]:
    """What the suspect would have written at each place of the texts that it was given to read, from the raw bytes.

    Args:
        path: of the transcript.
        cleaning: counts what is left out.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    cleaning = cleaning or Cleaning()
    for question, reply in _settled(path, "predictions"):
        found = replies.predictions(question.prompt_id, replies.asked(question.body), reply.status, reply.body)
        if found.places:
            yield found
        else:
            cleaning.leave_out("too large" if reply.cut else "without predictions")


def likelihoods(path: Path, cleaning: Cleaning | None = None) -> Iterator[tuple[str, float]]:
    """How likely each text is that the suspect was given to read, by the text's id, from the raw bytes.

    Args:
        path: of the transcript.
        cleaning: counts what is left out.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    cleaning = cleaning or Cleaning()
    for question, reply in _settled(path, "predictions"):
        found = None if reply.cut else replies.likelihood(reply.status, reply.body)
        if found is None:
            cleaning.leave_out("too large" if reply.cut else "without likelihood")
        else:
            yield question.prompt_id, found


@dataclass(frozen=True)
class Summary:
    """A run, as its transcript shows it.

    Attributes:
        plan: the digest of the plan.
        begun, ended: the first and last line.
        outcomes: of questions, by kind: "answered", "empty", "refused", "too large", "unreadable", "tried again".
        unfinished: questions with nothing after them: the run ended while they were under way.
        twice: questions that were asked again after they were settled; a run does not do that.
        models: what the endpoint said that it is (the model, the fingerprint), in the order in which it said so.
        certificates: SHA-256 of the certificates that it showed, likewise.
    """

    plan: str
    begun: datetime
    ended: datetime
    outcomes: tuple[tuple[str, int], ...]
    unfinished: int
    twice: int
    models: tuple[tuple[str, str], ...]
    certificates: tuple[str, ...]

    @property
    def says(self) -> tuple[str, ...]:
        """What a reader must know: how the endpoint, or the run, was not the same throughout."""
        said = []
        if len(self.models) > 1:
            named = ", ".join(" ".join(filter(None, each)) or "nothing" for each in self.models)
            said.append(f"The endpoint changed during the run: it called itself {named}.")
        if len(self.certificates) > 1:
            said.append(f"The endpoint showed {len(self.certificates)} certificates during the run.")
        if self.twice:
            said.append(f"Questions that were answered were asked again: {self.twice:,}.")
        return tuple(said)


def summary(path: Path) -> Summary:
    """How a run went.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    first = head(path)
    outcomes: Counter[str] = Counter()
    models: dict[tuple[str, str], None] = {}
    certificates: dict[str, None] = {}
    seen: set[Key] = set()
    twice, unfinished, ended = 0, 0, first.at
    for question, outcome in exchanges(path):
        ended = max(ended, question.at if outcome is None else outcome.at)
        unfinished += outcome is None
        if isinstance(outcome, Failure) or (outcome and not replies.settles(outcome.status)):
            outcomes["tried again"] += 1
        elif outcome:
            said = replies.read(outcome.status, outcome.body, cut=outcome.cut)
            outcomes[_outcome(question, said)] += 1
            twice += question.key in seen
            seen.add(question.key)
            if said.outcome in {"answered", "empty"}:
                models[said.model, said.fingerprint] = None
            if outcome.certificate:
                certificates[outcome.certificate] = None
    return Summary(
        first.plan,
        first.at,
        ended,
        tuple(sorted(outcomes.items())),
        unfinished,
        twice,
        tuple(models),
        tuple(certificates),
    )


def _outcome(question: Question, said: replies.Said) -> str:
    """A text that was read needs no answer besides."""
    return "answered" if question.wants == "predictions" and said.outcome == "empty" else said.outcome


def _settled(path: Path, wants: Wants) -> Iterator[tuple[Question, Reply]]:
    """The first reply that settles each question."""
    seen: set[Key] = set()
    for question, outcome in exchanges(path):
        if question.wants == wants and isinstance(outcome, Reply) and replies.settles(outcome.status):
            if question.key not in seen:
                yield question, outcome
            seen.add(question.key)


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
