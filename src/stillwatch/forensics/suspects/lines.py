"""What stands in a transcript: a head, questions, and what came of each; read again line by line.

    head(path).plan
    for question, outcome in exchanges(path): ...       # Reply, Failure, or None: it was under way when the run ended

Whoever has no stillwatch reads the same: JSON, a line each; bodies are base 64 of the raw bytes.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from stillwatch.errors import InputError

Wants = Literal["answer", "predictions"]
LONGEST = 96 << 20  # bytes of a line: the largest reply that is taken (`asking`) in base 64, and room for the rest


class Head(msgspec.Struct, frozen=True, tag="head", tag_field="line", forbid_unknown_fields=True):
    """The first line.

    Attributes:
        plan: the digest of the plan that is followed.
        version: of the format.
        stillwatch: the version that wrote it.
        at: when it was begun.
    """

    plan: str
    version: Literal["1"]
    stillwatch: str
    at: datetime


class Question(msgspec.Struct, frozen=True, tag="question", tag_field="line", forbid_unknown_fields=True):
    """One request, before it is sent.

    Attributes:
        number: 1, 2, 3, ... in the transcript.
        prompt_id: of a prompt, or of a text that is read.
        n: which of several answers to one prompt, from 0.
        wants: an answer, or the most probable next token at each place of a text.
        at: when.
        url: where to, by POST.
        body: the bytes that are sent.
    """

    number: int
    prompt_id: str
    n: int
    wants: Wants
    at: datetime
    url: str
    body: bytes

    @property
    def key(self) -> "Key":
        """What is asked once."""
        return Key(self.prompt_id, self.n, self.wants)


class Reply(msgspec.Struct, frozen=True, tag="reply", tag_field="line", forbid_unknown_fields=True):
    """What came back.

    Attributes:
        question: its number.
        at: when it was there.
        status: of HTTP.
        headers: those that say who answered, when, and what the bytes are.
        body: as they came; the beginning, if they were more than is taken.
        cut: whether they were.
        certificate: SHA-256 of the server's certificate (DER), hexadecimal; "" without TLS.
    """

    question: int
    at: datetime
    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool
    certificate: str


class Failure(msgspec.Struct, frozen=True, tag="failure", tag_field="line", forbid_unknown_fields=True):
    """Nothing came back, or not all.

    Attributes:
        question: its number.
        at: when that was known.
        why: the kind of error.
    """

    question: int
    at: datetime
    why: str


class Key(NamedTuple):
    """What is asked once."""

    prompt_id: str
    n: int
    wants: Wants


class Received(NamedTuple):
    """What came back, with the fields of `Reply`."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool
    certificate: str


Line = Head | Question | Reply | Failure
BEGINS = b'{"line":"head","plan":"'


def exchanges(path: Path) -> Iterator[tuple[Question, Reply | Failure | None]]:
    """Each question with what came of it, in the order in which that was known; at the end those without.

    Args:
        path: of the transcript.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    open_questions: dict[int, Question] = {}
    for number, line in _lines(path):
        if isinstance(line, Question):
            open_questions[line.number] = line
        elif isinstance(line, Reply | Failure) and line.question in open_questions:
            yield open_questions.pop(line.question), line
        elif not isinstance(line, Head):
            raise damaged(path, number)
    for question in open_questions.values():
        yield question, None


def head(path: Path) -> Head:
    """The first line.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    for _, line in _lines(path):
        if isinstance(line, Head):
            return line
    raise damaged(path, 1)


def _lines(path: Path) -> Iterator[tuple[int, Line]]:
    """The lines and their numbers, the head first; a last one without its end was never whole."""
    decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
                if len(line) == LONGEST:
                    raise damaged(path, number)
                if not line.endswith(b"\n"):
                    return
                try:
                    decoded = decoder.decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    raise damaged(path, number) from None
                if isinstance(decoded, Head) != (number == 1):
                    raise damaged(path, number)
                yield number, decoded
    except OSError as error:
        raise InputError(f"The transcript cannot be read ({error.strerror}).", where=str(path)) from None


def damaged(path: Path, number: int) -> InputError:
    """The error for a line that is none."""
    return InputError(f"Line {number} is no line of a transcript.", where=str(path))
