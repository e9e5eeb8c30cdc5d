"""The token service: blinded values in, evaluated ones out, within each member's quota of the day.

    GET  /{root}/ext/tokens/                     the keys in force, and what is left of the quotas
    POST /{root}/ext/tokens/{class}/{epoch}/     {"blinded": […]} → {"evaluated": […], "proof": …}

Neither the log nor the measurements hold more than how many of which class.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from prometheus_client import Counter
from pydantic import ValidationError

from stillwatch.errors import TrustError
from stillwatch.exchange.server.auth import principal
from stillwatch.exchange.server.bodies import parse, received
from stillwatch.exchange.server.errors import Problem, TaxiiResponse, not_found
from stillwatch.exchange.server.negotiation import TAXII, content, taxii
from stillwatch.exchange.server.openapi import RootName, problems
from stillwatch.exchange.server.resources import exchange_of, root_of
from stillwatch.exchange.tokens.classes import CLASSES, DAILY, TokenClass
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.exchange.tokens.evaluation import Busy, Worker
from stillwatch.exchange.tokens.keys import Keys, info
from stillwatch.exchange.tokens.messages import LARGEST, Blinded, Evaluated, KeyDirectory, Quota
from stillwatch.exchange.tokens.prf import MalformedElement

_LOG = logging.getLogger("stillwatch.exchange")
_JSON = "application/json"
_DAY = 86_400  # seconds


@dataclass(frozen=True)
class TokenService:
    """What the endpoints share in one process."""

    keys: Keys
    worker: Worker
    evaluated: Counter

    @classmethod
    def of(cls, request: Request) -> "TokenService":
        """The one of the application, made with the first request that needs it."""
        state = request.app.state
        if not hasattr(state, "tokens"):
            exchange = exchange_of(request)
            registry = exchange.metrics.registry
            counter = Counter("stillwatch_tokens_evaluated", "Values evaluated.", ("token_class",), registry=registry)
            state.tokens = cls(Keys(exchange.store, exchange.signing_key), Worker(), counter)
        service: TokenService = state.tokens
        return service


@asynccontextmanager
async def _closing(app: FastAPI) -> AsyncIterator[None]:
    yield
    if hasattr(app.state, "tokens"):
        app.state.tokens.worker.close()


router = APIRouter(
    prefix="/{root}/ext/tokens",
    dependencies=[Depends(taxii)],
    default_response_class=TaxiiResponse,
    tags=["stillwatch"],
    lifespan=_closing,
)

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {media_type: {"schema": Blinded.model_json_schema()} for media_type in (TAXII, _JSON)},
    }
}


@router.get("/", summary="The keys for tokens", responses=problems(404))
def directory(request: Request, root: RootName) -> KeyDirectory:
    """The public keys in force, with their lines in the log, and how much the member may still ask today."""
    found = root_of(request, root).name
    published = TokenService.of(request).keys.published(found, _now(request))
    return KeyDirectory(epochs=published, quotas={klass: _quota(request, found, klass) for klass in CLASSES})


@router.post(
    "/{token_class}/{epoch}/",
    summary="Evaluate blinded values",
    responses=problems(400, 404, 408, 413, 415, 422),
    openapi_extra=_BODY,
)
async def evaluate(request: Request, root: RootName, token_class: str, epoch: str) -> Evaluated:
    """One evaluation (RFC 9497, VOPRF) for each blinded element, and one proof for all."""
    content(request, TAXII, _JSON)
    service = TokenService.of(request)
    seed, purpose = await run_in_threadpool(_key, request, root, token_class, epoch)
    async with received(request, limit=LARGEST) as raw:
        blinded = _elements(raw)
    await run_in_threadpool(_spend, request, root, token_class, len(blinded))
    try:
        evaluation = await service.worker.evaluate(seed, purpose, blinded)
    except MalformedElement:
        raise _unprocessable("An element is none of ristretto255, or is the identity.") from None
    except Busy:
        text = "The exchange evaluates as much as it can. Try again after Retry-After."
        raise Problem(503, "Busy", text, "busy", headers={"Retry-After": "1"}) from None
    service.evaluated.labels(token_class).inc(len(blinded))
    _LOG.info("tokens", extra={"fields": {"class": token_class, "count": len(blinded)}})
    return Evaluated.of(evaluation)


def _key(request: Request, root: str, token_class: str, epoch: str) -> tuple[bytes, bytes]:
    """The seed, and what makes the key pair of the class from it.

    Raises:
        Problem: 404; no such root or class, or an epoch that is not in force.
    """
    found = root_of(request, root).name
    klass = _class(token_class)
    try:
        asked = Epoch.parse(epoch)
    except ValueError:
        raise not_found() from None
    seed = TokenService.of(request).keys.seed(found, asked, _now(request))
    if seed is None:
        raise not_found()
    return seed, info(found, klass, asked)


def _class(name: str) -> TokenClass:
    for klass in CLASSES:
        if klass == name:
            return klass
    raise not_found()


def _elements(raw: bytes) -> tuple[bytes, ...]:
    value = parse(raw)
    try:
        return Blinded.model_validate(value).elements
    except (ValidationError, TrustError):
        raise _unprocessable("The body must be {blinded: [1 to 1,024 elements of 32 bytes in base 64]}.") from None


def _spend(request: Request, root: str, token_class: str, count: int) -> None:
    """Takes a batch from the member's quota, before anything is evaluated.

    Raises:
        Problem: 429 until midnight.
    """
    klass, member = _class(token_class), principal(request).member.name
    if not exchange_of(request).store.quota(member, _quota_name(root, klass), count, DAILY[klass]):
        text = f"Today's quota of {klass} does not suffice. It starts anew at midnight UTC."
        left = _DAY - exchange_of(request).clock() // 1_000_000 % _DAY
        raise Problem(429, "Quota used up", text, "quota", headers={"Retry-After": str(left)})


def _quota(request: Request, root: str, klass: TokenClass) -> Quota:
    used = exchange_of(request).store.quota_used(principal(request).member.name, _quota_name(root, klass))
    return Quota(per_day=DAILY[klass], left=max(0, DAILY[klass] - used))


def _quota_name(root: str, klass: TokenClass) -> str:
    return f"tokens/{root}/{klass}"


def _now(request: Request) -> datetime:
    return datetime.fromtimestamp(exchange_of(request).clock() / 1_000_000, UTC)


def _unprocessable(text: str) -> Problem:
    return Problem(422, "Unprocessable", text, "unprocessable")
