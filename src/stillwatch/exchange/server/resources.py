"""What a path names, as far as the client may know of it.

A root or a collection in which the member has no right at all is not found, just as one that does not exist: the same
answer, after the same questions to the store, so that the time does not tell either.
"""

from dataclasses import dataclass

from fastapi import Request

from stillwatch.exchange.access import right
from stillwatch.exchange.model import Collection, Principal, Right, Root
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.errors import Problem, not_found
from stillwatch.exchange.server.exchange import Exchange


@dataclass(frozen=True)
class Shelf:
    """A collection as one member sees it."""

    root: Root
    collection: Collection
    principal: Principal
    right: Right
    named: str  # as the path names it: its id or its alias

    def readable(self) -> "Shelf":
        """Itself.

        Raises:
            Problem: 403, the member may only write.
        """
        if not self.right.read:
            raise _forbidden("read")
        return self

    def writable(self) -> "Shelf":
        """Itself.

        Raises:
            Problem: 403, the member may only read, or nobody but the exchange writes here.
        """
        if not self.right.write or self.collection.kind == "retractions":
            raise _forbidden("write to")
        return self


def exchange_of(request: Request) -> Exchange:
    """The exchange that the application serves."""
    exchange: Exchange = request.app.state.exchange
    return exchange


def shelves(request: Request, root: Root) -> list[Shelf]:
    """The collections of a root that the member may read or write, in their order."""
    who = principal(request)
    return [Shelf(root, each, who, right(who, each.id), each.id) for each in _visible(request, root.name)]


def roots(request: Request) -> list[Root]:
    """The roots in which the member has a right."""
    return [root for root in exchange_of(request).store.roots() if _visible(request, root.name)]


def root_of(request: Request, name: str) -> Root:
    """The root of this name.

    Raises:
        Problem: 404.
    """
    if not _plain(name):
        raise not_found()
    root, visible = exchange_of(request).store.root(name), _visible(request, name)
    if root is None or not visible:
        raise not_found()
    return root


def shelf_of(request: Request, root: str, collection: str) -> Shelf:
    """The collection with this id or alias.

    Raises:
        Problem: 404.
    """
    if not _plain(root) or not _plain(collection):
        raise not_found()
    store, who = exchange_of(request).store, principal(request)
    place, found = store.root(root), store.collection(root, collection)
    if place is None or found is None or not _any(right(who, found.id)):
        raise not_found()
    return Shelf(place, found, who, right(who, found.id), collection)


def _visible(request: Request, root: str) -> list[Collection]:
    who = principal(request)
    return [each for each in exchange_of(request).store.collections(root) if _any(right(who, each.id))]


def _any(given: Right) -> bool:
    return given.read or given.write


def _plain(name: str) -> bool:
    """Whether a name could be one of ours; a database need not see what cannot."""
    return len(name) <= 250 and name.isascii() and name.isprintable()


def _forbidden(what: str) -> Problem:
    return Problem(403, "Forbidden", f"You may not {what} this collection.", "forbidden")
