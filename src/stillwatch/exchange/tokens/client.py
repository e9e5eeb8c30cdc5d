"""A member's side of the token service.

    with connect(access) as http:                                # exchange.client.connection: it tries again, waits
        client = TokenClient(http, "https://exchange.example/forum/", cache=cache, local_key=secret)
        client.tokens("address", "2026Q4", [b"203.0.113.7"])     # ["9f2c…"], 32 hexadecimal digits each

Values leave only blinded; each batch's proof is checked against the public key, and the public key against the one that
was first seen for its class and epoch: an exchange that gave members different keys would see its tokens told apart.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from stillwatch.errors import ExchangeError, PrivacyError, TrustError
from stillwatch.exchange.tokens.classes import TokenClass
from stillwatch.exchange.tokens.messages import Blinded, Evaluated, KeyDirectory
from stillwatch.exchange.tokens.prf import BATCH, ELEMENT, PRF, TOKEN_PRF
from stillwatch.signing import from_base64

TOKEN = 16  # bytes of an output that are kept: 128 bits, so that chance never makes two values meet
_MediaMessage = TypeVar("_MediaMessage", bound=BaseModel)
_JSON = {"Accept": "application/taxii+json;version=2.1", "Content-Type": "application/taxii+json;version=2.1"}


class TokenCache(Protocol):
    """Where a member remembers tokens between runs; `digest` is keyed with a secret of the member, never the value."""

    def public_key(self, klass: TokenClass, epoch: str) -> bytes | None:
        """The key first seen for a class and epoch."""

    def remember_key(self, klass: TokenClass, epoch: str, public_key: bytes) -> None:
        """Keeps the key first seen."""

    def tokens(self, klass: TokenClass, epoch: str, digests: Sequence[bytes]) -> Mapping[bytes, str]:
        """The tokens that are known, by digest (16 bytes)."""

    def remember(self, klass: TokenClass, epoch: str, tokens: Mapping[bytes, str]) -> None:
        """Keeps tokens, by digest."""


class MemoryCache:
    """A `TokenCache` for one run."""

    def __init__(self) -> None:
        self._keys: dict[tuple[TokenClass, str], bytes] = {}
        self._tokens: dict[tuple[TokenClass, str], dict[bytes, str]] = {}

    def public_key(self, klass: TokenClass, epoch: str) -> bytes | None:
        """See `TokenCache`."""
        return self._keys.get((klass, epoch))

    def remember_key(self, klass: TokenClass, epoch: str, public_key: bytes) -> None:
        """See `TokenCache`."""
        self._keys[klass, epoch] = public_key

    def tokens(self, klass: TokenClass, epoch: str, digests: Sequence[bytes]) -> Mapping[bytes, str]:
        """See `TokenCache`."""
        known = self._tokens.get((klass, epoch), {})
        return {digest: known[digest] for digest in digests if digest in known}

    def remember(self, klass: TokenClass, epoch: str, tokens: Mapping[bytes, str]) -> None:
        """See `TokenCache`."""
        self._tokens.setdefault((klass, epoch), {}).update(tokens)


class TokenClient:
    """Turns a member's values into tokens.

    Args:
        http: a client that says who asks and that tries again what passes (429, 503), as `connection.connect` makes.
        root: the URL of the API root, with a slash at the end.
        cache: what is known from before; only for this run where it is not given.
        local_key: a secret of the member, 16 to 64 bytes, under which values become the cache's digests; must be the
            same from run to run where the cache is.
        exchange_key: the exchange's Ed25519 key, if it is known: it must then have promised to log the token keys, so
            that all members are given the same.
    """

    def __init__(
        self,
        http: httpx2.Client,
        root: str,
        *,
        cache: TokenCache | None = None,
        local_key: bytes | None = None,
        exchange_key: bytes | None = None,
    ) -> None:
        self._http, self._url = http, httpx2.URL(root).join("ext/tokens/")
        self._root = httpx2.URL(root).path.strip("/").rpartition("/")[2]
        self._cache = cache if cache is not None else MemoryCache()
        self._local_key = local_key or secrets.token_bytes(32)
        self._exchange_key = exchange_key
        self._directory: KeyDirectory | None = None

    @property
    def directory(self) -> KeyDirectory:
        """The exchange's key directory.

        Raises:
            ExchangeError: the exchange makes no tokens, or answers what it should not.
            TrustError: the exchange has not promised to log these keys.
        """
        if self._directory is None:
            directory = self._answer(KeyDirectory, self._http.get(self._url, headers=_JSON))
            for epoch in directory.epochs:
                if epoch.token_prf != TOKEN_PRF:
                    raise ExchangeError("The exchange makes tokens by another function.", where=self._url.path)
                if self._exchange_key:
                    epoch.verify(self._root, self._exchange_key)
            self._directory = directory
        return self._directory

    @property
    def epochs(self) -> tuple[str, ...]:
        """The epochs in which tokens can be made now, the newest first."""
        return tuple(sorted((keys.epoch for keys in self.directory.epochs), reverse=True))

    def tokens(
        self,
        klass: TokenClass,
        epoch: str,
        values: Sequence[bytes],
        progress: Callable[[float], None] = lambda _fraction: None,
    ) -> list[str]:
        """The tokens of values in their normal form (`classes.normal`), in their order.

        Args:
            klass: what the values are.
            epoch: the epoch, `2026Q4`.
            values: of 1 to 1,024 bytes each; equal ones are asked once.
            progress: told the share that is done.

        Raises:
            PrivacyError: today's quota does not suffice; nothing was asked.
            ExchangeError: the exchange cannot be reached, or has no key for the epoch.
            TrustError: an answer was made with another key than the published one.
        """
        digests = {self._digest(klass, value): value for value in values}
        known = dict(self._cache.tokens(klass, epoch, list(digests)))
        missing = [digest for digest in digests if digest not in known]
        if missing:
            key = self._key(klass, epoch)
            self._check_quota(klass, len(missing))
            for batch in _batches(missing):
                progress(len(known) / len(digests))
                fresh = self._evaluated(klass, epoch, key, {digest: digests[digest] for digest in batch})
                self._cache.remember(klass, epoch, fresh)
                known |= fresh
            self._directory = None  # the quota has changed
        progress(1.0)
        return [known[self._digest(klass, value)] for value in values]

    def _evaluated(self, klass: TokenClass, epoch: str, key: bytes, values: Mapping[bytes, bytes]) -> dict[bytes, str]:
        asked = PRF.blind(list(values.values()))
        body = Blinded.of(asked.elements).model_dump_json()
        response = self._http.post(self._url.join(f"{klass}/{epoch}/"), content=body, headers=_JSON)
        evaluation = self._answer(Evaluated, response).evaluation
        outputs = asked.finalize(evaluation, key)
        return {digest: output[:TOKEN].hex() for digest, output in zip(values, outputs, strict=True)}

    def _key(self, klass: TokenClass, epoch: str) -> bytes:
        """The published key, which must be the one that was seen first."""
        text, first = self.directory.keys(epoch).get(klass), self._cache.public_key(klass, epoch)
        if text is None:
            hint = f"It has keys for {', '.join(self.epochs) or 'none'}; older ones are destroyed."
            raise ExchangeError(f"The exchange has no key for {klass} in {epoch}.", hint=hint)
        published = from_base64(text, length=ELEMENT)
        if first is None:
            self._cache.remember_key(klass, epoch, published)
        elif first != published:
            hint = "Tokens of before match nothing now. Ask the operator, by another way than the exchange."
            raise TrustError(f"The exchange published another key for {klass} in {epoch} than before.", hint=hint)
        return published

    def _check_quota(self, klass: TokenClass, count: int) -> None:
        quota = self.directory.quotas.get(klass)
        if quota and count > quota.left:
            hint = "It starts anew at midnight UTC; what was asked before is remembered."
            raise PrivacyError(
                f"{count:,} values of {klass} are more than today's quota has left ({quota.left:,}).", hint=hint
            )

    def _digest(self, klass: TokenClass, value: bytes) -> bytes:
        return hashlib.blake2b(value, key=self._local_key, digest_size=16, person=klass.encode()).digest()

    def _answer(self, message: type[_MediaMessage], response: httpx2.Response) -> _MediaMessage:
        if response.status_code == httpx2.codes.NOT_FOUND:
            raise ExchangeError("The exchange makes no such tokens for you.", where=response.url.path)
        if response.status_code != httpx2.codes.OK:
            raise ExchangeError(f"The exchange answers {response.status_code}.", where=response.url.path)
        try:
            return message.model_validate_json(response.content)
        except ValidationError:
            raise ExchangeError("The exchange answers what is no answer to this.", where=response.url.path) from None


def _batches(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(digests), BATCH):
        yield digests[start : start + BATCH]
