"""Signing in at an OpenID provider: the authorization code flow with PKCE, state and nonce.

    provider = Provider(issuer, client, secret, redirect_uri)
    way = provider.begin("/cases")                  # its address to go to, and what the browser keeps meanwhile
    name, then = provider.finish(query, kept)       # what the provider's token says, checked

OpenID Connect Core 1.0 §3.1, Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (which provider answers). What the browser keeps
is its own: whoever reads it there could as well read the session.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.web.asking import Form, Invalid

_ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]
_TIMEOUT = 10.0
_MOST_BYTES = 1 << 20
_FRESH_SECONDS = 3600.0  # for which the provider's addresses and keys are kept
_KEYS_SECONDS = 30.0  # between two looks for a key that we do not know
_LEEWAY = 60  # seconds by which clocks may differ
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Way:
    """A way to the provider that was begun."""

    address: str
    kept: str  # by the browser, in a cookie, until it is back


class Provider:
    """One provider, asked when somebody signs in; may be used from several threads.

    Args:
        issuer: its URL.
        client: our id there.
        secret: ours, if it gave us one.
        back: where it sends people back to.
        claim: what of its token is a person's name here.

    Raises:
        ConfigError: the issuer is no https URL.
    """

    def __init__(self, issuer: str, client: str, secret: str | None, back: str, claim: str = "email") -> None:
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ConfigError("An OpenID provider is an https URL.", where="console.oidc_issuer")
        self._issuer, self._client, self._secret, self._back, self._claim = issuer, client, secret, back, claim
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}  # by URL

    def begin(self, then: str) -> Way:
        """Where to send somebody who wants to sign in.

        Raises:
            ExchangeError: the provider cannot be reached.
            TrustError: it says that it is somebody else.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asks = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._back,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._place("authorization_endpoint")
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "then": then}
        joint = "&" if "?" in endpoint else "?"
        return Way(f"{endpoint}{joint}{urlencode(asks)}", base64.urlsafe_b64encode(json.dumps(kept).encode()).decode())

    def finish(self, answer: Form, kept: str) -> tuple[str, str]:
        """Who is back, and where he wanted to go.

        Args:
            answer: the query with which the provider sent him.
            kept: what his browser kept.

        Raises:
            Invalid: he did not begin here, or broke it off.
            TrustError: what the provider says does not hold.
            ExchangeError: it cannot be reached.
        """
        began = _unpacked(kept)
        if not began or not secrets.compare_digest(answer.get("state").encode(), began["state"].encode()):
            raise Invalid("This way to sign in was not begun in this browser, or long ago.", hint="Sign in again.")
        if answer.get("error"):
            raise Invalid("The provider let nobody in.", where=answer.get("error")[:100], hint="Sign in again.")
        if answer.get("iss", self._issuer) != self._issuer:
            raise TrustError("Another provider answered.", where=answer.get("iss")[:200])
        claims = self._claims(self._token(answer.get("code"), began["verifier"]), began["nonce"])
        return self._name(claims), began["then"]

    def _name(self, claims: dict[str, Any]) -> str:
        name = claims.get(self._claim)
        if not isinstance(name, str) or not name:
            raise TrustError("The provider does not say who this is.", where=f"claim {self._claim}")
        if self._claim == "email" and claims.get("email_verified") is not True:
            raise TrustError("The provider has not verified this e-mail address.", where=name[:200])
        return name

    def _token(self, code: str, verifier: str) -> str:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._client,
            "code_verifier": verifier,
        }
        methods = self._metadata().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = (self._client, self._secret) if self._secret and "client_secret_basic" in methods else None
        if self._secret and not basic:
            fields["client_secret"] = self._secret
        found = self._asked("POST", self._place("token_endpoint"), data=fields, auth=basic)
        token = found.get("id_token")
        if not isinstance(token, str):
            raise TrustError("The provider gave no identity token.", where=self._issuer)
        return token

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = self._decoded(token)
            rules.validate(claims)
        except (JoseError, ValueError) as error:
            raise TrustError(
                f"The provider's token does not hold ({type(error).__name__}).", where=self._issuer
            ) from None
        if claims.get("azp", self._client) != self._client:
            raise TrustError("The provider's token is for somebody else.", where=self._issuer)
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        place = self._place("jwks_uri")
        try:
            return _verified(token, self._document(place))
        except (JoseError, ValueError):  # perhaps it has new keys
            return _verified(token, self._document(place, seconds=_KEYS_SECONDS))

    def _metadata(self) -> dict[str, Any]:
        document = self._document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise TrustError("The provider says that it is somebody else.", where=self._issuer)
        return document

    def _place(self, name: str) -> str:
        place = self._metadata().get(name)
        secure = urlsplit(self._issuer).scheme == "http" or str(place).startswith("https://")
        if not isinstance(place, str) or not secure:
            raise TrustError(f"The provider names no {name} that can be trusted.", where=self._issuer)
        return place

    def _document(self, url: str, *, seconds: float = _FRESH_SECONDS) -> dict[str, Any]:
        with self._lock:
            then, document = self._known.get(url, (0.0, {}))
            if not document or then + seconds < time.monotonic():
                document = self._asked("GET", url)
                self._known[url] = time.monotonic(), document
        return document

    def _asked(self, method: str, url: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 — httpx2's
        try:
            with httpx2.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
                response = client.request(method, url, headers={"accept": "application/json"}, **given)
            document = response.json() if response.status_code == 200 and len(response.content) <= _MOST_BYTES else None
        except (httpx2.HTTPError, ValueError) as error:
            raise ExchangeError(
                f"The provider cannot be reached ({type(error).__name__}).", where=self._issuer
            ) from None
        if not isinstance(document, dict):
            raise ExchangeError(
                f"The provider answers {response.status_code}.", where=self._issuer, hint="Sign in again."
            )
        return document


def _verified(token: str, keys: Any) -> dict[str, Any]:  # noqa: ANN401 — a JWK Set, which joserfc checks
    return jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims


def _unpacked(kept: str) -> dict[str, str] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(kept))
    except ValueError:
        return None
    wanted = ("state", "nonce", "verifier", "then")
    whole = isinstance(found, dict) and all(isinstance(found.get(name), str) for name in wanted)
    return found if whole else None
