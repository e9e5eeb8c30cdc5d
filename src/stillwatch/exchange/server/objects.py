"""Reading: manifest, objects, one object, its versions (TAXII 2.1, sections 5.3, 5.4, 5.6 and 5.8)."""

from collections.abc import Callable
from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response

from stillwatch.exchange.model import Query, Record
from stillwatch.exchange.server import paging, query
from stillwatch.exchange.server.cursor import Cursor
from stillwatch.exchange.server.errors import not_found
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import CollectionName, ObjectId, RootName, paged
from stillwatch.exchange.server.resources import Shelf, exchange_of, shelf_of

router = APIRouter(dependencies=[Depends(taxii)], tags=["TAXII 2.1"])

_COLLECTION = "/{root}/collections/{collection}"
_OBJECT = _COLLECTION + "/objects/{object_id}"


@router.get(_COLLECTION + "/manifest/", summary="Which objects a collection has", **paged("manifest", "manifest"))
def manifest(request: Request, root: RootName, collection: CollectionName) -> Response:
    """Id, version and date of each, in the order in which they were added."""
    return _page(request, shelf_of(request, root, collection), "manifest", _manifest_record)


@router.get(_COLLECTION + "/objects/", summary="The objects of a collection", **paged("objects", "envelope"))
def objects(request: Request, root: RootName, collection: CollectionName) -> Response:
    """In the order in which they were added."""
    return _page(request, shelf_of(request, root, collection), "objects", _body)


@router.get(_OBJECT + "/", summary="One object", **paged("object", "envelope"))
def one_object(request: Request, root: RootName, collection: CollectionName, object_id: ObjectId) -> Response:
    """Its newest version, or those that match[version] names."""
    shelf = _with_object(request, shelf_of(request, root, collection), object_id)
    return _page(request, shelf, "object", _body, object_id)


@router.get(_OBJECT + "/versions/", summary="The versions of an object", **paged("versions", "versions"))
def versions(request: Request, root: RootName, collection: CollectionName, object_id: ObjectId) -> Response:
    """In the order in which they were added."""
    shelf = _with_object(request, shelf_of(request, root, collection), object_id)
    asked = Reading(request, shelf, "versions", object_id)
    found, more = exchange_of(request).store.versions(shelf.principal, shelf.collection, object_id, asked.query)
    last = found[-1][1] if found else asked.start
    dates = (found[0][1] if found else last, last)
    return paging.page("versions", (_quoted(text) for text, _ in found), dates, asked.following(last) if more else None)


class Reading:
    """One page asked for: the query, and the cursor to the page after it."""

    def __init__(self, request: Request, shelf: Shelf, kind: query.Kind, object_id: str | None = None) -> None:
        exchange = exchange_of(request)
        asked = query.read(request.scope["query_string"], kind)
        filters = {name: [str(value) for value in values] for name, values in sorted(asked.filters.items())}
        self._cursor, self._bound = Cursor(exchange.cursor_key), (kind, shelf.collection.id, object_id, filters)
        after = None if asked.next is None else self._cursor.read(asked.next, *self._bound)
        self.query: Query = asked.query(page_size=exchange.page_size, after=after)

    @property
    def start(self) -> int:
        """Where the page begins: nothing at or before this is on it. What an empty page tells as its date."""
        given = [time for time in (self.query.after, self.query.added_after) if time is not None]
        return max(given, default=0)

    def following(self, last: int) -> str:
        """`next` after the record added last."""
        return self._cursor.write(last, *self._bound)


def _page(
    request: Request, shelf: Shelf, kind: query.Kind, item: Callable[[Record], bytes], object_id: str | None = None
) -> Response:
    exchange, asked = exchange_of(request), Reading(request, shelf.readable(), kind, object_id)
    of_object = replace(asked.query, ids=(object_id,)) if object_id else asked.query
    found = exchange.store.read(shelf.principal, shelf.collection, of_object)
    records = found.records
    exchange.metrics.read.inc(len(records))
    last = records[-1].date_added if records else asked.start
    dates = (records[0].date_added if records else last, last)
    return paging.page("objects", map(item, records), dates, asked.following(last) if found.more else None)


def _with_object(request: Request, shelf: Shelf, object_id: str) -> Shelf:
    """The collection, in which the member may read some version of the object.

    Raises:
        Problem: 404, also where there is one that it may not read.
    """
    shelf.readable()
    known = query.well_formed_id(object_id) and exchange_of(request).store.exists(
        shelf.principal, shelf.collection, object_id
    )
    if not known:
        raise not_found()
    return shelf


def _body(record: Record) -> bytes:
    return record.body


def _manifest_record(record: Record) -> bytes:
    return paging.manifest_record(record.id, record.version, record.date_added, record.spec_version)


def _quoted(text: str) -> bytes:
    return f'"{text}"'.encode()
