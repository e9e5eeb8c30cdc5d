"""JSON by HTTP to one address, as webhooks and collectors take it."""

from typing import TYPE_CHECKING

from stillwatch import __version__
from stillwatch.errors import ConfigError
from stillwatch.watch.notify.channel import TIMEOUT_SECONDS, NotTakenError

if TYPE_CHECKING:
    import httpx2

REFUSED = frozenset({400, 413, 422})  # about what was sent; any other answer may change when somebody mends the address
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LARGEST = 65_536  # bytes of an answer that are looked at


class Posting:
    """An address that takes JSON.

    Args:
        setting: the setting that holds the address; errors name it, for the address itself may be a secret.
        url: http or https.
        secret: the address must not be read on its way: no http, save to this machine.

    Raises:
        ConfigError: it is no such address, or httpx2 is not installed.
    """

    def __init__(self, setting: str, url: str, *, secret: bool) -> None:
        try:
            import httpx2  # noqa: PLC0415 — the extra may be missing
        except ModuleNotFoundError:
            hint = "Install it: pip install 'stillwatch[gateway]'."
            raise ConfigError("Notices by HTTP need httpx2.", where=setting, hint=hint) from None
        self._url = _address(setting, url, secret=secret)
        agent = {"User-Agent": f"stillwatch/{__version__}", "Accept-Encoding": "identity"}
        agent["Content-Type"] = "application/json"
        self._client = httpx2.Client(headers=agent, timeout=TIMEOUT_SECONDS, follow_redirects=False)
        self._failure = httpx2.RequestError

    def post(self, body: str) -> bytes:
        """Posts; returns the beginning of the answer.

        Raises:
            NotTakenError: nobody answered, or not with success.
        """
        try:
            with self._client.stream("POST", self._url, content=body.encode()) as response:
                if not response.is_success:
                    refused = response.status_code in REFUSED
                    raise NotTakenError(f"status {response.status_code}", refused=refused, wait=_asked(response))
                return _beginning(response)
        except self._failure as error:
            raise NotTakenError(type(error).__name__) from None

    def close(self) -> None:
        """Closes connections."""
        self._client.close()


def _address(setting: str, url: str, *, secret: bool) -> "httpx2.URL":
    import httpx2  # noqa: PLC0415

    hint = "Write one such as https://host.example/path."
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ConfigError("This is no address of a receiver.", where=setting, hint=hint)
    if secret and parsed.scheme == "http" and parsed.host not in _LOOPBACK:
        raise ConfigError("Without TLS the address, which is a secret, could be read.", where=setting, hint=hint)
    return parsed


def _asked(response: "httpx2.Response") -> float:
    """Seconds that the receiver asks us to wait; a date, or nonsense, asks nothing."""
    after = response.headers.get("retry-after", "")
    return float(after) if after.isdecimal() and len(after) < 10 else 0.0


def _beginning(response: "httpx2.Response") -> bytes:
    begun = b""
    for piece in response.iter_raw():
        begun += piece
        if len(begun) > _LARGEST:
            break
    return begun[:_LARGEST]
