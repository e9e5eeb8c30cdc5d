"""The application: the routers behind the door, the door behind the boundary of errors, and the journal around all."""

import hmac
import time

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse

from stillwatch.exchange.credentials import Credentials
from stillwatch.exchange.server import (
    adding,
    contributors,
    discovery,
    log,
    oauth,
    objects,
    statistics,
    stream,
    tokens,
)
from stillwatch.exchange.server.auth import Authentication
from stillwatch.exchange.server.door import Door
from stillwatch.exchange.server.errors import Boundary, form_problem, not_found, routing_problem
from stillwatch.exchange.server.exchange import Exchange
from stillwatch.exchange.server.journal import Journal
from stillwatch.exchange.server.limits import Load
from stillwatch.exchange.server.openapi import describe, opened

router = APIRouter(tags=["Operation"])

_ROUTERS = (oauth, discovery, objects, adding, stream, log, contributors, statistics, tokens)


def create(exchange: Exchange) -> FastAPI:
    """The ASGI application of an exchange."""
    load = Load(exchange.limits, time.monotonic)
    authentication = Authentication(exchange, Credentials(exchange.store))
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: routing_problem, RequestValidationError: form_problem},
        middleware=[
            Middleware(Journal, exchange=exchange),
            Middleware(Boundary),
            Middleware(Door, load=load, authentication=authentication),
        ],
    )
    app.state.exchange, app.state.load, app.state.authentication = exchange, load, authentication
    for module in _ROUTERS:
        app.include_router(module.router)
    app.include_router(router)
    app.state.openapi = describe(app)
    return app


@router.get("/healthz", summary="Whether it works", **opened("application/json", "It can use its database."))
def health(request: Request) -> Response:
    """Whether the exchange can use its database; a Problem 503 if not."""
    exchange: Exchange = request.app.state.exchange
    exchange.store.roots()
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get("/openapi.json", summary="This document", **opened("application/json", "OpenAPI 3.1."))
async def openapi(request: Request) -> Response:
    """How to ask; of nothing that is there."""
    return JSONResponse(request.app.state.openapi)


@router.get("/metrics", summary="Measurements", **opened("text/plain", "For Prometheus, with the operator's token."))
async def metrics(request: Request) -> Response:
    """For Prometheus, with the operator's own token: counts of what is stored are not for members."""
    exchange: Exchange = request.app.state.exchange
    given = request.headers.get("authorization", "").encode()
    wanted = exchange.metrics_token
    if wanted is None or not hmac.compare_digest(given, f"Bearer {wanted}".encode()):
        raise not_found()
    return Response(exchange.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
