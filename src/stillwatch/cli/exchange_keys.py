"""Files with what a member proves itself by: its certificate, its public key."""

import base64
import binascii
import hashlib
from pathlib import Path

from stillwatch.errors import ConfigError


def fingerprint(path: Path) -> str:
    """The SHA-256 of a certificate, in hexadecimal digits: what a member with mTLS is known by.

    Raises:
        ConfigError: there is none in the file.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The certificate cannot be read ({error.strerror}).", where=str(path)) from None
    except ValueError:
        raise ConfigError("This is no certificate in PEM.", where=str(path)) from None
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def public_key(path: Path) -> bytes:
    """An Ed25519 public key, 32 bytes.

    Raises:
        ConfigError: there is none in the file.
    """
    from stillwatch.errors import TrustError
    from stillwatch.signing import check_public

    try:
        public = _raw(path.read_bytes())
        check_public(public)
    except OSError as error:
        raise ConfigError(f"The public key cannot be read ({error.strerror}).", where=str(path)) from None
    except (ValueError, TrustError):
        hint = "`openssl pkey -in KEY -pubout` writes it; the private key stays with the member."
        raise ConfigError("This is no Ed25519 public key.", where=str(path), hint=hint) from None
    return public


def _raw(content: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"-----" not in content:
        try:
            return base64.b64decode(content.strip(), validate=True)
        except binascii.Error:
            raise ValueError from None
    key = load_pem_public_key(content)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError  # noqa: TRY004 — a key of another kind, not of another type
    return key.public_bytes_raw()
