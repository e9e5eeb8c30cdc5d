"""Server-sent events: a collection as it grows, for clients that would rather be told than ask again and again.

    GET /{root}/ext/stream/{collection}/?match[type]=indicator
    Accept: text/event-stream
    Last-Event-ID: 2026-11-02T09:00:00.000000Z

Each event is one object; its id is its `date_added`, so that a client resumes by Last-Event-ID, and may go on by TAXII
with the same value as `added_after`. Rights are looked up before each look into the store: who is suspended hears no
more. A comment every few seconds tells that the stream lives. TAXII stays the source of truth.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from stillwatch.exchange.access import right
from stillwatch.exchange.model import Page, Query, Record
from stillwatch.exchange.server import negotiation, query
from stillwatch.exchange.server.errors import Problem
from stillwatch.exchange.server.openapi import CollectionName, RootName, events
from stillwatch.exchange.server.resources import Shelf, exchange_of, shelf_of
from stillwatch.indicators import timestamps

router = APIRouter(tags=["stillwatch"])

MEDIA_TYPE = "text/event-stream"
LOOK_SECONDS = 0.5  # between two looks into the store
HEARTBEAT_SECONDS = 10.0
_PAGE = 100  # objects of one look


@router.get("/{root}/ext/stream/{collection}/", summary="A collection as it grows", **events())
async def stream(request: Request, root: RootName, collection: CollectionName) -> Response:
    """Objects as server-sent events, from Last-Event-ID, else from added_after, else from the first one on."""
    if not negotiation.accepts(request.headers.get("accept"), MEDIA_TYPE):
        text = f"This endpoint answers in {MEDIA_TYPE}."
        raise Problem(406, "Not acceptable", text, "not-acceptable")
    shelf = (await run_in_threadpool(shelf_of, request, root, collection)).readable()
    asked = query.read(request.scope["query_string"], "stream").query(page_size=_PAGE)
    asked = replace(asked, after=_last_event(request))
    request.state.visit.stay(request.app.state.load.stream(shelf.principal.member.name))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, shelf, asked), media_type=MEDIA_TYPE, headers=headers)


def _last_event(request: Request) -> int | None:
    text = request.headers.get("last-event-id")
    try:
        return timestamps.parse(text) if text else None
    except ValueError:
        says = "Last-Event-ID must be the id of an event of this stream."
        raise Problem(400, "Malformed query", says, "bad-last-event-id") from None


async def _events(request: Request, shelf: Shelf, asked: Query) -> AsyncIterator[bytes]:
    """Looks, tells, waits; ends when the member may no longer read or the server closes."""
    exchange, silent = exchange_of(request), 0.0
    with exchange.metrics.streams.track_inprogress():
        yield b": begin\n\n"
        while not exchange.closing.is_set():
            page = await run_in_threadpool(_look, request, shelf, asked)
            if page is None:
                return
            if page.records:
                exchange.metrics.read.inc(len(page.records))
                yield b"".join(map(_event, page.records))
                asked, silent = replace(asked, after=page.records[-1].date_added), 0.0
            if not page.more:
                await anyio.sleep(LOOK_SECONDS)
                silent += LOOK_SECONDS
            if silent >= HEARTBEAT_SECONDS:
                silent = 0.0
                yield b": alive\n\n"


def _look(request: Request, shelf: Shelf, asked: Query) -> Page | None:
    """A page for whoever the member is by now; None if it may read no longer."""
    store, before = exchange_of(request).store, shelf.principal.member
    now = store.principal(before.name)
    if now is None or now.member.revision != before.revision or not right(now, shelf.collection.id).read:
        return None
    return store.read(now, shelf.collection, asked)


def _event(record: Record) -> bytes:
    date = timestamps.text(record.date_added).encode()
    lines = b"\ndata: ".join(record.body.splitlines())
    return b"id: " + date + b"\nevent: object\ndata: " + lines + b"\n\n"
