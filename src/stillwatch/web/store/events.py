"""What can happen to a case, and how its present state follows from all that happened: nothing is ever taken back.

    store.record("c-3f9a", Noted("Three of them appealed."), who="ana", now=now, revision=4)
    state = fold(events)             # of one case, oldest first
    state.assignee, state.status, state.into

A merger, a split or a verdict is undone by an entry that names it (`Undone`); what stood before it then stands again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from stillwatch.reports.wording import count, day

Verdict = Literal["confirmed", "rejected", "unsure"]
Status = Literal["open", "confirmed", "rejected", "unsure", "closed"]
STATUSES: tuple[Status, ...] = ("open", "confirmed", "rejected", "unsure", "closed")

KINDS: dict[str, type["Body"]] = {}  # by the name under which they are written


@dataclass(frozen=True)
class Body:
    """What all that can happen has in common."""

    kind: ClassVar[str]
    changes: ClassVar[bool] = True  # what the case is; else only something about it was written down
    undoable: ClassVar[bool] = True

    def __init_subclass__(cls, *, kind: str) -> None:
        cls.kind, KINDS[kind] = kind, cls

    @property
    def says(self) -> str:
        """What happened, after the name of who did it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Noted(Body, kind="note"):
    """Somebody wrote something down."""

    text: str

    @property
    def says(self) -> str:
        """What happened."""
        return "wrote a note"


@dataclass(frozen=True)
class Assigned(Body, kind="assigned"):
    """Somebody has it now, or nobody."""

    to: str | None

    @property
    def says(self) -> str:
        """What happened."""
        return f"gave it to {self.to}" if self.to else "gave it to nobody"


@dataclass(frozen=True)
class Reviewed(Body, kind="review"):
    """A verdict.

    Attributes:
        verdict: what it is taken for.
        reason: why.
        campaign_id: the version that was judged.
        until: when the case is to be looked at again; None: no end.
        stands: False: a second person must say the same before it stands.
        appeal: it was given with an appeal that was granted: once it stands, the campaign's measures end; empty: not.
    """

    verdict: Verdict
    reason: str
    campaign_id: str
    until: datetime | None = None
    stands: bool = True
    appeal: str = ""

    @property
    def says(self) -> str:
        """What happened."""
        return f"judged it {self.verdict}{self._end}{'' if self.stands else '; a second person is to say so, too'}"

    @property
    def _end(self) -> str:
        return f" until {day(self.until)}" if self.until else ""


@dataclass(frozen=True)
class Closed(Body, kind="closed"):
    """There is nothing more to do."""

    reason: str

    @property
    def says(self) -> str:
        """What happened."""
        return "closed it"


@dataclass(frozen=True)
class Opened(Body, kind="opened"):
    """It is to be looked at again: a person says so, or the evidence is no longer what was judged."""

    reason: str

    @property
    def says(self) -> str:
        """What happened."""
        return "opened it again"


@dataclass(frozen=True)
class Merged(Body, kind="merged"):
    """It is one with another case, and shown there."""

    into: str  # the id of that case
    reason: str

    @property
    def says(self) -> str:
        """What happened."""
        return f"merged it into {self.into}"


@dataclass(frozen=True)
class Split(Body, kind="split"):
    """Some of its accounts became a case of their own, also in scans to come."""

    accounts: tuple[str, ...]
    reason: str
    case: str = ""  # the id of the new case; the store fills it in

    @property
    def says(self) -> str:
        """What happened."""
        return f"made {count(len(self.accounts), 'account')} a case of their own"


@dataclass(frozen=True)
class SplitFrom(Body, kind="split_from"):
    """It began as a part of another case; the store writes this with `Split`."""

    undoable: ClassVar[bool] = False
    case: str
    reason: str

    @property
    def says(self) -> str:
        """What happened."""
        return f"split it from {self.case}"


@dataclass(frozen=True)
class Undone(Body, kind="undone"):
    """An earlier entry of this case no longer counts."""

    undoable: ClassVar[bool] = False
    event: int
    reason: str

    @property
    def says(self) -> str:
        """What happened."""
        return f"undid entry {self.event}"


@dataclass(frozen=True)
class Viewed(Body, kind="viewed"):
    """Somebody looked at what is otherwise masked, and said why."""

    changes: ClassVar[bool] = False
    undoable: ClassVar[bool] = False
    what: str  # such as "shared text" or "account id"
    reason: str
    account: str = ""

    @property
    def says(self) -> str:
        """What happened."""
        return f"looked at the {self.what} unmasked"


@dataclass(frozen=True)
class Acted(Body, kind="acted"):
    """Something was done that is written down elsewhere: in the ledger, or at the exchange."""

    changes: ClassVar[bool] = False
    undoable: ClassVar[bool] = False
    what: str  # such as "signed d-3f9a0c1b2d4e"

    @property
    def says(self) -> str:
        """What happened."""
        return self.what


@dataclass(frozen=True)
class Event:
    """One thing that happened, as it is kept."""

    number: int
    case: str | None  # its id; None: about an account alone
    who: str
    at: datetime
    body: Body

    @property
    def kind(self) -> str:
        """The kind of its body."""
        return self.body.kind

    @property
    def says(self) -> str:
        """One line: who did what."""
        return f"{self.who} {self.body.says}"


@dataclass(frozen=True)
class State:
    """How a case stands, as far as people decide it."""

    assignee: str | None = None
    status: Status = "open"
    until: datetime | None = None  # the verdict's end; from then on the case is open
    verdict: Event | None = None  # by which it has its status
    waiting: Event | None = None  # a verdict that a second person is to confirm
    into: str | None = None
    origin: str | None = None
    notes: int = 0
    revision: int = 0


def fold(events: Iterable[Event]) -> State:
    """The state that follows from the events of one case, oldest first."""
    kept = list(events)
    undone = {each.body.event for each in kept if isinstance(each.body, Undone)}
    state = State()
    for event in kept:
        if event.number not in undone:
            state = _after(state, event)
    return replace(state, revision=sum(each.body.changes for each in kept))


def _after(state: State, event: Event) -> State:  # noqa: PLR0911 — one a kind
    match event.body:
        case Noted():
            return replace(state, notes=state.notes + 1)
        case Assigned(to=person):
            return replace(state, assignee=person)
        case Reviewed(stands=False):
            return replace(state, waiting=event)
        case Reviewed(verdict=verdict, until=until):
            return replace(state, status=verdict, until=until, verdict=event, waiting=None)
        case Closed():
            return replace(state, status="closed", until=None, verdict=event)
        case Opened():
            return replace(state, status="open", until=None, verdict=None, waiting=None)
        case Merged(into=other):
            return replace(state, into=other)
        case SplitFrom(case=other):
            return replace(state, origin=other)
    return state


def written(body: Body) -> str:
    """As JSON, in ASCII: whatever somebody wrote, every database takes it."""
    return msgspec.json.encode(body).decode()


def read(kind: str, text: str) -> Body:
    """What `written` wrote.

    Raises:
        ValueError: it did not.
    """
    return msgspec.json.decode(text, type=KINDS[kind])
