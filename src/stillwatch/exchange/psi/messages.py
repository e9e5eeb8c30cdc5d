"""The three messages: one line of JSON that anybody can read, then the cryptography's own bytes (protocol buffers).

    {"message":"request","v":1,"run":"9f…","class":"account","reveal":"size","size":4811,"body":"<SHA-256>",…}

Each names the hash of the message that it answers, so that a run is one chain that both transcripts hold.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stillwatch.errors import ExchangeError, InputError
from stillwatch.exchange.tokens.classes import TokenClass

Name = Literal["setup", "request", "response"]
Reveal = Literal["values", "size"]

LONGEST_HEADER = 1024  # bytes
LARGEST = 64 * 1024 * 1024  # bytes of a message: a million elements of 35 bytes, and as much again
_HEX = r"^[0-9a-f]+$"
Sha256 = Annotated[str, Field(pattern=_HEX, min_length=64, max_length=64)]


class Header(BaseModel):
    """What a message says in the clear."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    message: Name
    v: Literal[1] = 1
    run: Annotated[str, Field(pattern=_HEX, min_length=32, max_length=32)]
    token_class: TokenClass = Field(validation_alias="class", serialization_alias="class")
    reveal: Reveal
    size: int = Field(ge=0, description="values of the member who sends it")
    body: Sha256 = Field(description="of the rest, so that damage is noticed before an offer is used up")
    answers: Sha256 | None = Field(default=None, description="of the message before")


@dataclass(frozen=True)
class Terms:
    """What both agree on before: the class of the values, and how much the asking member learns."""

    run: str
    token_class: TokenClass
    reveal: Reveal

    @classmethod
    def new(cls, token_class: TokenClass, reveal: Reveal) -> Self:
        """The terms of a new run."""
        return cls(secrets.token_hex(16), token_class, reveal)

    @classmethod
    def of(cls, header: Header) -> Self:
        """The terms that a message states."""
        return cls(header.run, header.token_class, header.reveal)


@dataclass(frozen=True)
class Message:
    """A message as it is sent."""

    header: Header
    body: bytes

    @classmethod
    def parse(cls, raw: bytes, expected: Name, *, where: str = "message") -> Self:
        """Reads a message.

        Raises:
            ExchangeError: it is no such message.
        """
        line, _, _ = raw[: LONGEST_HEADER + 1].partition(b"\n")
        try:
            header = Header.model_validate_json(line)
        except ValidationError:
            raise ExchangeError("This is no message of a private set intersection.", where=where) from None
        if header.message != expected:
            raise ExchangeError(f"This is a {header.message}, and a {expected} is needed.", where=where)
        message = cls(header, raw[len(line) + 1 :])
        if hashlib.sha256(message.body).hexdigest() != header.body:
            raise ExchangeError("The message was damaged on its way.", where=where, hint="Ask for it again.")
        return message

    @property
    def raw(self) -> bytes:
        """The bytes of the file."""
        return self.header.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n" + self.body

    @property
    def sha256(self) -> str:
        """The hash by which the next message names it."""
        return hashlib.sha256(self.raw).hexdigest()


def save(message: Message, path: Path) -> None:
    """Writes a message, wholly or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(message.raw)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"cannot be written ({error.strerror}).", where=str(path)) from None


def load(path: Path, expected: Name) -> Message:
    """Reads a message from a file.

    Raises:
        InputError: the file cannot be read, or is larger than any message.
        ExchangeError: it is no such message.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("is larger than any message.", where=str(path))
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}).", where=str(path)) from None
    return Message.parse(raw, expected, where=str(path))
