"""Secrets of members: made, kept as argon2id hashes, checked in a time that tells nothing.

    secret = new_secret()                       # shown once, kept nowhere
    store.add_member(member, hashed(secret), rights)
    credentials = Credentials(store)            # one for each process
    principal = credentials.check("ana", secret)

A hash costs tens of milliseconds, so what was right is remembered for a minute: as a keyed digest, under a key that
the process alone has. Each check still reads the member: one that was suspended, or whose secret was changed, by
whatever process, has another revision, and what was remembered no longer holds.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stillwatch.exchange.model import Principal
from stillwatch.exchange.store.store import Store

SECRET_BYTES = 32
_PREFIX = "stillwatch_"  # scanners for leaked secrets find what they can name
_LONGEST = 512  # characters of a secret that is looked at
_REMEMBERED = 10_000

# OWASP's smallest recommendation (Password Storage Cheat Sheet, argon2id): our secrets have 256 bits and need no more,
# and a flood of wrong ones costs the server little memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# What is checked where there is no such member: the time tells nobody who is one.
_NOBODY = _HASHER.hash(secrets.token_bytes(SECRET_BYTES))


def new_secret() -> str:
    """A new secret: 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def hashed(secret: str) -> str:
    """What is kept of a secret: argon2id, with its parameters and salt."""
    return _HASHER.hash(secret)


class Credentials:
    """Checks names and secrets; may be used from several threads.

    Args:
        store: where the members are.
        seconds: for how long a right secret is remembered.
        clock: gives seconds.
    """

    def __init__(self, store: Store, *, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._seconds, self._clock = store, seconds, clock
        self._key = secrets.token_bytes(32)
        self._seen: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # by digest: the revision, and until when
        self._lock = threading.Lock()

    def check(self, name: str, secret: str) -> Principal | None:
        """The member of this name with its rights; None where it is unknown, suspended or the secret is wrong.

        Raises:
            ExchangeError: the store cannot be used.
        """
        if not _storable(name):
            name = ""
        principal, digest = self._store.principal(name), self._digest(name, secret)
        if principal and self._remembers(digest, principal.member.revision):
            return principal
        if not self._matches(name, secret) or principal is None:
            return None
        self._remember(digest, principal.member.revision)
        return principal

    def _matches(self, name: str, secret: str) -> bool:
        known = self._store.secret_hash(name)
        try:
            right = _HASHER.verify(known or _NOBODY, secret[:_LONGEST].encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False
        return right and known is not None and len(secret) <= _LONGEST

    def _digest(self, name: str, secret: str) -> bytes:
        pair = f"{len(name)}:{name}:{secret}".encode("utf-8", "replace")
        return hmac.digest(self._key, pair, hashlib.sha256)

    def _remembers(self, digest: bytes, revision: int) -> bool:
        with self._lock:
            known, until = self._seen.get(digest, (-1, 0.0))
        return known == revision and self._clock() < until

    def _remember(self, digest: bytes, revision: int) -> None:
        with self._lock:
            self._seen[digest] = revision, self._clock() + self._seconds
            self._seen.move_to_end(digest)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)


def _storable(name: str) -> bool:
    return name.isprintable() and len(name) <= 250
