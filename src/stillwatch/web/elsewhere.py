"""What is kept elsewhere about a case: measures in the ledger, sightings in what the exchange brought.

    found = elsewhere(console, case, [row.account_id for row in page.rows], now)
    found.measures, found.accounts["acct-17"], found.sightings

A page shows what can be read, and says what cannot.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from stillwatch.errors import StillwatchError
from stillwatch.exchange.client.mirror import Imported
from stillwatch.exchange.client.state import State
from stillwatch.indicators.extensions import FEEDBACK
from stillwatch.web import incoming
from stillwatch.web.casework import measures
from stillwatch.web.casework.measures import Measure
from stillwatch.web.console import Console
from stillwatch.web.kept import WAIT_SECONDS
from stillwatch.web.store.model import Case

MOST = 200  # sightings that a page is given
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Each = TypeVar("_Each")


@dataclass(frozen=True)
class Sighting:
    """A member says that it saw what was shared, or looked at what fitted."""

    member: str  # its name, or its id where it has told none
    said: datetime
    about: str  # the id of the object
    ours: bool  # whether it is one that we shared
    outcome: str  # true-positive, false-positive ...; empty: not told
    accounts: str  # an order of magnitude; empty: not told


@dataclass(frozen=True)
class Elsewhere:
    """What others hold about a case."""

    measures: tuple[Measure, ...] = ()  # against whoever is recognised as the campaign's
    accounts: dict[str, Measure] = field(default_factory=dict)  # the highest against each account that was asked for
    sightings: tuple[Sighting, ...] = ()  # newest first
    unread: tuple[str, ...] = ()  # what could not be read


def elsewhere(console: Console, case: Case, accounts: Sequence[str], now: datetime) -> Elsewhere:
    """All of it.

    Args:
        console: names the ledger and the exchange's state.
        case: about which.
        accounts: those of them that a page shows.
        now: the time.
    """
    names = frozenset(case.names)
    unread: list[str] = []
    found = _read(lambda: measures.against(console, [*names, *accounts], now), unread)
    seen = _read(lambda: sightings(console, case), unread)
    ascending = sorted((each for each in found if each.value not in names), key=lambda each: not each.waits)
    return Elsewhere(
        measures=tuple(each for each in found if each.value in names),
        accounts={each.value: each for each in ascending},  # what stands comes before what waits
        sightings=seen,
        unread=tuple(unread),
    )


def _read(read: Callable[[], tuple[_Each, ...]], unread: list[str]) -> tuple[_Each, ...]:
    try:
        return read()
    except StillwatchError as error:
        unread.append(error.what)
        return ()


def sightings(console: Console, case: Case) -> tuple[Sighting, ...]:
    """What members said about the indicators that fit a case, and about what we shared of it: the newest of it.

    Raises:
        StillwatchError: the exchange's state cannot be read.
    """
    held, path = incoming.read(console), console.settings.config.exchange.state
    if held is None:
        return ()
    ours = held.ours(case.names)
    with State.open(path, wait=WAIT_SECONDS) as state:
        found = state.mirror.sightings({*case.campaign.indicators, *ours})[:MOST]
        names = state.mirror.names({each.publisher for each in found if each.publisher})
    return tuple(_sighting(each, names, ours) for each in found)


def _sighting(found: Imported, names: Mapping[str, str], ours: frozenset[str]) -> Sighting:
    feedback = found.object.get("extensions", {}).get(FEEDBACK, {})
    about = found.object["sighting_of_ref"]
    return Sighting(
        member=names.get(found.publisher or "", found.publisher or "a member"),
        said=_EPOCH + timedelta(microseconds=found.version),
        about=about,
        ours=about in ours,
        outcome=str(feedback.get("outcome", "")),
        accounts=str(feedback.get("accounts_bucket") or ""),
    )
