"""The key directory of a root: who signs with which key since when (`exchange.log.directory`).

    GET  /{root}/ext/keys/      {"keys": [...]}
    POST /{root}/ext/keys/      {"statement": {...}, "signatures": {"own": …, "previous": …}}: a member's own new key

What an operator registered is entered, and logged, when the directory is next asked for.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from stillwatch.errors import TrustError
from stillwatch.exchange.log import enrolment
from stillwatch.exchange.log.directory import Signer, Statement
from stillwatch.exchange.model import Member
from stillwatch.exchange.server import bodies, negotiation
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.errors import MEDIA_TYPE, Problem
from stillwatch.exchange.server.exchange import Exchange
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import RootName, problems
from stillwatch.exchange.server.paging import document
from stillwatch.exchange.server.resources import exchange_of, root_of
from stillwatch.signing import SIGNATURE_BYTES, from_base64

router = APIRouter(prefix="/{root}/ext/keys", dependencies=[Depends(taxii)], tags=["stillwatch"])

_BASE64 = {"type": "string", "contentEncoding": "base64"}
_STATEMENT = {
    "type": "object",
    "required": ["identity", "key", "since", "previous"],
    "properties": {
        "identity": {"type": "string", "description": "One's own STIX identity."},
        "key": _BASE64 | {"description": "The public key, Ed25519."},
        "since": {"type": "string", "format": "date-time"},
        "previous": {"type": ["string", "null"], "description": "The id of the key before."},
    },
}
_SIGNATURES = {"type": "object", "required": ["own"], "properties": {"own": _BASE64, "previous": _BASE64}}
_REGISTRATION = {
    "type": "object",
    "required": ["statement", "signatures"],
    "properties": {"statement": _STATEMENT, "signatures": _SIGNATURES},
}
_BODY = {"required": True, "content": {each: {"schema": _REGISTRATION} for each in (MEDIA_TYPE, "application/json")}}
_LONGEST = 64 * 1024  # bytes of a request
_AHEAD = 60 * 60 * 1_000_000  # microseconds that a member's clock may differ from ours


@router.get("/", summary="Who signs with which key", response_class=Response, responses=problems(404))
def keys(request: Request, root: RootName) -> Response:
    """All statements, oldest first."""
    found, exchange = root_of(request, root).name, exchange_of(request)
    entered(exchange, found)
    return document(exchange.store.get_document(found, enrolment.DOCUMENT))


@router.post(
    "/",
    summary="Register a key",
    response_class=Response,
    responses=problems(400, 404, 408, 413, 415, 422),
    openapi_extra={"requestBody": _BODY},
)
async def register(request: Request, root: RootName) -> Response:
    """One's own next key, signed by itself and by the one before."""
    negotiation.content(request, negotiation.TAXII, "application/json")
    async with bodies.received(request, limit=_LONGEST) as raw:
        value = bodies.parse(raw)
    return await run_in_threadpool(_registered, request, root, value)


def entered(exchange: Exchange, root: str) -> None:
    """Enters what the operator registered.

    Raises:
        Problem: 503, the exchange's own key was replaced without being signed over.
    """
    try:
        enrolment.enter(exchange.store, root, exchange.signing_key)
    except TrustError as error:
        raise Problem(503, "Key unknown", str(error), "key-unknown") from None


def _registered(request: Request, root: str, value: object) -> Response:
    found, exchange, member = root_of(request, root).name, exchange_of(request), principal(request).member
    entered(exchange, found)
    try:
        statement, signatures = _own(value, member, exchange.clock())
        key = exchange.signing_key
        exchange.store.add(found, member.name, lambda each: enrolment.replace(each, statement, signatures, key))
    except TrustError as error:
        raise Problem(422, "Unprocessable content", str(error), "bad-key") from None
    return document({"key_id": statement.key_id})


def _own(value: object, member: Member, now: int) -> tuple[Statement, Mapping[Signer, bytes]]:
    """A member's statement about itself, and its signatures."""
    match value:
        case {"statement": said, "signatures": {"own": own, **others}}:
            statement = Statement.parse(said)
        case _:
            raise TrustError("The body must be {statement, signatures: {own, previous}}.")
    if statement.identity != member.identity:
        raise TrustError("A member registers its own key only.")
    if abs(statement.since - now) > _AHEAD:
        raise TrustError("The statement is not of now.", hint="Set the clock.")
    signatures: dict[Signer, bytes] = {"own": from_base64(own, length=SIGNATURE_BYTES)}
    if member.public_key is not None:
        signatures["previous"] = from_base64(others.get("previous"), length=SIGNATURE_BYTES)
    return statement, signatures
