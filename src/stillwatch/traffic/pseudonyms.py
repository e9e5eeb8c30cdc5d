"""Keyed tokens in place of addresses, payment fingerprints and mail domains.

Equal values give equal tokens under one key, so that accounts can still be linked; without the key no token can be
turned back or checked against a guess. Tokens are applied as batches are decoded: the raw values live only in memory.

    key = Key.load(Path("stillwatch.key"))
    key.token("addr", "203.0.113.7:443") == key.token("addr", "203.0.113.7")

The token is keyed BLAKE2b (RFC 7693) of the value in its canonical form, 128 bits, in base 32.
"""

import base64
import hashlib
import os
import re
import secrets
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.config import Settings

KEY_BYTES = 32
_REMEMBERED = 400_000  # tokens kept in memory: about 120 MB; the addresses of a hundred million requests
_PORT = re.compile(r"^\[(?P<six>[^\]]+)\](?::\d+)?$|^(?P<four>[^:]+):\d+$")

#: The kind of each column; a client's and a sign-up address share one, so that they can be compared.
KINDS = {"client_address": "addr", "signup_address": "addr", "payment_fingerprint": "pay", "email_domain": "mail"}


def canonical_address(value: str) -> bytes:
    """The bytes of an IP address, whatever its spelling, port and zone; other text in lower case.

    Of a list as in `X-Forwarded-For` the first entry, the client, counts. An IPv4 address in IPv6 clothes
    (`::ffff:203.0.113.7`) is the IPv4 address.
    """
    text = value.split(",", 1)[0].strip().lower()
    if found := _PORT.match(text):
        text = found["six"] or found["four"]
    text = text.split("%", 1)[0]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):  # ValueError: a null character
            continue
        return packed[12:] if packed.startswith(b"\0" * 10 + b"\xff\xff") else packed
    return b"name:" + text.encode()


def canonical_domain(value: str) -> bytes:
    """A mail domain in lower case and ASCII (IDNA); the part before the @ of a full address is dropped."""
    text = value.strip().rpartition("@")[2].rstrip(".").lower()
    try:
        return text.encode("idna")
    except UnicodeError:
        return text.encode()


def canonical_text(value: str) -> bytes:
    """Anything else, without the space around it."""
    return value.strip().encode()


_CANONICAL: dict[str, Callable[[str], bytes]] = {
    "addr": canonical_address,
    "mail": canonical_domain,
    "pay": canonical_text,
}


@dataclass(frozen=True)
class Key:
    """The secret under which identifiers become tokens.

    Keep it: with another key the same address has another token, and findings of before can no longer be joined.
    """

    _secret: bytes = field(repr=False)
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[type["Key"], tuple[bytes]]:
        """Whoever is sent the key makes the tokens anew: they are not sent."""
        return Key, (self._secret,)

    @classmethod
    def ephemeral(cls) -> "Key":
        """A key for one run: its tokens mean nothing in the next."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def create(cls, path: Path) -> "Key":
        """Write a new key that only its owner can read.

        Raises:
            ConfigError: the file is there already, or cannot be written.
        """
        secret = secrets.token_bytes(KEY_BYTES)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise ConfigError(
                "A file is there already.",
                where=str(path),
                hint="It is left as it is: tokens made with another key cannot be compared.",
            ) from error
        except OSError as error:
            raise ConfigError(f"The key cannot be written ({error.strerror}).", where=str(path)) from error
        with os.fdopen(descriptor, "wb") as out:
            out.write(base64.b64encode(secret) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        return cls(secret)

    @classmethod
    def load(cls, path: Path) -> "Key":
        """Read a key that `create` wrote (base 64), or one of 32 raw bytes.

        Raises:
            ConfigError: no such file, others may read it, or it holds no key.
        """
        hint = "`stillwatch config init` makes one."
        try:
            mode, content = path.stat().st_mode, path.read_bytes()
        except OSError as error:
            raise ConfigError(f"The key cannot be read ({error.strerror}).", where=str(path), hint=hint) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("Others than its owner may use the key.", where=str(path), hint=f"chmod 600 {path}")
        secret = content if len(content) == KEY_BYTES else _decoded(content)
        if len(secret) != KEY_BYTES:
            raise ConfigError(f"A key has {KEY_BYTES} bytes, this file does not.", where=str(path), hint=hint)
        return cls(secret)

    @classmethod
    def of(cls, settings: "Settings") -> "Key":
        """The key that the settings name; without one a key for this run alone, if the settings allow it.

        Raises:
            ConfigError: a key is required, or was named, and is not there.
        """
        place = settings.config.pseudonyms.key_file
        if place.exists():
            return cls.load(place)
        named = settings.origins["pseudonyms.key_file"] not in {"default", "XDG_CONFIG_HOME"}
        if named or settings.config.pseudonyms.required:
            hint = "Make one with `stillwatch config init`."
            raise ConfigError("There is no key here, and one is required.", where=str(place), hint=hint)
        return cls.ephemeral()

    @property
    def fingerprint(self) -> str:
        """Tells one key from another, and nothing else of it."""
        return hashlib.blake2b(b"stillwatch fingerprint", key=self._secret, digest_size=8).hexdigest()

    def token(self, kind: str, value: str) -> str:
        """The token of one value.

        Args:
            kind: `addr`, `mail` or `pay`: what the value is, and the token's prefix.
            value: the raw value, in any spelling.
        """
        token = self._tokens.get((kind, value))
        if token is None:
            message = kind.encode() + b"\0" + _CANONICAL[kind](value)
            digest = hashlib.blake2b(message, key=self._secret, digest_size=16).digest()
            token = f"{kind}_{base64.b32encode(digest).decode().rstrip('=').lower()}"
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.clear()
            self._tokens[kind, value] = token
        return token


def _decoded(content: bytes) -> bytes:
    try:
        return base64.b64decode(content.strip(), validate=True)
    except ValueError:
        return b""


def pseudonymised(column: pa.Array, kind: str, key: Key) -> pa.Array:
    """A text column with each value replaced by its token; null and blank become null."""
    encoded = pc.dictionary_encode(column)
    tokens = [key.token(kind, value) if value and value.strip() else None for value in encoded.dictionary.to_pylist()]
    return pa.array(tokens, pa.string()).take(encoded.indices)
