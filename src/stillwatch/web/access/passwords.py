"""Passwords of people: argon2id, checked in a time that tells nothing, a few at a time.

kept = hashed("correct horse battery staple")
matches(kept, "correct horse battery staple")
"""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stillwatch.errors import InputError
from stillwatch.web.asking import TooMany

SHORTEST, LONGEST = 15, 512  # characters; NIST SP 800-63B-4 asks for 15 where there is no second factor

# RFC 9106's second recommendation, with one lane: people choose passwords, and sign in once a day.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_bytes(32))  # checked where there is no such person
_AT_ONCE = threading.BoundedSemaphore(2)  # 64 MiB each: a flood of attempts takes no more
_WAITING = threading.BoundedSemaphore(8)  # nor the threads that answer everybody else


def hashed(password: str) -> str:
    """What is kept of a password.

    Raises:
        InputError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"A password has {SHORTEST} to {LONGEST} characters.", hint="Several words are easy to keep.")
    return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the password; as slow where there is none.

    Raises:
        TooMany: too many passwords are being checked.
    """
    if not _WAITING.acquire(blocking=False):
        raise TooMany("Too many people sign in just now.", hint="Try again in a moment.")
    try:
        with _AT_ONCE:
            right = _HASHER.verify(kept or _NOBODY, password[:LONGEST].encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _WAITING.release()
    return right and kept is not None and len(password) <= LONGEST
