"""Campaigns of a scan become the newest versions of their cases, a batch at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from stillwatch.reports.document import Campaign
from stillwatch.response.ledger.entries import findable
from stillwatch.web.store import figures
from stillwatch.web.store.matching import Match
from stillwatch.web.store.model import Taken
from stillwatch.web.store.packing import packed
from stillwatch.web.store.reading import next_number, root_of
from stillwatch.web.store.tables import accounts, campaigns, cases, indicators, names, versions, words
from stillwatch.web.store.words import index, words_of

_UNTOUCHED = {"status": "open", "revision": 0, "notes": 0, "sightings": 0, "decisions": 0, "appeals": 0}


@dataclass(frozen=True)
class Scanned:
    """The scan that a batch is of: its number, and the end of its window."""

    number: int
    end: datetime


@dataclass(frozen=True)
class Arrival:
    """A campaign, and the case that it is."""

    campaign: Campaign
    match: Match


@dataclass(frozen=True)
class _Coming:
    """A campaign that says something new, on its way into one case."""

    case: int
    id: str  # of the case; empty where it has one
    campaign: Campaign
    digest: bytes
    body: bytes
    match: Match

    @property
    def members(self) -> Iterator[dict[str, Any]]:
        """Rows of `accounts`: those that are in this case. Of an account that is there twice, the last."""
        for key, each in {findable(each.account_id): each for each in self.campaign.accounts}.items():
            if self._holds(key):
                yield {
                    "account_id": key,
                    "case": self.case,
                    "bits": each.bits,
                    "requests": each.requests,
                    "first_seen": each.first_seen,
                    "last_seen": each.last_seen,
                }

    @property
    def indicators(self) -> Iterator[dict[str, Any]]:
        """Rows of `indicators`."""
        return ({"id": each, "case": self.case} for each in dict.fromkeys(map(findable, self.campaign.indicators)))

    def _holds(self, account: str) -> bool:
        if self.case in self.match.parts:
            return account in self.match.parts[self.case]
        return not any(account in part for part in self.match.parts.values())


def arrive(
    connection: Connection, arrivals: Sequence[Arrival], named: AbstractSet[str], scan: Scanned
) -> tuple[list[int], Taken]:
    """Takes a batch in.

    Args:
        connection: a transaction; nobody else writes.
        arrivals: the batch; no case occurs twice.
        named: those of the batch's ids that are known already.
        scan: of which it is.

    Returns:
        The numbers of the cases, in the order of the batch, and how many are new, changed and the same.
    """
    old = _digests(connection, [case for each in arrivals for case in _cases(each.match)])
    following, given = next_number(connection), set(named)
    numbers: list[int] = []
    fresh: list[_Coming] = []
    changed: list[_Coming] = []
    same: list[int] = []
    for each in arrivals:
        digest, body = packed(each.campaign)
        here = _cases(each.match)
        if not here:
            number = following + len(fresh)
            fresh.append(_Coming(number, _id(each.campaign.id, number, given), each.campaign, digest, body, each.match))
        elif all(old[case] == digest for case in here):
            same += here
        else:
            changed += [_Coming(case, "", each.campaign, digest, body, each.match) for case in here]
        numbers.append(here[0] if here else number)
    _found(connection, fresh, scan)
    _replace(connection, changed, scan)
    _name(connection, {findable(a.campaign.id): n for a, n in zip(arrivals, numbers, strict=True)}, given)
    _seen(connection, [each.case for each in changed] + same, scan)
    _renewed(connection, changed)
    return numbers, Taken(len(fresh), len(changed), len(same))


def _cases(match: Match) -> list[int]:
    return [] if match.number is None else [match.number, *match.parts]


def _digests(connection: Connection, numbers: Sequence[int]) -> Mapping[int, bytes]:
    query = select(campaigns.c.case, campaigns.c.digest).where(campaigns.c.case.in_(numbers))
    return {row.case: bytes(row.digest) for row in connection.execute(query)}


def _id(campaign_id: str, number: int, given: set[str]) -> str:
    """The id of a new case: its campaign's, unless another case has that one."""
    wanted = findable(campaign_id)
    found = f"{wanted}+{number}" if wanted in given else wanted
    given.add(found)
    return found


def _found(connection: Connection, fresh: Sequence[_Coming], scan: Scanned) -> None:
    """Makes cases."""
    seen = {"scan": scan.number, "scanned_at": scan.end}
    rows = [
        {"number": each.case, "id": each.id, "root": each.case, "kin": each.case}
        | figures.of_campaign(each.campaign)
        | seen
        | _UNTOUCHED
        for each in fresh
    ]
    _insert(connection, cases, rows)
    _insert(connection, names, ({"id": each.id, "case": each.case} for each in fresh))
    _insert(connection, words, ({"word": word, "case": c.case} for c in fresh for word in words_of(c.campaign)))
    _put(connection, fresh, scan)


def _replace(connection: Connection, changed: Sequence[_Coming], scan: Scanned) -> None:
    """Gives cases their new version."""
    numbers = [each.case for each in changed]
    connection.execute(delete(accounts).where(accounts.c.case.in_(numbers)))
    connection.execute(delete(campaigns).where(campaigns.c.case.in_(numbers)))
    connection.execute(delete(indicators).where(indicators.c.case.in_(numbers)))
    _put(connection, changed, scan)
    for each in changed:
        own = figures.of_campaign(each.campaign)
        connection.execute(update(cases).where(cases.c.number == each.case).values(own))
        index(connection, each.case, words_of(each.campaign))


def _put(connection: Connection, coming: Sequence[_Coming], scan: Scanned) -> None:
    seen = {"scan": scan.number, "scanned_at": scan.end}
    _insert(connection, versions, ({"case": c.case} | seen | figures.of_campaign(c.campaign) for c in coming))
    _insert(connection, campaigns, ({"case": c.case, "digest": c.digest, "body": c.body} for c in coming))
    _insert(connection, accounts, (row for each in coming for row in each.members))
    _insert(connection, indicators, (row for each in coming for row in each.indicators))


def _name(connection: Connection, found: Mapping[str, int], given: AbstractSet[str]) -> None:
    """Keeps the ids under which known cases have come now."""
    _insert(connection, names, ({"id": id_, "case": case} for id_, case in found.items() if id_ not in given))


def _seen(connection: Connection, numbers: Sequence[int], scan: Scanned) -> None:
    connection.execute(update(cases).where(cases.c.number.in_(numbers)).values(scan=scan.number, scanned_at=scan.end))


def _renewed(connection: Connection, changed: Sequence[_Coming]) -> None:
    """What follows from the new versions where people merged or split cases."""
    for each in changed:
        if each.match.related:
            _moved(connection, each)
        if each.match.parts:
            figures.cut(connection, each.case)
        elif each.match.related:
            figures.renew(connection, each.case)
        if each.match.related:
            figures.renew(connection, root_of(connection, each.case))


def _moved(connection: Connection, to: _Coming) -> None:
    """Takes accounts from the cases that are shown as the same one: each is where the newest scan has it."""
    root = root_of(connection, to.case)
    others = select(cases.c.number).where(cases.c.root == root, cases.c.number != to.case)
    here = accounts.alias()
    theirs = accounts.c.account_id.in_(select(here.c.account_id).where(here.c.case == to.case))
    gone = delete(accounts).where(accounts.c.case.in_(others), theirs).returning(accounts.c.case)
    for each in set(connection.scalars(gone)):
        connection.execute(update(campaigns).where(campaigns.c.case == each).values(digest=b""))  # it is new again
        figures.cut(connection, each)


def _insert(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:  # noqa: ANN401 — a table
    if together := list(rows):
        connection.execute(insert(table), together)
