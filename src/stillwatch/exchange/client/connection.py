"""HTTP as a careful client does it.

    with connect(Access("https://exchange.example/taxii2/", "oauth", "acme", secret)) as http:
        http.get("https://exchange.example/forum/collections/")

Whoever is given this client gets its guards: requests go to the exchange's own host and nowhere else, so that no
redirect and no answer can lead credentials away; TLS is verified; an answer has a largest size; what passes (429, 502,
503, 504, a broken connection) is tried again, waiting longer each time, as long as `Retry-After` asks within reason.
"""

import random
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from stillwatch import __version__
from stillwatch.errors import ConfigError, ExchangeError, TrustError
from stillwatch.exchange.client.authentication import Scheme, authentication

LARGEST = 128 * 1024 * 1024  # bytes of one answer; above the 100 MiB that a TAXII server commonly takes in one POST
PASSING = frozenset({429, 502, 503, 504})
ONCE = {"once": True}  # as `extensions`: not to be repeated, for the caller has a better way to go on

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECTIONS = 3
_LONGEST_WAIT = 60.0  # seconds that a server may keep us waiting at once


@dataclass(frozen=True)
class Access:
    """Where the exchange is, and who asks there.

    Raises:
        ConfigError: the address is none, or would send a secret in the clear.
    """

    url: str  # of the discovery document or of an API root
    scheme: Scheme = "oauth"
    member: str | None = None
    secret: str | None = field(default=None, repr=False)
    token_url: str | None = None  # OAuth2's token endpoint; `/oauth/token` at the same host where it is not given
    ca_file: Path | None = None  # instead of the system's authorities
    certificate_file: Path | None = None  # ours, for mTLS
    certificate_key_file: Path | None = None
    timeout: float = 30.0  # seconds for each read
    attempts: int = 5

    def __post_init__(self) -> None:
        for url in filter(None, (self.url, self.token_url)):
            _check(url)
        if self.scheme != "mtls" and not self.secret:
            raise ConfigError("No secret is given.", where="exchange.secret_file")
        if self.scheme in {"oauth", "basic"} and not self.member:
            raise ConfigError("No member is given.", where="exchange.member")
        if self.scheme == "mtls" and not self.certificate_file:
            raise ConfigError("No client certificate is given.", where="exchange.certificate_file")


def _check(url: str) -> None:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    example = "Write one such as https://exchange.example/taxii2/."
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise ConfigError("This is no address of an exchange.", where="exchange.url", hint=example)
    if parsed.scheme == "http" and parsed.host not in _LOOPBACK:
        raise ConfigError("Without TLS the secret would be readable on its way.", where="exchange.url", hint=example)


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> httpx2.Client:
    """An HTTP client for one exchange, with all guards.

    Args:
        access: where, and as whom.
        sleep: how to wait between two attempts.

    Raises:
        ConfigError: a certificate or a key of ours cannot be read.
    """
    home = frozenset(_origin(httpx2.URL(url)) for url in (access.url, access.token_url) if url)
    url = httpx2.URL(access.url)
    proxies = {} if urllib.request.proxy_bypass(url.host) else urllib.request.getproxies()
    inner = httpx2.HTTPTransport(verify=_tls(access), proxy=proxies.get(url.scheme))
    token_url = access.token_url or str(url.join("/oauth/token"))
    auth = authentication(access.scheme, member=access.member or "", secret=access.secret or "", token_url=token_url)
    agent = {"User-Agent": f"stillwatch/{__version__}", "Accept-Encoding": "identity"}
    guard = Guard(inner, home, attempts=access.attempts, sleep=sleep)
    return httpx2.Client(transport=guard, auth=auth, headers=agent, timeout=access.timeout)


class Guard(httpx2.BaseTransport):
    """The transport beneath the client: where a request may go, how often it is tried, how large an answer may be."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        home: frozenset[tuple[str, str, int]],
        *,
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner, self._home = inner, home
        self._attempts, self._sleep = attempts, sleep

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answers a request, or fails in words.

        Raises:
            ExchangeError: it leads to another host, the answer is too large, or nobody answers after all attempts.
            TrustError: the host's certificate does not hold.
        """
        if _origin(request.url) not in self._home:
            hint = "If it is the exchange's, write its address as exchange.url."
            raise ExchangeError(
                "The exchange names another host, which is not asked.", where=_place(request.url), hint=hint
            )
        attempts = 1 if request.extensions.get("once") else self._attempts
        for attempt in range(1, attempts + 1):
            response, reason = self._tried(request)
            if response is not None and response.status_code not in PASSING:
                return self._at_home(request, response)
            if attempt < attempts:
                self._sleep(_wait(attempt, response))
        hint = "Try again later: nothing is lost, a next run goes on where this one stopped."
        raise ExchangeError(f"The exchange cannot be reached: {reason}.", where=_place(request.url), hint=hint)

    def _tried(self, request: httpx2.Request) -> tuple[httpx2.Response | None, str]:
        try:
            response = self._inner.handle_request(request)
            whole = httpx2.Response(
                response.status_code, headers=response.headers, content=self._read(request, response), request=request
            )
        except httpx2.TransportError as error:
            if _certificate(error):
                hint = "If it is signed by an authority of your own, name that as exchange.ca_file."
                raise TrustError(
                    "The host's certificate does not hold.", where=_place(request.url), hint=hint
                ) from None
            return None, type(error).__name__
        return whole, f"HTTP status {whole.status_code}"

    def _read(self, request: httpx2.Request, response: httpx2.Response) -> bytes:
        """The whole body, so that a connection that breaks within it is tried again like any other."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise ExchangeError("The answer is compressed, which was not asked for.", where=_place(request.url))
        body = bytearray()
        try:
            for part in response.stream:  # type: ignore[union-attr]
                body += part
                if len(body) > LARGEST:
                    raise TooLargeError(response.headers, where=_place(request.url))
        finally:
            response.close()
        return bytes(body)

    def _at_home(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """A redirect within the host is followed for reading; no other is."""
        if response.status_code not in _REDIRECTS:
            return response
        target = request.url.join(response.headers.get("Location", ""))
        followed: int = request.extensions.get("followed", 0)
        if request.method != "GET" or followed >= _REDIRECTIONS or _origin(target) != _origin(request.url):
            raise ExchangeError("The exchange redirects to where it is not followed.", where=_place(request.url))
        extensions = {**request.extensions, "followed": followed + 1}
        return self.handle_request(httpx2.Request("GET", target, headers=request.headers, extensions=extensions))


class TooLargeError(ExchangeError):
    """An answer over the largest size; its headers were read."""

    def __init__(self, headers: httpx2.Headers, *, where: str) -> None:
        super().__init__("The answer is larger than is taken.", where=where)
        self.headers = headers


def _tls(access: Access) -> ssl.SSLContext | bool:
    if not (access.ca_file or access.certificate_file):
        return True
    place = access.ca_file
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
        if access.certificate_file:
            place = access.certificate_file
            context.load_cert_chain(access.certificate_file, access.certificate_key_file)
    except OSError as error:  # ssl.SSLError too
        raise ConfigError(f"The certificate cannot be read ({error.strerror}).", where=str(place)) from None
    return context


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80}.get(url.scheme, 443)


def _place(url: httpx2.URL) -> str:
    """An address for a message: no query, which may hold what is not everybody's."""
    return f"{url.scheme}://{url.netloc.decode()}{url.path}"


def _wait(attempt: int, response: httpx2.Response | None) -> float:
    """How long to wait: what the server asks, else 0.5, 1, 2, 4 s with jitter, so that members do not return at once.

    Raises:
        ExchangeError: the server asks for more patience than a command line has.
    """
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    if asked.isdecimal() and len(asked) <= 9:
        if int(asked) > _LONGEST_WAIT:
            raise ExchangeError("The exchange is busy.", hint=f"It asks to come back in {int(asked)} seconds.")
        return float(asked)
    return min(2.0 ** (attempt - 2), _LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311 — no secret


def _certificate(error: BaseException | None) -> bool:
    """Whether it failed at the host's certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
