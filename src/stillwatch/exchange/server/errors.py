"""Errors as TAXII 2.1 writes them (section 3.6.1), whatever went wrong and wherever.

    raise Problem(404, "Not found", "There is no such collection here.", "unknown-collection")

`Boundary` turns problems into responses. What nobody foresaw becomes a 500 with an `error_id` and a log line that names
the place in the code and nothing of what was asked or stored.
"""

import json
import logging
import traceback
from collections.abc import Mapping
from pathlib import Path

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import stillwatch
from stillwatch.errors import ExchangeError, TrustError

#: Every response of a TAXII endpoint is of this type, errors too (section 3.1).
MEDIA_TYPE = "application/taxii+json;version=2.1"

_PACKAGE = Path(stillwatch.__file__).parent
_LOG = logging.getLogger("stillwatch.exchange")
_TITLES = {404: "Not found", 405: "Method not allowed"}
_HINTS = {
    404: "There is nothing under this path for you. Paths of TAXII end with a slash.",
    405: "This endpoint does not know the method; Allow names those that it knows.",
}


class TaxiiResponse(JSONResponse):
    """JSON under TAXII's media type, as everything here answers."""

    media_type = MEDIA_TYPE


class Problem(Exception):  # noqa: N818 — TAXII's word is "error message"; this is what one says
    """Something that the client is told.

    Args:
        status: the HTTP status.
        title: the error in a few words, always the same for one code.
        description: what to do about it. Never says whether something exists that the client may not see.
        code: for programs.
        headers: of the response, such as Retry-After.
        more: further properties of the message (RFC 6749 wants `error`).
        details: about the error, as JSON can write it (TAXII's `details`).
    """

    def __init__(  # noqa: PLR0913 — a message has that many parts
        self,
        status: int,
        title: str,
        description: str | None = None,
        code: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.description, self.code = status, title, description, code
        self.headers, self.more, self.details = dict(headers or {}), dict(more or {}), details


def not_found() -> Problem:
    """What is not there and what is not for the client look the same."""
    return Problem(404, _TITLES[404], _HINTS[404], "not-found")


def response(problem: Problem, error_id: str) -> Response:
    """The error message of a problem."""
    message = {
        "title": problem.title,
        "description": problem.description,
        "error_id": error_id,
        "error_code": problem.code,
        "http_status": str(problem.status),
        "details": problem.details,
        **problem.more,
    }
    body = json.dumps({name: said for name, said in message.items() if said is not None}).encode()
    return Response(body, problem.status, headers={"content-type": MEDIA_TYPE} | problem.headers)


async def routing_problem(request: Request, error: Exception) -> Response:
    """The handler for what the routing finds wrong: an unknown path, an unknown method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = {"Allow": _allowed(request)} if status == 405 else {}
    title = _TITLES.get(status, "The request cannot be served")
    problem = Problem(status, title, _HINTS.get(status), title.lower().replace(" ", "-"), headers=headers)
    return response(problem, request.scope["request_id"])


def _allowed(request: Request) -> str:
    """The methods of a path; the routing knows only those of the first route that fits it."""
    path = getattr(request.scope.get("route"), "path", "")
    methods = request.app.state.openapi["paths"].get(path, {"get": None})
    return ", ".join(method.upper() for method in methods)


async def form_problem(request: Request, error: Exception) -> Response:
    """The handler for parameters and bodies that an endpoint describes by a model; what was sent is not repeated."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    places = {str(each["loc"][0]) for each in found}
    if "path" in places:
        problem = not_found()
    elif "body" in places and not any(each["type"] == "json_invalid" for each in found):
        where = ", ".join(sorted({".".join(str(part) for part in each["loc"][1:]) for each in found}))
        problem = Problem(422, "Unprocessable content", f"The body is not as it must be: {where}"[:500], "bad-body")
    else:
        problem = Problem(400, "Malformed request", "A parameter or the body cannot be read.", "malformed")
    return response(problem, request.scope["request_id"])


class Boundary:
    """The ASGI middleware where errors end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with an error message, unless the response is already on its way."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 — the boundary
            if begun:
                _report(error, scope["request_id"])
                raise Interrupted from None
            problem = _known(error) or _unforeseen(error, scope["request_id"])
            await response(problem, scope["request_id"])(scope, receive, send)


class Interrupted(Exception):  # noqa: N818 — not an error of its own
    """A response broke off; the server closes the connection, so that nobody takes it for whole."""


def _known(error: Exception) -> Problem | None:
    """What the layers below tell: the database fails, or a member lost a right while it asked."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, TrustError):
        return Problem(403, "Forbidden", "You may not do this here.", "forbidden")
    if isinstance(error, ExchangeError):
        _LOG.error("database", extra={"fields": {"error": str(error)}})
        text = "The exchange cannot use its database now. Nothing of this was stored; try again."
        return Problem(503, "Unavailable", text, "unavailable", headers={"Retry-After": "5"})
    return None


def _unforeseen(error: Exception, error_id: str) -> Problem:
    _report(error, error_id)
    return Problem(500, "Internal error", "The operator finds it in the log by its error_id.", "internal")


def _report(error: Exception, error_id: str) -> None:
    """The kind of the error and its place; its message might hold what a member sent."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(_PACKAGE)), frames[-1])
    place = f"{Path(ours.filename).name}:{ours.lineno}"
    _LOG.error("fault", extra={"fields": {"error_id": error_id, "error": type(error).__name__, "place": place}})
