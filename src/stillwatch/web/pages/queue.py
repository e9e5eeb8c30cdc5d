"""The queue: every case, found by words, sorted, page by page.

    /cases                            what is open
    /cases?q=severity:high+sort:-tokens      any search (`stillwatch.web.search`); an empty one is everything
    /cases.csv?q=…                    all of its rows

The search stands in the address, so that it can be kept and sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.errors import InputError
from stillwatch.web import search
from stillwatch.web.asking import Asked, Page, Redirect
from stillwatch.web.routing import Pages
from stillwatch.web.store import queue as store_queue
from stillwatch.web.store.model import CasePage

pages = Pages("Queue", "/cases")

OPEN = "status:open"  # what an analyst comes for
ROWS = 50


@dataclass(frozen=True)
class Link:
    """Another search, one click away."""

    label: str
    search: str
    chosen: bool
    cases: int | None = None


@dataclass(frozen=True)
class QueueView:
    """The queue as its page shows it."""

    typed: str  # in the box
    search: str  # the same in one form
    sort: str  # "-" in front: most first
    page: CasePage
    tabs: tuple[Link, ...]
    facets: tuple[tuple[str, tuple[Link, ...]], ...]  # by field
    problem: str = ""  # why the search cannot be read ...
    where: str = ""
    hint: str = ""  # ... and what to do
    first: bool = True  # whether this is the first page

    def sorted_by(self, name: str) -> str:
        """The same search in another order."""
        return search.parse(self.search).sorted_by(name).text


@pages.get("/", formats=False)
def beginning(_: Asked) -> Redirect:
    """Where everybody begins."""
    return Redirect("/cases")


@pages.get("/cases")
def queue(asked: Asked) -> Page:
    """Cases, by a search."""
    typed = asked.query.get("q", OPEN)
    try:
        query = search.parse(typed)
    except InputError as error:
        if asked.suffix:
            raise
        return Page("queue.html", "Queue", _unread(asked, typed, error), status=422)
    store, after = asked.console.store, asked.query.get("after") or None
    found = store_queue.page(store, query, after, ROWS)
    view = QueueView(
        typed=typed,
        search=query.text,
        sort=query.sort.text.removeprefix("sort:"),
        page=found,
        tabs=_tabs(asked.person.name, query),
        facets=tuple(_facets(query, found)),
        first=after is None,
    )
    rows = store_queue.rows(store, query) if asked.suffix == "csv" else found.rows
    return Page("queue.html", "Queue", view, rows=rows)


def _unread(asked: Asked, typed: str, error: InputError) -> QueueView:
    return QueueView(
        typed=typed,
        search="",
        sort="-bits",
        page=CasePage((), None, 0, ()),
        tabs=_tabs(asked.person.name, None),
        facets=(),
        problem=error.what,
        where=error.where or "",
        hint=error.hint or "",
    )


def _tabs(name: str, query: search.Query | None) -> tuple[Link, ...]:
    """Searches that everybody makes all day."""
    everything = search.Query()
    unfinished = everything.having("status", "open")
    searches = (
        ("Open", unfinished),
        ("Mine", unfinished.having("assignee", name)),
        ("Nobody's", unfinished.having("assignee", "none")),
        ("With appeals", everything.having("has", "appeal")),
        ("Everything", everything),
    )
    return tuple(Link(label, each.text, query is not None and _same(query, each)) for label, each in searches)


def _same(one: search.Query, other: search.Query) -> bool:
    """Whether both find the same, in whatever order."""
    return (set(one.terms), one.words) == (set(other.terms), other.words)


def _facets(query: search.Query, found: CasePage) -> Iterator[tuple[str, tuple[Link, ...]]]:
    """What the cases that were found have in common, by field: each value adds or takes away a condition."""
    for name in dict.fromkeys(each.field for each in found.facets):
        chosen = query.values(name)
        yield (
            name,
            tuple(
                Link(each.value, query.having(name, each.value).text, each.value in chosen, each.cases)
                for each in found.facets
                if each.field == name
            ),
        )
