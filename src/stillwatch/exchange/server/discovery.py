"""What is there: discovery, API roots, collections and the status of what was added (TAXII 2.1, sections 4 and 5.1)."""

from fastapi import APIRouter, Depends, Request, Response

from stillwatch.exchange.server import paging
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.errors import MEDIA_TYPE, not_found
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import CollectionName, RootName, StatusId, resource
from stillwatch.exchange.server.resources import Shelf, exchange_of, root_of, roots, shelf_of, shelves

router = APIRouter(dependencies=[Depends(taxii)], tags=["TAXII 2.1"])

_STIX = "application/stix+json;version=2.1"


@router.get("/taxii2/", summary="Server discovery", **resource("discovery"))
def discovery(request: Request) -> Response:
    """The API roots in which the member has a right; the first is the default."""
    exchange = exchange_of(request)
    found = [f"{exchange.public_url}/{root.name}/" for root in roots(request)]
    document: dict[str, object] = {"title": exchange.title}
    if found:
        document |= {"default": found[0], "api_roots": found}
    return paging.document(document)


@router.get("/{root}/", summary="An API root: a trust group", **resource("api-root"))
def api_root(request: Request, root: RootName) -> Response:
    """What the root is called and how much it takes at a time."""
    found = root_of(request, root)
    document: dict[str, object] = {"title": found.title}
    if found.description:
        document["description"] = found.description
    return paging.document(document | {"versions": [MEDIA_TYPE], "max_content_length": found.max_content_length})


@router.get("/{root}/status/{status_id}/", summary="What became of an addition", **resource("status"))
def status(request: Request, root: RootName, status_id: StatusId) -> Response:
    """Kept for a day, for whoever added."""
    found, who = root_of(request, root), principal(request)
    plain = len(status_id) <= 250 and status_id.isascii() and status_id.isprintable()
    body = exchange_of(request).store.status(found.name, who.member.name, status_id) if plain else None
    if body is None:
        raise not_found()
    return Response(body, media_type=MEDIA_TYPE)


@router.get("/{root}/collections/", summary="The collections of a root", **resource("collections"))
def collections(request: Request, root: RootName) -> Response:
    """Those that the member may read or write, always in the same order."""
    found = shelves(request, root_of(request, root))
    return paging.document({"collections": [_described(shelf) for shelf in found]})


@router.get("/{root}/collections/{collection}/", summary="A collection", **resource("collection"))
def collection(request: Request, root: RootName, collection: CollectionName) -> Response:
    """By its id or its alias."""
    return paging.document(_described(shelf_of(request, root, collection)))


def _described(shelf: Shelf) -> dict[str, object]:
    """The resource; a client looks for the id in the URL that it asked, so that under an alias the alias is the id."""
    found = shelf.collection
    described: dict[str, object] = {"id": shelf.named, "title": found.title}
    if found.description:
        described["description"] = found.description
    if found.alias:
        described["alias"] = found.alias
    writable = shelf.right.write and found.kind != "retractions"
    return described | {"can_read": shelf.right.read, "can_write": writable, "media_types": [_STIX]}
