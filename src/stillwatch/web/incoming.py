"""What the exchange brought: others' indicators that are in force, by whom, which cases they fit, how far was read.

    held = read(console)                            # None where nothing was ever exchanged
    found = in_force(console, held, now)            # what fits a case first, then the newest
    members(found), held.collections
    with_cases(console, found.indicators[:50])      # which cases those are

A state may hold ten thousand of them: what was read of it is kept until somebody changes it (`kept`). What depends on
the time or on the cases is asked anew each time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from stillwatch.exchange.client.signals import STANDING, usable
from stillwatch.exchange.client.state import State
from stillwatch.indicators import timestamps
from stillwatch.indicators.extensions import SIGNATURE
from stillwatch.web.console import Console
from stillwatch.web.store import scans

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Brought:
    """An indicator of another member that is in force.

    Attributes:
        kind: of its signature: "prompt-template", "account-network" ...; "stix" where it is none of ours.
        standing: of the member at the exchange: admitted, quarantined, suspended, unknown.
        assurance: how sure it is who said it: signed, logged, unsigned.
        weight: how far the member's word carries for this kind, 0 to 1.
        state: what others made of it: reported, confirmed, disputed ...
        weighed: whether a scan uses it.
        cases: that fit it.
    """

    id: str
    name: str
    kind: str
    member: str
    member_id: str
    standing: str
    assurance: str
    weight: float
    state: str
    sources: int
    disputes: int
    weighed: bool
    since: datetime | None
    until: datetime | None
    accounts: str  # an order of magnitude, where it was found; empty: not told
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """A member, by what it says."""

    id: str
    name: str
    standing: str
    indicators: int
    weighed: int
    fitting: int


@dataclass(frozen=True)
class Collection:
    """A collection that was read."""

    title: str
    url: str
    until: datetime | None  # nothing that was said before is missing
    set_aside: int  # objects that were not taken


@dataclass(frozen=True)
class Held:
    """What the state holds.

    Attributes:
        indicators: neither withdrawn nor set aside, newest first; some may have ended, or begin later.
        collections: that were read.
        said: the ids of our own objects, by the name under which their campaign was said.
        said_as: that name, by the campaign's id in findings.
    """

    indicators: tuple[Brought, ...]
    collections: tuple[Collection, ...]
    said: Mapping[str, frozenset[str]]
    said_as: Mapping[str, str]

    def ours(self, names: Iterable[str]) -> frozenset[str]:
        """The ids of what we said of a case, by the ids that it ever had."""
        campaigns = {self.said_as.get(name, name) for name in names}
        return frozenset[str]().union(*(self.said[each] for each in campaigns if each in self.said))


@dataclass(frozen=True)
class InForce:
    """Indicators of one moment.

    Attributes:
        indicators: those that fit a case first, then the newest; without their cases (`with_cases`).
        fitting: the ids of those that fit.
    """

    indicators: tuple[Brought, ...]
    fitting: AbstractSet[str]


def read(console: Console) -> Held | None:
    """What the state holds; None where there is none yet.

    Raises:
        StillwatchError: it cannot be used.
    """
    return console.exchange.of(console.settings.config.exchange.state, _held)


def _held(state: State) -> Held:
    with state.transaction():
        found = state.indicators(None)
        names = state.mirror.names({each[STANDING]["publisher"] for each in found if each[STANDING]["publisher"]})
        said: dict[str, set[str]] = {}
        for each in state.outbox.said():
            said.setdefault(each.campaign, set()).add(each.object["id"])
        collections, said_as = tuple(_collections(state)), state.outbox.names()
    made = sorted(
        (_brought(each, names) for each in found), key=lambda each: (-(each.since or _EPOCH).timestamp(), each.id)
    )
    return Held(tuple(made), collections, {name: frozenset(ids) for name, ids in said.items() if name}, said_as)


def in_force(console: Console, held: Held, now: datetime) -> InForce:
    """What others say and is in force."""
    fitting = scans.fitted(console.store)
    valid = [each for each in held.indicators if _valid(each, now)]
    return InForce(tuple(sorted(valid, key=lambda each: each.id not in fitting)), fitting)


def _valid(each: Brought, now: datetime) -> bool:
    return (each.until is None or each.until > now) and (each.since is None or each.since <= now)


def with_cases(console: Console, some: Sequence[Brought]) -> Iterator[Brought]:
    """The same, each with the cases that it fits."""
    fits = scans.fitting(console.store, [each.id for each in some])
    return (replace(each, cases=fits.get(each.id, ())) for each in some)


def _brought(found: Mapping[str, Any], names: Mapping[str, str]) -> Brought:
    said, extension = found[STANDING], _mapping(_mapping(found.get("extensions")).get(SIGNATURE))
    publisher = said["publisher"] or ""
    return Brought(
        id=found["id"],
        name=str(found.get("name", "")),
        kind=str(extension.get("signature_kind", "stix")),
        member=names.get(publisher, publisher or "nobody that is known"),
        member_id=publisher,
        **{name: said[name] for name in ("standing", "assurance", "state", "sources", "disputes")},
        weight=float(said["weight"]),
        weighed=usable(found),
        since=_moment(found.get("valid_from")),
        until=_moment(found.get("valid_until")),
        accounts=str(_mapping(extension.get("evidence")).get("accounts_bucket", "")),
    )


def members(found: InForce) -> tuple[Member, ...]:
    """Who says how much; most indicators first."""
    by_member: dict[str, list[Brought]] = {}
    for each in found.indicators:
        by_member.setdefault(each.member_id, []).append(each)
    made = [
        Member(
            id=id_,
            name=those[0].member,
            standing=those[0].standing,
            indicators=len(those),
            weighed=sum(each.weighed for each in those),
            fitting=sum(each.id in found.fitting for each in those),
        )
        for id_, those in by_member.items()
    ]
    return tuple(sorted(made, key=lambda each: (-each.indicators, each.name)))


def _collections(state: State) -> Iterator[Collection]:
    """How far was read, and how much of it was not taken."""
    aside: dict[str, int] = {}
    for url, _ in state.mirror.set_aside():
        aside[url] = aside.get(url, 0) + 1
    for source, covered in state.mirror.sources():
        until = None if covered is None else _EPOCH + timedelta(microseconds=covered)
        yield Collection(source.title, source.url, until, aside.get(source.url, 0))


def _moment(text: object) -> datetime | None:
    return _EPOCH + timedelta(microseconds=timestamps.parse(text)) if isinstance(text, str) else None


def _mapping(value: object) -> Mapping[str, Any]:
    """What others sent need not be what we expect."""
    return value if isinstance(value, Mapping) else {}
