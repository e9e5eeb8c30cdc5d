"""How each request says who asks: OAuth2 client credentials, HTTP Basic, or a token that the operator gave.

A client certificate (mTLS) says it beneath HTTP: see `connection`.
"""

from collections.abc import Generator
from typing import Literal
from urllib.parse import quote

import httpx2

from stillwatch.errors import ExchangeError, TrustError

Scheme = Literal["oauth", "basic", "token", "mtls"]


class OAuth(httpx2.Auth):
    """OAuth2 client credentials (RFC 6749, section 4.4): a token for a while, a new one when it is refused."""

    requires_response_body = True

    def __init__(self, url: str, member: str, secret: str) -> None:
        self._url, self._basic = url, httpx2.BasicAuth(quote(member, safe=""), quote(secret, safe=""))
        self._token: str | None = None

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Asks for a token where there is none, and for another where it is no longer taken."""
        for renew in (self._token is None, True):
            if renew:
                asked = httpx2.Request("POST", self._url, data={"grant_type": "client_credentials"})
                self._token = _granted((yield next(self._basic.auth_flow(asked))))
            request.headers["Authorization"] = f"Bearer {self._token}"
            if (yield request).status_code != 401:
                return


def authentication(scheme: Scheme, *, member: str, secret: str, token_url: str) -> httpx2.Auth | None:
    """What says who asks; None where a certificate does."""
    match scheme:
        case "oauth":
            return OAuth(token_url, member, secret)
        case "basic":
            return httpx2.BasicAuth(member, secret)
        case "token":
            return httpx2.FunctionAuth(lambda request: _with_token(request, secret))
        case "mtls":
            return None


def _with_token(request: httpx2.Request, secret: str) -> httpx2.Request:
    request.headers["Authorization"] = f"Bearer {secret}"
    return request


def _granted(response: httpx2.Response) -> str:
    place = f"{response.request.url.host}{response.request.url.path}"
    if response.status_code in {400, 401, 403}:
        hint = "Check exchange.member and its secret; the operator can issue a new one."
        raise TrustError("The member's credentials are not accepted.", where=place, hint=hint)
    try:
        token = response.json()["access_token"]
    except (ValueError, LookupError, TypeError, RecursionError):
        token = None
    if not isinstance(token, str):
        hint = "If the exchange asks for passwords or certificates instead, set exchange.auth."
        raise ExchangeError("No OAuth2 token is given here.", where=place, hint=hint)
    return token
