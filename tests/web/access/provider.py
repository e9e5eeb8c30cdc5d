"""A small OpenID provider: real keys, real tokens, a real server. What it gives can be spoilt."""

import base64
import contextlib
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stillwatch.serving import Server, listen

CLIENT, SECRET = "console", "the client's own"


@dataclass
class Provider:
    """Signs everybody in as `person`, without asking."""

    issuer: str = ""
    person: dict = field(default_factory=lambda: {"sub": "1", "email": "ana@example.com", "email_verified": True})
    claims: dict = field(default_factory=dict)  # instead of what is right
    metadata: dict = field(default_factory=dict)
    answer: dict = field(default_factory=dict)  # of the redirect back
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signing: RSAKey | None = None  # instead of `key`
    codes: dict = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", lambda _: JSONResponse({"keys": [self.key.as_dict(private=False)]})),
            ]
        )

    def discovery(self, _request: Request) -> Response:
        places = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return JSONResponse(places | self.metadata)

    def authorize(self, request: Request) -> Response:
        asks = request.query_params
        assert (asks["response_type"], asks["client_id"], asks["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asks["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = dict(asks)
        back = {"code": code, "state": asks["state"], "iss": self.issuer} | self.answer
        return RedirectResponse(f"{asks['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: Request) -> Response:
        fields = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asks = self.codes.pop(fields["code"], None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = request.headers.get("authorization") == f"Basic {basic}"
        if not asks or not known or asks["redirect_uri"] != fields["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asks["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asks["nonce"],
            **self.person,
        }
        key = self.signing or self.key
        kept = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return JSONResponse({"id_token": jwt.encode({"alg": "RS256", "kid": "one"}, kept, key), "token_type": "Bearer"})


@contextlib.contextmanager
def running():
    """A provider that answers, until the block ends."""
    provider, ready = Provider(), threading.Event()
    with listen("127.0.0.1", 0) as socket:
        server = Server(provider.app(), socket, ready=ready.set)
        provider.issuer = f"http://127.0.0.1:{server.port}"
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert ready.wait(20)
        try:
            yield provider
        finally:
            server.stop()
            thread.join(20)
