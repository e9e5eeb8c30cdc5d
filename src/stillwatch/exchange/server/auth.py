"""Who asks: HTTP Basic (where it is switched on), an access token, or a client certificate.

    who = principal(request)                  # model.Principal, in any endpoint

`door` has asked `Authentication` by then, so that an endpoint cannot forget to. A member authenticates in the one way
that the operator gave it. Each request looks the member up anew: suspension works at once, and a token of before the
secret was changed is worth nothing.
"""

import base64
import binascii
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.types import Scope

from stillwatch.exchange.credentials import Credentials
from stillwatch.exchange.model import AuthKind, Principal
from stillwatch.exchange.server.errors import Problem
from stillwatch.exchange.server.exchange import Exchange

REALM = "stillwatch"
FINGERPRINT = "stillwatch.client_fingerprint"  # in the ASGI scope: SHA-256 of the client certificate, hex
_ALGORITHM = "HS256"
_SECOND = 1_000_000


def principal(request: Request) -> Principal:
    """The member that asks.

    Raises:
        Problem: 401; only on a path that the door leaves open.
    """
    who: Principal | None = request.scope["state"]["principal"]
    if who is None:
        raise unauthorized(request.app.state.exchange)
    return who


def unauthorized(exchange: Exchange, says: str | None = None) -> Problem:
    """No valid credentials: the same answer whatever is wrong with them."""
    challenges = [f'Bearer realm="{REALM}"'] + ([f'Basic realm="{REALM}", charset="UTF-8"'] if exchange.basic else [])
    taken = "Bearer (an access token of /oauth/token), a client certificate" + (", Basic" if exchange.basic else "")
    text = says or f"Valid credentials are needed. In Authorization, or by TLS, this exchange takes: {taken}."
    return Problem(401, "Unauthorized", text, "unauthorized", headers={"WWW-Authenticate": ", ".join(challenges)})


@dataclass(frozen=True)
class Authentication:
    """Finds the member behind a request."""

    exchange: Exchange
    credentials: Credentials
    #: a hash takes memory and a core: a flood of wrong secrets gets so much of both and no more
    _hashing: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(4), repr=False)

    def principal(self, scope: Scope) -> Principal:
        """The member that asks.

        Raises:
            Problem: 401.
        """
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        found = None
        if len(given) == 1:
            found = self._by_header(given[0])
        elif not given and scope.get(FINGERPRINT):
            found = self._by_certificate(scope[FINGERPRINT])
        if found is None:
            raise unauthorized(self.exchange)
        return found

    def by_secret(self, name: str, secret: str, kind: AuthKind) -> Principal | None:
        """The member of this name, if the secret is its own and it is one that uses secrets in this way."""
        with self._hashing:
            return self._of_kind(self.credentials.check(name, secret), kind)

    def token(self, who: Principal) -> str:
        """An access token: a JWT (RFC 7519) that only this exchange reads."""
        now = self.exchange.clock() // _SECOND
        claims = {"sub": who.member.name, "rev": who.member.revision, "exp": now + self.exchange.token_seconds}
        return jwt.encode({"alg": _ALGORITHM}, claims, OctKey.import_key(self.exchange.token_key))

    def _by_header(self, header: bytes) -> Principal | None:
        scheme, _, value = header.decode("latin-1").strip().partition(" ")
        match scheme.lower():
            case "basic" if self.exchange.basic and (pair := basic_pair(value)):
                return self.by_secret(*pair, "basic")
            case "bearer" | "token":
                return self._by_token(value.strip())
        return None

    def _by_token(self, token: str) -> Principal | None:
        claims = self._claims(token)
        name, revision, until = claims.get("sub"), claims.get("rev"), claims.get("exp")
        if not isinstance(name, str) or not isinstance(until, int) or until * _SECOND <= self.exchange.clock():
            return None
        found = self._of_kind(self.exchange.store.principal(name), "oauth")
        return found if found and found.member.revision == revision else None

    def _claims(self, token: str) -> Mapping[str, object]:
        try:
            return jwt.decode(token, OctKey.import_key(self.exchange.token_key), algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError):
            return {}

    def _by_certificate(self, fingerprint: str) -> Principal | None:
        member = self.exchange.store.member_by_fingerprint(fingerprint)
        return self._of_kind(self.exchange.store.principal(member.name), "mtls") if member else None

    @staticmethod
    def _of_kind(found: Principal | None, kind: AuthKind) -> Principal | None:
        return found if found and found.member.auth == kind else None


def basic_pair(value: str) -> tuple[str, str] | None:
    """Name and secret of HTTP Basic (RFC 7617), or None where it is malformed."""
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    name, colon, secret = text.partition(":")
    return (name, secret) if colon and len(text) <= 4096 else None
