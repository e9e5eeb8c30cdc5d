"""Writing: adding and deleting objects (TAXII 2.1, sections 5.5 and 5.7).

An addition is one transaction: all of its objects are stored, logged and visible at once, or none is. An object that is
there already counts as a success, so that whoever had no answer may simply ask again.
"""

import json
import uuid
from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from stillwatch.exchange import intake
from stillwatch.exchange.model import LogEntry, NewRecord
from stillwatch.exchange.server import bodies, negotiation, query
from stillwatch.exchange.server.errors import MEDIA_TYPE, Problem, not_found
from stillwatch.exchange.server.exchange import Exchange
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
        body = await run_in_threadpool(_add, exchange_of(request), shelf, raw)
    return Response(body, 202, media_type=MEDIA_TYPE)


def _add(exchange: Exchange, shelf: Shelf, raw: bytes) -> bytes:
    """Stores what was posted, and its status with it.

    Returns:
        The status, as JSON.
    """
    begun = exchange.clock()
    objects, signatures = _unwrapped(bodies.parse(raw))
    status_id, done = str(uuid.uuid4()), b""

    def build(transaction: Transaction) -> tuple[Sequence[NewRecord], Sequence[LogEntry]]:
        nonlocal done
        admission = intake.take_in(transaction, posted, exchange.signing_key)
        done = _status(status_id, begun, admission.taken)
        transaction.put_status(status_id, done)
        return admission.records, admission.log

    try:
        posted = intake.examine(shelf.principal, shelf.root, shelf.collection, objects, signatures, now=begun)
        stored = exchange.store.add(shelf.root.name, shelf.principal.member.name, build)
    except intake.Refused as refused:
        raise _unprocessable(refused) from None
    except intake.OverQuota as over:
        headers = {"Retry-After": str(_until_tomorrow(begun))}
        raise Problem(429, "Quota used up", str(over), "quota", headers=headers) from None
    exchange.metrics.added.inc(len(stored))
    return done


def _unwrapped(value: object) -> tuple[list[object], object]:
    """The objects of an envelope or a bundle, and the signatures beside them."""
    objects = value.get("objects") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(objects, list) or not objects:
        text = "The body must be an object whose `objects` are a list with something in it: an envelope or a bundle."
        raise Problem(422, "Unprocessable content", text, "bad-envelope")
    return objects, value.get(SIGNATURES)


def _status(status_id: str, begun: int, taken: Sequence[intake.Taken]) -> bytes:
    """The status resource (section 4.3.1); what is stored is complete, there is nothing pending."""
    successes = [_reported(each) for each in taken]
    counts = {"total_count": len(successes), "success_count": len(successes), "failure_count": 0, "pending_count": 0}
    status = {"id": status_id, "status": "complete", "request_timestamp": timestamps.text(begun)} | counts
    return json.dumps(status | {"successes": successes}).encode()


def _reported(taken: intake.Taken) -> dict[str, str]:
    reported = {"id": taken.id, "version": taken.version}
    return reported | {"message": taken.message} if taken.message else reported


def _unprocessable(refused: intake.Refused) -> Problem:
    """Which object, and why; the sender knows its own objects by their place."""
    listed = [{"index": each.index, "id": each.id, "reason": each.why} for each in refused.refusals]
    details = {"refused": [{name: said for name, said in each.items() if said is not None} for each in listed]}
    first = refused.refusals[0]
    place = f"objects[{first.index}]" if first.index is not None else SIGNATURES
    text = f"Nothing was stored. {len(refused.refusals) + refused.more} refused; {place}: {first.why}"
    return Problem(422, "Unprocessable content", text, "refused", details=details)


def _until_tomorrow(now: int) -> int:
    """Seconds until the quotas of a day (UTC) begin anew."""
    day = 86_400_000_000
    return -(-(day - now % day) // 1_000_000)


@router.delete("/{root}/collections/{collection}/objects/{object_id}/", summary="Delete an object", **deletion())
def delete(request: Request, root: RootName, collection: CollectionName, object_id: ObjectId) -> Response:
    """All versions, or those that match[version] names; a member deletes what it published itself."""
    shelf = shelf_of(request, root, collection).readable().writable()
    asked = query.read(request.scope["query_string"], "delete")
    exchange = exchange_of(request)
    deleted = exchange.store.delete(
        shelf.root.name,
        shelf.principal,
        shelf.collection,
        object_id if query.well_formed_id(object_id) else "",
        asked.versions if "version" in asked.filters else "all",
        spec_versions=asked.filters.get("spec_version", ()),
        build=lambda transaction, records: intake.withdraw(transaction, records, exchange.signing_key),
    )
    if not deleted:
        raise not_found()
    return Response(b"", 200, media_type=MEDIA_TYPE)
