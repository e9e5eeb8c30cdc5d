"""What vouches for objects: the publisher's signature, the exchange's receipt, the place in the log.

    GET /{root}/ext/signatures/{collection}/

The same filters, pages and rights as the objects, so that a client asks for both side by side: what a member may not
read it finds no signature of, and no salt that would open its line in the log.
"""

import json
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from stillwatch.exchange.model import Signed
from stillwatch.exchange.server import paging
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.objects import Reading
from stillwatch.exchange.server.openapi import CollectionName, RootName, paged
from stillwatch.exchange.server.resources import exchange_of, shelf_of
from stillwatch.indicators import timestamps
from stillwatch.signing import to_base64

router = APIRouter(dependencies=[Depends(taxii)], tags=["stillwatch"])


@router.get(
    "/{root}/ext/signatures/{collection}/", summary="What vouches for objects", **paged("objects", "signatures")
)
def signatures(request: Request, root: RootName, collection: CollectionName) -> Response:
    """In the order in which the objects were added."""
    shelf = shelf_of(request, root, collection).readable()
    asked = Reading(request, shelf, "objects")
    page = exchange_of(request).store.signatures(shelf.principal, shelf.collection, asked.query)
    found = page.signatures
    last = found[-1].date_added if found else asked.start
    dates = (found[0].date_added if found else last, last)
    items = (json.dumps(_told(each)).encode() for each in found)
    return paging.page("signatures", items, dates, asked.following(last) if page.more else None)


def _told(each: Signed) -> dict[str, Any]:
    """What there is of a signature's parts."""
    told = {
        "id": each.id,
        "version": each.version,
        "date_added": timestamps.text(each.date_added),
        "signature": to_base64(each.signature) if each.signature else None,
        "key_id": each.key_id,
        "receipt": json.loads(each.receipt) if each.receipt else None,
        "log_index": each.log_index,
        "salt": to_base64(each.salt) if each.salt else None,
    }
    return {name: value for name, value in told.items() if value is not None}
