"""Which case a campaign of a new scan is: the one that has its id, or at least half of its accounts.

As a review is recognised (`reports.reviews`): Jaccard of the members of 0.5 or more. It is counted for each case alone,
and for all together that people merged or split, because a scan may see them as one. Only cases that share an account
are looked at, by the accounts' index.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select

from stillwatch.reports.reviews import ABOUT
from stillwatch.web.store.reading import pieces
from stillwatch.web.store.tables import accounts, cases, names


@dataclass(frozen=True)
class Match:
    """The case that a campaign is.

    Attributes:
        number: of the case; None: a new one.
        parts: accounts of the campaign that people split from it, by the case that they are in.
        related: people merged or split it.
    """

    number: int | None = None
    parts: Mapping[int, frozenset[str]] = field(default_factory=dict)
    related: bool = False


@dataclass(frozen=True)
class Known:
    """What the store knows of the accounts and ids of a few campaigns."""

    named: Mapping[str, int]  # case by id
    holders: Mapping[str, Sequence[int]]  # cases by account
    related: Mapping[int, Row[Any]]  # number, root, origin, kin and scan of cases
    kin: Mapping[int, Sequence[int]]
    sizes: Mapping[int, int]

    @classmethod
    def of(cls, connection: Connection, ids: Iterable[str], members: Iterable[str]) -> "Known":
        """Asks the store."""
        named = {row.id: row.case for row in _asked(connection, select(names), names.c.id, ids)}
        holders: dict[str, list[int]] = defaultdict(list)
        for row in _asked(connection, select(accounts.c.account_id, accounts.c.case), accounts.c.account_id, members):
            holders[row.account_id].append(row.case)
        found = {number for each in holders.values() for number in each} | set(named.values())
        kin = {row.kin for row in _asked(connection, select(cases.c.kin), cases.c.number, found)}
        columns = select(cases.c.number, cases.c.root, cases.c.origin, cases.c.kin, cases.c.scan)
        related = {row.number: row for row in _asked(connection, columns, cases.c.kin, kin)}
        by_kin: dict[int, list[int]] = defaultdict(list)
        for row in related.values():
            by_kin[row.kin].append(row.number)
        counted = select(accounts.c.case, func.count().label("size")).group_by(accounts.c.case)
        sizes = {row.case: row.size for row in _asked(connection, counted, accounts.c.case, related)}
        return cls(named, holders, related, by_kin, sizes)

    def match(self, campaign_id: str, members: frozenset[str], taken: AbstractSet[int]) -> Match:
        """The case of a campaign, unless it is one of those that this scan has brought already."""
        shared = Counter(number for each in members for number in self.holders.get(each, ()))
        number: int | None = self.named.get(campaign_id)
        if number is None or number in taken:
            free = sorted(shared.keys() - taken)
            likest = max(self._likely(shared, free, len(members)), default=None)
            number = likest[-1] if likest and likest[0] >= ABOUT else None
        if number is None:
            return Match()
        return Match(number, self._parts(number, members), len(self.kin[self.related[number].kin]) > 1)

    def brought(self, scan: int) -> set[int]:
        """Cases that a scan has brought."""
        return {number for number, row in self.related.items() if row.scan == scan}

    def _likely(self, shared: Counter[int], free: Sequence[int], size: int) -> Iterator[tuple[float, int, int, int]]:
        """Jaccard of each case alone, and of all together of which it would be the one; the number comes last."""
        for each in free:
            yield shared[each] / (self.sizes[each] + size - shared[each]), 0, 0, each
        for kin in dict.fromkeys(self.related[each].kin for each in free):
            group = self.kin[kin]
            both = sum(shared[each] for each in group)
            whole = sum(self.sizes.get(each, 0) for each in group)
            for each in group:
                if each in free and self.related[each].root == each:
                    yield both / (whole + size - both), self.related[each].origin is None, shared[each], each

    def _parts(self, number: int, members: frozenset[str]) -> dict[int, frozenset[str]]:
        """Accounts that are, by a split that stands, in another case of the same kin."""
        parts: dict[int, set[str]] = defaultdict(set)
        kin = set(self.kin[self.related[number].kin]) - {number}
        standing = {n for n in kin if self.related[n].origin is not None and self.related[n].root == n}
        for each in members if standing else ():
            for holder in standing.intersection(self.holders.get(each, ())):
                parts[holder].add(each)
        return {holder: frozenset(found) for holder, found in parts.items()}


def _asked(connection: Connection, query: Any, column: Any, values: Iterable[Any]) -> Iterable[Row[Any]]:  # noqa: ANN401
    for piece in pieces(list(values)):
        yield from connection.execute(query.where(column.in_(piece)))
