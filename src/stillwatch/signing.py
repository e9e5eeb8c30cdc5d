"""Detached signatures: Ed25519 (RFC 8032) over canonical JSON (RFC 8785).

A signature stands beside the object, never in it, so that an object stays what its publisher wrote. Any Ed25519 tool
checks one: `openssl pkeyutl -verify -rawin` over what `canonical` writes.

    key = SigningKey.load(Path("member.pem"))
    signature = sign(key, indicator)                  # 64 bytes
    verify(key.public, indicator, signature)          # raises TrustError where it does not hold
"""

import base64
import binascii
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from stillwatch.errors import ConfigError, TrustError

PUBLIC_BYTES, SIGNATURE_BYTES = 32, 64

#: Keys under which one signature holds for many messages (points of small order, and their second spellings): whoever
#: signs with such a key has signed nothing. The list is libsodium's, without the bit of the sign.
_SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)

# What Python's encoder writes as RFC 8785 does: everything in ASCII (so that keys sort alike) but whole or very large
# and very small floats, and integers that a double may not hold. A number within a text may match too: that costs only
# time. Seven times as fast as the library, which has the last word wherever this matches.
_PLAIN = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_NOT_PLAIN = re.compile(r"[\[:,]-?(?:\d+\.0[,}\]]|[\d.]+e[+-]\d|\d{16})")


def canonical(value: object) -> bytes:
    """The canonical JSON (RFC 8785) of what JSON can say.

    Raises:
        TrustError: it has no canonical form, or one that would be read back as something else: a whole number that a
            double does not hold exactly, a broken surrogate, a name that is no text, nesting without end.
    """
    try:
        if isinstance(value, dict | list):
            text = _PLAIN.encode(value)
            if text.isascii() and not _NOT_PLAIN.search(text):
                return text.encode()
        form = rfc8785.dumps(value)  # type: ignore[arg-type]  # what is no JSON raises
        rfc8785.dumps(json.loads(form))  # the double 2^60 is written as an integer, and no integer may be so large
    except (ValueError, TypeError, RecursionError) as error:
        hint = "Write whole numbers within ±(2^53 - 1), and text as UTF-8."
        raise TrustError("It has no canonical form (RFC 8785).", hint=hint) from error
    return form


def key_id(public: bytes) -> str:
    """The short name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key. In a file it is PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it."""

    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key, in memory only."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a key that `save` or openssl wrote.

        Raises:
            ConfigError: no such file, others than its owner may read it, or it holds no Ed25519 key.
        """
        try:
            mode, content = path.stat().st_mode, path.read_bytes()
        except OSError as error:
            raise ConfigError(f"The signing key cannot be read ({error.strerror}).", where=str(path)) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("Others than its owner may use the key.", where=str(path), hint=f"chmod 600 {path}")
        try:
            private = load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if not isinstance(private, Ed25519PrivateKey):
            hint = "It must be Ed25519 in PEM (PKCS #8), without a password."
            raise ConfigError("The file holds no signing key.", where=str(path), hint=hint) from None
        return cls(private)

    def save(self, path: Path) -> None:
        """Writes the key into a new file that only its owner can read.

        Raises:
            ConfigError: a file is there already, or it cannot be written.
        """
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            hint = "It is left as it is: what was signed with it is known by it."
            raise ConfigError("A file is there already.", where=str(path), hint=hint) from error
        except OSError as error:
            raise ConfigError(f"The key cannot be written ({error.strerror}).", where=str(path)) from error

    @cached_property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @cached_property
    def key_id(self) -> str:
        """The short name of the public key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """The signature of bytes as they are: 64 bytes."""
        return self._private.sign(message)

    def secret(self, purpose: str) -> bytes:
        """32 bytes that only the owner of the key can make again, different for each purpose."""
        return hashlib.sha256(f"stillwatch {purpose}\0".encode() + self._private.private_bytes_raw()).digest()


def sign(key: SigningKey, value: object) -> bytes:
    """The detached signature of a JSON value: 64 bytes.

    Raises:
        TrustError: the value has no canonical form.
    """
    return key.sign(canonical(value))


def verify(public: bytes, value: object, signature: bytes) -> None:
    """Checks the detached signature of a JSON value.

    Raises:
        TrustError: it does not hold.
    """
    verify_bytes(public, canonical(value), signature)


def verify_bytes(public: bytes, message: bytes, signature: bytes) -> None:
    """Checks the signature of bytes as they are.

    Raises:
        TrustError: it does not hold, or the key is none.
    """
    try:
        _public_key(public).verify(signature, message)
    except InvalidSignature:
        raise TrustError(f"The signature is not by the key {key_id(public)}, or what it signs was changed.") from None


def check_public(public: bytes) -> None:
    """Checks that a key can stand for somebody.

    Raises:
        TrustError: it has not 32 bytes, or is one of small order: a signature by such a key would hold for anything.
    """
    _public_key(public)


def from_base64(text: object, *, length: int | None = None) -> bytes:
    """The bytes of standard base 64 (RFC 4648, section 4), in its one spelling.

    Raises:
        TrustError: it is something else, or has not the length.
    """
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if not isinstance(text, str) or to_base64(raw) != text or (length is not None and len(raw) != length):
        of_length = f" of {length} bytes" if length is not None else ""
        raise TrustError(f"It is no base 64{of_length}.")
    return raw


def to_base64(raw: bytes) -> str:
    """Bytes as standard base 64."""
    return base64.b64encode(raw).decode()


@lru_cache(maxsize=1024)
def _public_key(public: bytes) -> Ed25519PublicKey:
    if len(public) != PUBLIC_BYTES or public[:-1] + bytes([public[-1] & 0x7F]) in _SMALL_ORDER:
        raise TrustError("It is no Ed25519 public key that could stand for somebody.")
    try:
        return Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        raise TrustError("It is no Ed25519 public key.") from None
