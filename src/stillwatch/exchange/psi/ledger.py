"""What a member keeps of its runs: a transcript without values, and between two steps the secret of the run.

    ledger = Ledger(folder)
    ledger.begin(transcript, secret)          # RUN.json, and RUN.key with mode 0600
    ledger.secret(run)                        # until `forget`, which the last step calls

A transcript says who, when, how many and the hash of each message: enough to show later what was asked, and nothing of
whom.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stillwatch.errors import ConfigError, InputError, PrivacyError
from stillwatch.exchange.psi.messages import Message, Name, Reveal, Terms
from stillwatch.exchange.tokens.classes import TokenClass
from stillwatch.writing import write_whole

#: Between two runs of a pair: the difference of two runs shows the values that were put in between.
INTERVAL = timedelta(hours=24)

Role = Literal["offered", "asked"]
_RUN = re.compile(r"[0-9a-f]{32}")


class Passed(BaseModel):
    """A message that was sent or received."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: Name
    sha256: str
    size: int = Field(description="bytes")
    at: AwareDatetime

    @classmethod
    def of(cls, message: Message, at: datetime) -> Self:
        """The line for a message."""
        return cls(message=message.header.message, sha256=message.sha256, size=len(message.raw), at=at)


class Transcript(BaseModel):
    """A run as one member saw it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    version: Literal[1] = 1
    run: str
    role: Role
    partner: str
    token_class: TokenClass = Field(validation_alias="class", serialization_alias="class")
    reveal: Reveal
    own_size: int
    their_size: int | None = None
    messages: tuple[Passed, ...] = ()
    result: int | str | None = Field(default=None, description="common values; only who asked knows")
    override: str | None = Field(default=None, description="why a second run within a day")

    @classmethod
    def begun(cls, role: Role, partner: str, terms: Terms, own_size: int, override: str | None) -> Self:
        """The transcript of a run that has just begun."""
        return cls(
            run=terms.run,
            role=role,
            partner=partner,
            token_class=terms.token_class,
            reveal=terms.reveal,
            own_size=own_size,
            override=override,
        )

    def passed(self, message: Message, at: datetime) -> Self:
        """The same with one more message."""
        return self.model_copy(update={"messages": (*self.messages, Passed.of(message, at))})

    def sha256(self, name: Name) -> str | None:
        """The hash of a message of this run."""
        return next((passed.sha256 for passed in self.messages if passed.message == name), None)

    def received(self, message: Message, at: datetime) -> Self:
        """The same with a message of the other member, and the size of its set."""
        return self.passed(message, at).model_copy(update={"their_size": message.header.size})

    @property
    def answered(self) -> datetime | None:
        """When something was learnt by it."""
        return next((passed.at for passed in self.messages if passed.message == "response"), None)

    def text(self) -> str:
        """As it is written."""
        return self.model_dump_json(indent=2, by_alias=True, exclude_none=True) + "\n"


@dataclass(frozen=True)
class Ledger:
    """The folder of a member's runs."""

    folder: Path

    def begin(self, transcript: Transcript, secret: bytes) -> None:
        """Writes down a new run.

        Raises:
            ConfigError: the folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._place(transcript.run, "key"), base64.b64encode(secret) + b"\n")
            self.update(transcript)
        except OSError as error:
            raise ConfigError(f"cannot be written to ({error.strerror}).", where=str(self.folder)) from None

    def update(self, transcript: Transcript) -> None:
        """Writes down how a run went on."""
        write_whole(self._place(transcript.run, "json"), transcript.text().encode())

    def transcript(self, run: str) -> Transcript:
        """The transcript of a run.

        Raises:
            InputError: there was no such run here.
        """
        place = self._place(run, "json")
        try:
            return Transcript.model_validate_json(place.read_bytes())
        except FileNotFoundError:
            raise InputError("The run of this message was not begun here.", where=str(self.folder)) from None
        except (OSError, ValidationError):
            raise InputError("This transcript cannot be read.", where=str(place)) from None

    def has(self, run: str) -> bool:
        """Whether a run was begun here."""
        return self._place(run, "json").exists()

    def transcripts(self) -> Iterator[Transcript]:
        """All transcripts."""
        for place in sorted(self.folder.glob("*.json")):
            yield self.transcript(place.stem)

    def secret(self, run: str) -> bytes:
        """The secret of a run.

        Raises:
            PrivacyError: the run is over.
        """
        try:
            return base64.b64decode(self._place(run, "key").read_bytes())
        except OSError:
            hint = "Each offer answers one request; a second would need a new offer."
            raise PrivacyError("This run is over: its secret is destroyed.", where=run, hint=hint) from None

    def forget(self, run: str) -> None:
        """Destroys the secret of a run."""
        self._place(run, "key").unlink(missing_ok=True)

    def check_interval(self, transcript: Transcript, now: datetime) -> None:
        """Checks that no other run with this partner in this role was answered in the last day.

        A run that the clock puts into the future counts: clocks can be set back.

        Raises:
            PrivacyError: there was one, and no reason is given.
        """
        for other in self.transcripts():
            same = (other.partner, other.role) == (transcript.partner, transcript.role) and other.run != transcript.run
            if same and other.answered and now - other.answered < INTERVAL and not transcript.override:
                ago = f"The last run with {transcript.partner} was answered at {other.answered:%Y-%m-%d %H:%M} UTC."
                hint = "Wait a day, for the difference of two runs shows single values; or give a reason: --override."
                raise PrivacyError(ago, hint=hint)

    def _place(self, run: str, kind: str) -> Path:
        if not _RUN.fullmatch(run):  # it comes from the other member's file, and names a file here
            raise InputError("This is no name of a run.", where=str(self.folder))
        return self.folder / f"{run}.{kind}"
