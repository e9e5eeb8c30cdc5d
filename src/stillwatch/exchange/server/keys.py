"""The key directory of a root: who signs with which key since when (`exchange.log.directory`).

    GET  /{root}/ext/keys/      {"keys": [...]}
    POST /{root}/ext/keys/      {"statement": {...}, "signatures": {"own": …, "previous": …}}: a member's own new key

What an operator registered is entered, and logged, when the directory is next asked for.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from stillwatch.errors import TrustError
from stillwatch.exchange.log.directory import EXCHANGE, Signer, Statement, enrolled, missing
from stillwatch.exchange.model import LogEntry, Member, NewRecord
from stillwatch.exchange.server import bodies, negotiation
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.errors import Problem
from stillwatch.exchange.server.negotiation import taxii
from stillwatch.exchange.server.openapi import RootName, problems
from stillwatch.exchange.server.paging import document
from stillwatch.exchange.server.resources import exchange_of, root_of
from stillwatch.exchange.signing import SIGNATURE_BYTES, SigningKey, from_base64
from stillwatch.exchange.store import audience, directory
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.store.transaction import Transaction

router = APIRouter(prefix="/{root}/ext/keys", dependencies=[Depends(taxii)], tags=["stillwatch"])

#: The document of a root that is the directory.
DOCUMENT = "keys"
_LONGEST = 64 * 1024  # bytes of a request
_AHEAD = 60 * 60 * 1_000_000  # microseconds that a member's clock may differ from ours

Built = tuple[list[NewRecord], list[LogEntry]]


@router.get("/", summary="Who signs with which key", response_class=Response, responses=problems(404))
def keys(request: Request, root: RootName) -> Response:
    """All statements, oldest first."""
    found, exchange = root_of(request, root).name, exchange_of(request)
    enter(exchange.store, found, exchange.signing_key)
    return document(exchange.store.get_document(found, DOCUMENT))


@router.post("/", summary="Register a key", response_class=Response, responses=problems(400, 404, 408, 413, 415, 422))
async def register(request: Request, root: RootName) -> Response:
    """One's own next key, signed by itself and by the one before."""
    negotiation.content(request, negotiation.TAXII, "application/json")
    async with bodies.received(request, limit=_LONGEST) as raw:
        value = bodies.parse(raw)
    return await run_in_threadpool(_registered, request, root, value)


def enter(store: Store, root: str, exchange_key: SigningKey) -> None:
    """Enters the keys of the exchange and of those members whose key is not in the directory yet.

    Raises:
        Problem: 503, the exchange's key was replaced without being signed over.
    """
    with store.database.reading() as connection:
        registered = [(EXCHANGE, exchange_key.public), *audience.keys(connection, root)]
    if not missing(store.get_document(root, DOCUMENT), registered):
        return

    def build(transaction: Transaction) -> Built:
        lines = []
        for identity, public in missing(transaction.get_document(DOCUMENT), registered):
            lines += _entered(transaction, identity, public, exchange_key)
        return [], lines

    store.add(root, None, build)


def _entered(transaction: Transaction, identity: str, public: bytes, exchange_key: SigningKey) -> list[LogEntry]:
    """One key that the operator set; one that somebody had before is not entered again."""
    so_far = transaction.get_document(DOCUMENT)
    statement = Statement(identity, public, transaction.now, _newest(so_far, identity))
    try:
        value, line = enrolled(so_far, statement, {}, exchange_key=exchange_key, now=transaction.now)
    except TrustError:
        if identity != EXCHANGE:
            return []
        text = "The exchange's key was replaced without being signed over by the one before. Its operator can do that."
        raise Problem(503, "Key unknown", text, "key-unknown") from None
    transaction.put_document(DOCUMENT, value)
    return [line]


def _registered(request: Request, root: str, value: object) -> Response:
    found, exchange, member = root_of(request, root).name, exchange_of(request), principal(request).member
    enter(exchange.store, found, exchange.signing_key)
    try:
        statement, signatures = _own(value, member, exchange.clock())
        exchange.store.add(
            found, member.name, lambda each: _replaced(each, statement, signatures, exchange.signing_key)
        )
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


def _replaced(
    transaction: Transaction, statement: Statement, signatures: Mapping[Signer, bytes], exchange_key: SigningKey
) -> Built:
    """The member's key, its statement and its line, together."""
    so_far = transaction.get_document(DOCUMENT)
    value, line = enrolled(so_far, statement, signatures, exchange_key=exchange_key, now=transaction.now)
    transaction.put_document(DOCUMENT, value)
    if transaction.principal:
        directory.change(transaction.connection, transaction.principal.member.name, {"public_key": statement.public})
    return [], [line]


def _newest(value: Any, identity: str) -> str | None:  # noqa: ANN401 — a JSON document
    mine = [Statement.parse(each["statement"]) for each in (value or {}).get("keys", [])]
    return next((each.key_id for each in reversed(mine) if each.identity == identity), None)
