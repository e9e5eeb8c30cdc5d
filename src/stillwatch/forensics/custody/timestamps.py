"""That somebody else saw these bytes at that time: time-stamps of RFC 3161.

    query = request(content)                         # send it to an authority, as application/timestamp-query
    at = stamped(answer, content, authority)         # its answer; raises TrustError where it does not hold

Nothing is sent here: `curl --data-binary @commitments.tsq -H 'Content-Type: application/timestamp-query' URL` asks any
authority, and `openssl ts -verify -data FILE -in FILE.tsr -CAfile authority.pem` checks the same answer.
"""

from datetime import datetime

from cryptography.x509 import Certificate, load_pem_x509_certificates

from stillwatch.errors import ConfigError, TrustError

try:
    from rfc3161_client import (
        HashAlgorithm,
        TimestampRequestBuilder,
        VerificationError,
        VerifierBuilder,
        decode_timestamp_response,
    )
except ModuleNotFoundError as missing:
    _HINT = "Install it: pip install 'stillwatch[forensics]'."
    raise ConfigError(f"Time-stamps need {missing.name}.", hint=_HINT) from None


def request(content: bytes) -> bytes:
    """What an authority is asked: a DER TimeStampReq over the SHA-256 of these bytes."""
    return TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()


def stamped(answer: bytes, content: bytes, authority: bytes) -> datetime:
    """When the authority saw these bytes.

    Args:
        answer: a DER TimeStampResp.
        content: the bytes that it is about.
        authority: PEM certificates that are trusted: the authority's root, and those between.

    Raises:
        TrustError: the answer is not by this authority, or about other bytes.
        ConfigError: no certificates.
    """
    builder = VerifierBuilder()
    for certificate in certificates(authority):
        builder = builder.add_root_certificate(certificate)
    try:
        response = decode_timestamp_response(answer)
    except ValueError as error:
        hint = "It must be the DER answer of an authority, its certificates in the order that DER prescribes."
        raise TrustError("The time-stamp cannot be read.", hint=hint) from error
    try:
        builder.build().verify_message(response, content)
    except (VerificationError, ValueError) as error:
        raise TrustError("The time-stamp does not hold: it is about other bytes, or by another authority.") from error
    return response.tst_info.gen_time


def certificates(authority: bytes) -> list[Certificate]:
    """The certificates of a PEM file.

    Raises:
        ConfigError: there are none.
    """
    try:
        return load_pem_x509_certificates(authority)
    except ValueError:
        raise ConfigError("The authority's file holds no certificate in PEM.") from None
