"""What an entry of the ledger says.

    text = written(Decided(decision, by="alice"))      # canonical JSON (RFC 8785)
    body = read("decided", text)

Each kind names, in `found_by`, the fields that tell what it is about (a decision or an appeal), whose account it
concerns, and until when it can matter, so that the ledger finds what is in force without reading all that ever was.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, ClassVar, Literal

import msgspec

from stillwatch.errors import InputError
from stillwatch.indicators.ids import canonical
from stillwatch.response.model import Decision, Rung, told

KINDS: dict[str, type["Body"]] = {}  # by the name under which they are written

_LONGEST = 1000  # bytes of a name that is looked up as it is


@dataclass(frozen=True)
class Body:
    """What all kinds of entries have in common."""

    kind: ClassVar[str]
    found_by: ClassVar[tuple[str, str, str]] = ("", "", "")  # about, whose, until: fields; "" for none

    def __init_subclass__(cls, *, kind: str = "") -> None:
        if kind:
            cls.kind, KINDS[kind] = kind, cls


@dataclass(frozen=True)
class _WithDecision(Body):
    """It brings a decision."""

    found_by: ClassVar[tuple[str, str, str]] = ("decision.id", "decision.value", "decision.until")
    decision: Decision


@dataclass(frozen=True)
class _OfDecision(Body):
    """It says something of a decision that the ledger has, by its id."""

    found_by: ClassVar[tuple[str, str, str]] = ("decision", "value", "until")


@dataclass(frozen=True)
class _OfAppeal(Body):
    """It says something of an appeal."""

    found_by: ClassVar[tuple[str, str, str]] = ("appeal", "value", "")
    appeal: str
    value: str


@dataclass(frozen=True)
class Founded(Body, kind="founded"):
    """The first entry: a random name that tells this ledger from others, and the version of its form."""

    ledger: str
    version: int


@dataclass(frozen=True)
class Decided(_WithDecision, kind="decided"):
    """A measure stands from `decision.since` on; `by` applied it, or signed what was proposed."""

    by: str


@dataclass(frozen=True)
class Proposed(_WithDecision, kind="proposed"):
    """A measure waits for a person's signature and does nothing."""


@dataclass(frozen=True)
class Lifted(_OfDecision, kind="lifted"):
    """A decision ends, or a proposal is refused: at once, or when the newer decision begins that takes its place.

    At once is from this entry on, whatever anybody's clock says.
    """

    decision: str
    value: str
    at: datetime | None  # None: at once
    until: datetime  # the decision's
    by: str
    reason: str


@dataclass(frozen=True)
class Exempted(_OfDecision, kind="exempted"):
    """An appeal was granted: nothing touches `value`, unless a person decides it on evidence of another family."""

    value: str
    until: datetime
    families: tuple[str, ...]  # of evidence, which were not enough
    decision: str
    by: str


@dataclass(frozen=True)
class Switched(Body, kind="switched"):
    """All measures were turned off, or on again."""

    on: bool
    by: str
    reason: str


@dataclass(frozen=True)
class Appealed(_OfAppeal, kind="appealed"):
    """Somebody objects; his words are kept beside the chain, which has their seal alone."""

    decision: str
    due: datetime
    words: str  # the seal: SHA-256 under a salt, hexadecimal


@dataclass(frozen=True)
class Answered(_OfAppeal, kind="answered"):
    """A person answered an appeal."""

    outcome: Literal["upheld", "reversed"]
    by: str
    words: str


@dataclass(frozen=True)
class Erased(_OfAppeal, kind="erased"):
    """The words of an appeal and of its answer are gone, as the law may ask; that there was one is not."""

    by: str


def found_by(body: Body) -> tuple[str, str, datetime | None]:
    """What an entry is about, whose account it concerns, and until when it can matter ("", "", None for none)."""
    about, whose, until = (attrgetter(name)(body) if name else None for name in body.found_by)
    return findable(about or ""), findable(whose or ""), until


def findable(name: str) -> str:
    """A name as both databases can look it up: PostgreSQL knows no NUL in a text, and no long one in an index."""
    raw = name.replace("\0", "\ufffd").encode(errors="replace")
    return raw.decode() if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()


def written(body: Body) -> str:
    """As canonical JSON, rungs as words.

    Raises:
        InputError: it holds a text that is no Unicode.
    """
    document = msgspec.to_builtins(body)
    if isinstance(body, _WithDecision):
        document["decision"] = told(body.decision)
    try:
        return canonical(document).decode()
    except ValueError as error:
        raise InputError("This cannot be written down: a text in it is no Unicode.", where="ledger") from error


def read(kind: str, text: str) -> Body:
    """What `written` wrote.

    Raises:
        ValueError: it did not.
    """
    document: dict[str, Any] = msgspec.json.decode(text)
    if issubclass(KINDS[kind], _WithDecision):
        document["decision"]["action"] = Rung[document["decision"]["action"].upper()]
    return msgspec.convert(document, KINDS[kind])
