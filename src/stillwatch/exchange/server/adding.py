"""Writing: adding and deleting objects (TAXII 2.1, sections 5.5 and 5.7).

An addition is one transaction: all of its objects are stored, logged and visible at once, or none is. An object that is
there already counts as a success, so that whoever had no answer may simply ask again.
"""

import json
import uuid
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from stillwatch.exchange import intake
from stillwatch.exchange.server import bodies, negotiation, query
from stillwatch.exchange.server.errors import MEDIA_TYPE, Problem, not_found
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import CollectionName, ObjectId, RootName, addition, deletion
from stillwatch.exchange.server.resources import Shelf, exchange_of, shelf_of
from stillwatch.exchange.store.transaction import Transaction
from stillwatch.indicators import timestamps

router = APIRouter(dependencies=[Depends(taxii)], tags=["TAXII 2.1"])

SIGNATURES = "x_stillwatch_signatures"


@router.post("/{root}/collections/{collection}/objects/", summary="Add objects", **addition())
async def add(request: Request, root: RootName, collection: CollectionName) -> Response:
    """An envelope or a STIX bundle; all of it is taken or nothing."""
    shelf = (await run_in_threadpool(shelf_of, request, root, collection)).writable()
    negotiation.content(request, negotiation.TAXII, negotiation.STIX)
    async with bodies.received(request, limit=shelf.root.max_content_length) as raw:
        body = await run_in_threadpool(_add, request, shelf, raw)
    return Response(body, 202, media_type=MEDIA_TYPE)
