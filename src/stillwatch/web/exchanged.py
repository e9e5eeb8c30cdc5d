"""What would go out over the exchange, and what went: read from the member's own state, without asking anybody.

    with opened(console) as state:                  # None where nothing was ever exchanged
        outbox(state)                               # drafts, newest first
        letter(state, "d-3f9a12cd")                 # one of them, with the objects that leave

Nothing is sent from here; `casework.letters` approves.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stillwatch.errors import InputError
from stillwatch.exchange.client.outbox import Draft, Stage
from stillwatch.exchange.client.properties import properties
from stillwatch.exchange.client.share import named
from stillwatch.exchange.client.state import State
from stillwatch.indicators.published import PUBLISHED
from stillwatch.web.asking import NotThere
from stillwatch.web.console import Console
from stillwatch.web.kept import WAIT_SECONDS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAGES: tuple[Stage, ...] = ("drafted", "approved", "sent", "dropped")


@dataclass(frozen=True)
class Letter:
    """A document on its way out."""

    id: str
    stage: Stage
    about: str  # "campaigns", "withdrawal", "answers"
    drafted_by: str
    drafted_at: datetime
    approved_by: str
    approved_at: datetime | None
    tlp: str  # empty: that of what it is about
    campaigns: tuple[str, ...]  # ids of findings
    objects: int


@dataclass(frozen=True)
class Leaving:
    """An object that leaves."""

    type: str
    id: str  # empty: it gets one with the tokens
    markings: tuple[str, ...]  # how it is to be handled, by their names
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Parcel:
    """What leaves of one campaign, and what stays."""

    campaign: str
    tokens: Mapping[str, int]  # by class
    leaves: tuple[Leaving, ...]
    stays: tuple[tuple[str, str], ...]  # what, and why


@dataclass(frozen=True)
class Contents:
    """All that a document holds.

    Attributes:
        parcels: what the two persons look at.
        exact: what is sent, object by object, once it is approved.
        published: how many objects come with the software, and are the same whoever sends them.
        refused: campaigns of which nothing may leave, and why.
        why: of a withdrawal, or why the document was not sent; empty: nobody said.
        dropped_by: who kept it from being sent.
    """

    parcels: tuple[Parcel, ...] = ()
    exact: tuple[Leaving, ...] = ()
    published: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    why: str = ""
    dropped_by: str = ""


@contextmanager
def opened(console: Console) -> Iterator[State | None]:
    """The state; None where there is none yet.

    Raises:
        StillwatchError: it cannot be used.
    """
    path = console.settings.config.exchange.state
    if not path.exists():
        yield None
        return
    with State.open(path, wait=WAIT_SECONDS) as state:
        yield state


def outbox(state: State) -> tuple[Letter, ...]:
    """What would go out and what went, newest first."""
    found = [_letter(each) for stage in _STAGES for each in state.outbox.at(stage)]
    return tuple(sorted(found, key=lambda each: (each.drafted_at, each.id), reverse=True))


def letter(state: State, name: str) -> tuple[Letter, Contents]:
    """One of them, with all that it holds.

    Raises:
        NotThere: there is none of this name.
    """
    found = draft(state, name)
    return _letter(found), _contents(found)


def draft(state: State, name: str) -> Draft:
    """One of them, as the state has it.

    Raises:
        NotThere: there is none of this name.
    """
    try:
        return state.outbox.find(name)
    except InputError as error:
        raise NotThere(error.what, where=name[:80], hint=error.hint) from None


def _letter(found: Draft) -> Letter:
    content = found.content
    about = next((word for name, word in _ABOUT.items() if name in content), "campaigns")
    sent = json.loads(found.envelope)["objects"] if found.envelope else None
    promised = sum(len(each["leaves"]) for each in content.get("campaigns", ()))
    return Letter(
        id=found.id,
        stage=found.stage,
        about=about,
        drafted_by=found.drafted_by,
        drafted_at=datetime.fromisoformat(found.drafted_at),
        approved_by=found.approved_by or "",
        approved_at=datetime.fromisoformat(found.approved_at) if found.approved_at else None,
        tlp=str(content.get("tlp", "")),
        campaigns=tuple(each["id"] for each in content.get("campaigns", ())),
        objects=promised if sent is None else len(sent),
    )


_ABOUT = {"withdraws": "withdrawal", "answers": "answers", "campaigns": "campaigns"}


def _contents(found: Draft) -> Contents:
    sent = json.loads(found.envelope)["objects"] if found.envelope else []
    own = [each for each in sent if each["id"] not in PUBLISHED]
    dropped = found.content.get("dropped", {})
    return Contents(
        parcels=tuple(_parcel(each) for each in found.content.get("campaigns", ())),
        exact=tuple(_leaving(each, each["id"]) for each in own),
        published=len(sent) - len(own),
        refused=tuple((each["id"], each["why"]) for each in found.content.get("refused", ())),
        why=str(dropped.get("why") or found.content.get("why", "")),
        dropped_by=str(dropped.get("by", "")),
    )


def _parcel(campaign: Mapping[str, Any]) -> Parcel:
    return Parcel(
        campaign=campaign["id"],
        tokens=campaign["tokens"],
        leaves=tuple(_leaving(each) for each in campaign["leaves"]),
        stays=tuple((each["field"], each["why"]) for each in campaign["held_back"]),
    )


def _leaving(obj: Mapping[str, Any], id_: str = "") -> Leaving:
    markings = tuple(named(str(each)) for each in obj.get("object_marking_refs", ()))
    return Leaving(obj["type"], id_, markings, tuple(properties(obj)))
