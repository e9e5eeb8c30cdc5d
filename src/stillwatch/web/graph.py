"""A case as a picture that can be walked: accounts, and the things that they share. Pure.

    graph = of(case.campaign.accounts, case.campaign.links)
    graph.groups[0].accounts            # rows of graph.accounts that share exactly the same things
    places = layout.placed(graph.shape) # where each group and thing stands (stillwatch.web.layout)

Accounts that share exactly the same things cannot be told apart by them: they are one *group*, which is drawn as one
disc until one is near enough to see its accounts. A thing that very many groups share would be a ball of lines: of such
a *hub* the lines are drawn only when somebody asks for it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from stillwatch.reports.charts import named
from stillwatch.reports.document import Account, Link

HUB = 40  # groups that share a thing, from which on its lines hide more than they show

Shape = tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True)
class Thing:
    """What some accounts have in common; which card or address it is, is not told."""

    name: str  # "payment 3", as the matrix of the case names it
    family: str
    accounts: int
    hub: bool  # so many groups share it that its lines are not drawn unasked


@dataclass(frozen=True)
class Group:
    """Accounts that share exactly the same things."""

    things: tuple[int, ...]  # places in `Graph.things`; none: nothing that they share was told
    accounts: tuple[int, ...]  # places in `Graph.accounts`, those that belong most surely first


@dataclass(frozen=True)
class Graph:
    """A case's accounts, by what they share."""

    accounts: tuple[Account, ...]  # those that belong most surely first
    things: tuple[Thing, ...]
    groups: tuple[Group, ...]  # largest first

    @cached_property
    def holds(self) -> tuple[tuple[int, ...], ...]:
        """Of each account, the places of its things."""
        things = {place: group.things for group in self.groups for place in group.accounts}
        return tuple(things[place] for place in range(len(self.accounts)))

    def sharing(self, thing: int) -> tuple[int, ...]:
        """The places of the accounts that share a thing."""
        return tuple(place for place, held in enumerate(self.holds) if thing in held)

    @property
    def shape(self) -> Shape:
        """All that the places of a picture depend on: of each group its things and its size."""
        return tuple((group.things, len(group.accounts)) for group in self.groups)


def of(accounts: Iterable[Account], links: Iterable[Link]) -> Graph:
    """The graph of a case.

    Args:
        accounts: of the case, each once.
        links: what they share. Accounts in it that are not of the case are passed over, and so is a thing that then
            fewer than two have.
    """
    ordered = tuple(sorted(accounts, key=lambda each: (-each.bits, each.account_id)))
    row = {account.account_id: place for place, account in enumerate(ordered)}
    kept = [(name, link.family, held) for name, link in named(links) if len(held := _rows(link, row)) > 1]
    groups = _groups(len(ordered), [held for _, _, held in kept])
    sharing = Counter(thing for group in groups for thing in group.things)
    things = (
        Thing(name, family, len(held), hub=sharing[thing] > HUB) for thing, (name, family, held) in enumerate(kept)
    )
    return Graph(ordered, tuple(things), groups)


def _rows(link: Link, row: dict[str, int]) -> frozenset[int]:
    return frozenset(row[account] for account in link.accounts if account in row)


def _groups(accounts: int, held: Sequence[frozenset[int]]) -> tuple[Group, ...]:
    """Accounts by the things that they hold."""
    holds: list[list[int]] = [[] for _ in range(accounts)]
    for thing, holders in enumerate(held):
        for account in holders:
            holds[account].append(thing)
    together: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for account, things in enumerate(holds):
        together[tuple(things)].append(account)
    groups = (Group(things, tuple(members)) for things, members in together.items())
    return tuple(sorted(groups, key=lambda group: (-len(group.accounts), group.things)))
