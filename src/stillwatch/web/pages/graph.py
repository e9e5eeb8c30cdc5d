"""A case as a graph: accounts and what they share, as a picture that can be walked and as tables.

/cases/{case}/graph           the page; ?thing=3: the accounts that share it; ?account=…: begins at this one
/cases/{case}/graph.json      the whole graph with the places, from which static/graph.js draws
/cases/{case}/graph.csv       the accounts and what each shares

To share a thing is no proof, and the page says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from stillwatch.web import graph as graphs
from stillwatch.web.asking import Asked, NotThere, Page
from stillwatch.web.graph import Graph, Group, Thing
from stillwatch.web.layout import Places, placed
from stillwatch.web.routing import Pages
from stillwatch.web.store import cases
from stillwatch.web.store.model import CaseRow, Sealed
from stillwatch.web.store.store import Store

if TYPE_CHECKING:
    from stillwatch.reports.document import Account

pages = Pages()

ROWS = 50  # accounts on one page of the table
_KEPT = 16  # graphs


@dataclass(frozen=True)
class Node:
    """An account in the picture."""

    account_id: str
    bits: float
    requests: int


@dataclass(frozen=True)
class Picture:
    """All that the picture is drawn from."""

    case: str
    accounts: tuple[Node, ...]
    things: tuple[Thing, ...]
    groups: tuple[Group, ...]
    places: Places


@dataclass(frozen=True)
class GraphRow:
    """An account and what it shares."""

    account_id: str
    bits: float
    requests: int
    shares: tuple[str, ...]


@dataclass(frozen=True)
class GraphView:
    """The graph as its page's tables show it."""

    case: CaseRow
    things: tuple[Thing, ...]
    groups: int
    alone: int  # accounts of which nothing shared was told
    rows: tuple[GraphRow, ...]
    thing: int | None  # the place of the one whose accounts are listed
    total: int  # accounts that are listed, page by page
    first: int  # the row that this page begins with, from 0

    @property
    def next(self) -> int | None:
        """The row that the next page begins with."""
        following = self.first + ROWS
        return following if following < self.total else None


@pages.get("/cases/{case}/graph")
def graph(asked: Asked) -> Page:
    """The graph of one case."""
    row, campaigns = _case(asked.console.store, asked.places["case"])
    title = f"Graph of {row.id}"
    if asked.suffix == "json":
        return Page("graph.html", title, _picture(row.id, campaigns))
    drawn = _graph(campaigns)
    thing = _thing(asked, drawn)
    listed = range(len(drawn.accounts)) if thing is None else drawn.sharing(thing)
    first = asked.query.number("from", 0)
    view = GraphView(
        case=row,
        things=drawn.things,
        groups=len(drawn.groups),
        alone=sum(len(group.accounts) for group in drawn.groups if not group.things),
        rows=tuple(_rows(drawn, listed[first : first + ROWS])),
        thing=thing,
        total=len(listed),
        first=first,
    )
    return Page("graph.html", title, view, rows=_rows(drawn, listed))


def _case(store: Store, name: str) -> tuple[CaseRow, tuple[Sealed, ...]]:
    """A case, and its campaign with those that were merged into it."""
    case = cases.case(store, name)
    return case.row, (case.sealed, *(cases.case(store, each.id).sealed for each in case.merged))


@lru_cache(maxsize=_KEPT)
def _graph(campaigns: tuple[Sealed, ...]) -> Graph:
    """The graph of campaigns that are shown as one case; an account that is in several is as sure as it is in any."""
    surest: dict[str, Account] = {}
    for account in (each for sealed in campaigns for each in sealed.campaign.accounts):
        if account.account_id not in surest or surest[account.account_id].bits < account.bits:
            surest[account.account_id] = account
    return graphs.of(surest.values(), [link for sealed in campaigns for link in sealed.campaign.links])


@lru_cache(maxsize=_KEPT)
def _picture(case: str, campaigns: tuple[Sealed, ...]) -> Picture:
    drawn = _graph(campaigns)
    nodes = tuple(Node(each.account_id, each.bits, each.requests) for each in drawn.accounts)
    return Picture(case, nodes, drawn.things, drawn.groups, placed(drawn.shape))


def _thing(asked: Asked, drawn: Graph) -> int | None:
    """The place of the thing that is asked for; things are counted from 1."""
    if not asked.query.get("thing"):
        return None
    number = asked.query.number("thing")
    if not 0 < number <= len(drawn.things):
        raise NotThere("This case has no such shared thing.", where=f"thing {number}", hint="A new scan counts anew.")
    return number - 1


def _rows(drawn: Graph, places: Iterable[int]) -> Iterator[GraphRow]:
    """The accounts at these places."""
    for place in places:
        each, shares = drawn.accounts[place], tuple(drawn.things[held].name for held in drawn.holds[place])
        yield GraphRow(each.account_id, each.bits, each.requests, shares)
