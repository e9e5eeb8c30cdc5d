"""The transparency log of a root, for all of its members (C2SP tlog-tiles under the prefix `/{root}/ext/log`).

    GET  /{root}/ext/log/checkpoint                     the signed head, with the cosignatures of those who saw the same
    GET  /{root}/ext/log/tile/{level}/{index}[.p/{w}]   hashes; and entries under tile/entries/
    GET  /{root}/ext/log/entries/?start=&end=           the lines themselves, for clients without tiles
    GET  /{root}/ext/log/proof/inclusion/?index=&size=
    GET  /{root}/ext/log/proof/consistency/?old=&size=
    GET  /{root}/ext/log/cosignatures/                  the newest head that each member has cosigned
    POST /{root}/ext/log/cosignatures/                  {"checkpoint": the head with one's own line below}

What vouches for objects and whose keys those are stands beside it: `signatures` and `keys`.
"""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from stillwatch.errors import TrustError
from stillwatch.exchange.log import checkpoints, tiles
from stillwatch.exchange.log.checkpoints import Checkpoint
from stillwatch.exchange.log.entries import bundle, read
from stillwatch.exchange.log.notes import Note
from stillwatch.exchange.log.tiles import WIDTH, TileName
from stillwatch.exchange.server import bodies, keys, negotiation, signatures
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.errors import MEDIA_TYPE, Problem, not_found
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import RootName, problems
from stillwatch.exchange.server.paging import document
from stillwatch.exchange.server.resources import exchange_of, root_of
from stillwatch.signing import to_base64

_log = APIRouter(prefix="/{root}/ext/log", tags=["stillwatch"])

#: The document of a root in which the newest signed heads are kept.
DOCUMENT = "log"
MOST_ENTRIES = 1000  # of one answer
_AHEAD = 60 * 60  # seconds that a witness's clock may run ahead of ours
_LONGEST = 64 * 1024  # bytes of a cosignature's request
_LOG = logging.getLogger("stillwatch.exchange")

Number = Annotated[int, Query(ge=0, lt=2**53)]
_COSIGN_PROBLEMS = problems(400, 404, 408, 413, 415, 422)
_COSIGN_PROBLEMS[409] = _COSIGN_PROBLEMS[404] | {
    "description": "The exchange signed this head, and has another log now."
}
_COSIGNED = {"type": "object", "required": ["checkpoint"], "properties": {"checkpoint": {"type": "string"}}}
_COSIGN_BODY = {"required": True, "content": {each: {"schema": _COSIGNED} for each in (MEDIA_TYPE, "application/json")}}
_JSON: dict[str, Any] = {"dependencies": [Depends(taxii)], "response_class": Response}


@_log.get("/checkpoint", summary="The head of the log", response_class=Response, responses=problems(404))
def checkpoint(request: Request, root: RootName) -> Response:
    """A signed note: origin, size and root, the exchange's signature, and the cosignatures of this very head."""
    found, exchange = root_of(request, root).name, exchange_of(request)
    head = _head(request, found)
    note, kept = checkpoints.signed(head, exchange.signing_key), exchange.store.get_document(found, DOCUMENT) or {}
    if _size(kept.get("checkpoint")) < head.size:
        exchange.store.change_document(found, DOCUMENT, lambda old: _with_head(old, note, head.size))
    lines = [each.split("\n\n", 1)[1].splitlines()[1] for each in _of_head(kept, head)]
    return Response("".join([note, *(f"{line}\n" for line in lines)]), media_type="text/plain; charset=utf-8")


@_log.get("/tile/{name:path}", summary="A tile of the log", response_class=Response, responses=problems(404))
def tile(request: Request, root: RootName, name: str) -> Response:
    """Hashes of one level side by side, or entries, each behind its length; what was served never changes."""
    found, store, named = root_of(request, root).name, exchange_of(request).store, TileName.parse(name)
    if named is None or not named.within(store.log_size(found)):
        raise not_found()
    start = named.index * WIDTH
    if named.level is None:
        raw = bundle(store.log_entries(found, start, start + named.width))
    else:
        raw = store.tiles(found).read(named.level, named.index)[: named.width * 32]
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(raw, media_type="application/octet-stream", headers=headers)


@_log.get("/entries/", summary="Lines of the log", responses=problems(400, 404), **_JSON)
def entries(request: Request, root: RootName, start: Number = 0, end: Number = MOST_ENTRIES) -> Response:
    """The lines from `start` to before `end`, a thousand at most, and how many there are in all."""
    found, store = root_of(request, root).name, exchange_of(request).store
    size = store.log_size(found)
    lines = store.log_entries(found, start, min(end, start + MOST_ENTRIES, size))
    return document({"size": size, "start": start, "entries": [read(each) for each in lines]})


@_log.get("/proof/inclusion/", summary="That an entry stands in the log", responses=problems(400, 404), **_JSON)
def inclusion(request: Request, root: RootName, index: Number, size: Number) -> Response:
    """The proof of RFC 6962, section 2.1.1, in base 64."""
    found = _of_size(request, root, size)
    if index >= size:
        raise _too_much("index")
    return _proof(tiles.inclusion_proof(exchange_of(request).store.tiles(found), index, size))


@_log.get("/proof/consistency/", summary="That the log only grew", responses=problems(400, 404), **_JSON)
def consistency(request: Request, root: RootName, old: Number, size: Number) -> Response:
    """The proof of RFC 6962, section 2.1.2, in base 64."""
    found = _of_size(request, root, size)
    if old > size:
        raise _too_much("old")
    return _proof(tiles.consistency_proof(exchange_of(request).store.tiles(found), old, size))


@_log.get("/cosignatures/", summary="What members have seen of the log", responses=problems(404), **_JSON)
def cosignatures(request: Request, root: RootName) -> Response:
    """The newest head that each member has cosigned, signed by the exchange: whoever was shown another log sees it."""
    found = root_of(request, root).name
    kept = exchange_of(request).store.get_document(found, DOCUMENT) or {}
    return document({"cosignatures": list(kept.get("cosignatures", {}).values())})


@_log.post(
    "/cosignatures/",
    summary="Cosign a head",
    responses=_COSIGN_PROBLEMS,
    openapi_extra={"requestBody": _COSIGN_BODY},
    **_JSON,
)
async def cosign(request: Request, root: RootName) -> Response:
    """A head as the exchange signed it, with the member's own line (C2SP tlog-cosignature) below."""
    negotiation.content(request, negotiation.TAXII, "application/json")
    async with bodies.received(request, limit=_LONGEST) as raw:
        value = bodies.parse(raw)
    note = value.get("checkpoint") if isinstance(value, dict) else None
    if not isinstance(note, str):
        raise _unprocessable("The body must be {checkpoint: a signed note}.")
    head = await run_in_threadpool(_cosigned, request, root, note)
    return document({"size": head.size})


def _cosigned(request: Request, root: str, note: str) -> Checkpoint:
    """Keeps a member's cosignature.

    Raises:
        Problem: 422, it is none of this member's on a head of ours; 409, the log has another root there.
    """
    found, exchange, member = root_of(request, root).name, exchange_of(request), principal(request).member
    if member.public_key is None:
        raise _unprocessable("You have registered no key to cosign with.")
    keys.entered(exchange, found)
    witness = checkpoints.witness(member.identity, member.public_key)
    try:
        head = checkpoints.opened(note, _origin(request, found), exchange.signing_key.public)
        times = checkpoints.cosignatures(note, [witness])
    except TrustError as error:
        raise _unprocessable(str(error)) from None
    if times.get(member.identity, 2**63) > exchange.clock() // 1_000_000 + _AHEAD:
        raise _unprocessable("Your line below the checkpoint is missing, or from the future.")
    _check_ours(request, found, head)
    parsed = Note.parse(note)
    ours = checkpoints.signed(head, exchange.signing_key)
    line = next(each for each in parsed.signatures if each.by(witness))
    exchange.store.change_document(
        found, DOCUMENT, lambda old: _with_cosignature(old, member.identity, f"{ours}{line}\n")
    )
    return head


def _check_ours(request: Request, root: str, head: Checkpoint) -> None:
    """A head that we signed must be one that we have: else the log was changed, or set back from a backup."""
    store = exchange_of(request).store
    if head.size > store.log_size(root) or tiles.root_hash(store.tiles(root), head.size) != head.root:
        _LOG.error("log changed", extra={"fields": {"root": root, "size": head.size}})
        text = "The exchange signed this head and has another log now. Keep it: it proves that the log was changed."
        raise Problem(409, "Conflict", text, "log-changed")


def _head(request: Request, root: str) -> Checkpoint:
    store = exchange_of(request).store
    size = store.log_size(root)
    return Checkpoint(_origin(request, root), size, tiles.root_hash(store.tiles(root), size))


def _origin(request: Request, root: str) -> str:
    return checkpoints.origin(exchange_of(request).public_url, root)


def _of_size(request: Request, root: str, size: int) -> str:
    found = root_of(request, root).name
    if size > exchange_of(request).store.log_size(found):
        raise _too_much("size")
    return found


def _proof(proof: list[bytes]) -> Response:
    return document({"proof": [to_base64(each) for each in proof]})


def _size(note: str | None) -> int:
    return Checkpoint.parse(Note.parse(note).text).size if note else -1


def _of_head(kept: dict[str, Any], head: Checkpoint) -> list[str]:
    return [each for each in kept.get("cosignatures", {}).values() if Note.parse(each).text == head.text]


def _with_head(old: dict[str, Any] | None, note: str, size: int) -> dict[str, Any]:
    kept = old or {}
    return kept if _size(kept.get("checkpoint")) >= size else kept | {"checkpoint": note}


def _with_cosignature(old: dict[str, Any] | None, identity: str, note: str) -> dict[str, Any]:
    """The newest of each member stays: a replayed older one changes nothing."""
    kept = old or {}
    known = kept.get("cosignatures", {})
    newest = known if _size(known.get(identity)) > _size(note) else known | {identity: note}
    return kept | {"cosignatures": newest}


def _too_much(name: str) -> Problem:
    return Problem(400, "Malformed query", f"{name} is beyond the end of the log.", f"bad-{name}")


def _unprocessable(text: str) -> Problem:
    return Problem(422, "Unprocessable content", text, "bad-cosignature")


router = APIRouter()
for each in (_log, signatures.router, keys.router):
    router.include_router(each)
