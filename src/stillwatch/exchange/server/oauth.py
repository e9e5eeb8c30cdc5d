"""`POST /oauth/token`: client credentials become a short-lived access token (RFC 6749, section 4.4).

The client names itself by HTTP Basic (as RFC 6749 has it: name and secret form-encoded) or in the form. Errors are
TAXII's messages that carry RFC 6749's `error` as well, so that both kinds of clients understand them.
"""

import json
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from stillwatch.exchange.server import bodies, negotiation
from stillwatch.exchange.server.auth import REALM, Authentication, basic_pair
from stillwatch.exchange.server.errors import Problem
from stillwatch.exchange.server.openapi import token_endpoint
from stillwatch.exchange.server.resources import exchange_of

router = APIRouter(tags=["Authentication"])

_FORM = "application/x-www-form-urlencoded"
_LONGEST = 16 * 1024  # bytes of a form


@router.post("/oauth/token", summary="An access token", **token_endpoint())
async def token(request: Request) -> Response:
    """For a member whose way is OAuth 2; it lasts some minutes and is asked for again."""
    negotiation.content(request, _FORM)
    async with bodies.received(request, limit=_LONGEST) as raw:
        form = _form(raw)
    if form.get("grant_type") != "client_credentials":
        raise _refused(400, "unsupported_grant_type", "grant_type must be client_credentials.")
    pair = _named(request, form)
    authentication: Authentication = request.app.state.authentication
    who = await run_in_threadpool(authentication.by_secret, *pair, "oauth") if pair else None
    if who is None:
        challenge = {"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'}
        raise _refused(401, "invalid_client", "The client is unknown, or its secret is another.", challenge)
    granted = {"access_token": authentication.token(who), "token_type": "Bearer"}
    body = json.dumps(granted | {"expires_in": exchange_of(request).token_seconds})
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(body, media_type="application/json", headers=headers)


def _form(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=16)
    except ValueError:
        pairs = []
    form = dict(pairs)
    if not pairs or len(form) != len(pairs):
        raise _refused(400, "invalid_request", "The form cannot be read, or has a field twice.")
    return form


def _named(request: Request, form: dict[str, str]) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        pair = basic_pair(value)
        return (unquote_plus(pair[0]), unquote_plus(pair[1])) if pair else None
    if "client_id" in form and "client_secret" in form:
        return form["client_id"], form["client_secret"]
    return None


def _refused(status: int, error: str, says: str, headers: dict[str, str] | None = None) -> Problem:
    title = error.replace("_", " ").capitalize()
    always = {"Cache-Control": "no-store"}
    more = {"error": error, "error_description": says}
    return Problem(status, title, says, error.replace("_", "-"), headers=always | (headers or {}), more=more)
