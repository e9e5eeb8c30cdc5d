"""The connection: HTTPS, and the client's certificate for whoever comes by it (TAXII 2.1, sections 8.2 and 8.3.1)."""

import hashlib
import json
import ssl
from pathlib import Path
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stillwatch.errors import ConfigError
from stillwatch.exchange.server.auth import FINGERPRINT
from stillwatch.exchange.server.errors import MEDIA_TYPE

LONGEST_HEAD = 64 * 1024  # bytes of a request's line and headers

# forward secrecy and authenticated encryption only: none of appendix A of RFC 7540
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or 1.3, without early data; a client may show a certificate of the given authorities.

    Raises:
        ConfigError: a file cannot be used.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    made.options |= ssl.OP_NO_RENEGOTIATION
    try:
        made.load_cert_chain(certificate, key)
        if client_ca:
            made.load_verify_locations(client_ca)
            made.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        place = ", ".join(str(path) for path in (certificate, key, client_ca) if path)
        hint = "Certificate and key must be PEM, and belong together."
        raise ConfigError(f"TLS cannot be set up ({error.strerror or error}).", where=place, hint=hint) from None
    return made


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, which tells the application the fingerprint of the client's certificate.

    What is no HTTP at all never reaches the application; it too is answered with a TAXII error message.
    """

    _fingerprint: str | None = None
    _head = 0  # bytes of the request's head so far

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 — asyncio's transport, of any kind
        """Takes the certificate that TLS has verified, once for each connection."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True) if connection else None
        self._fingerprint = hashlib.sha256(certificate).hexdigest() if certificate else None

    def on_message_begin(self) -> None:
        """Puts it into the scope of each request; nobody can put it there by a header."""
        super().on_message_begin()
        self._head = 0
        if self._fingerprint:
            self.scope[FINGERPRINT] = self._fingerprint  # type: ignore[literal-required]

    def on_url(self, url: bytes) -> None:
        """Counts the head of a request."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts the head of a request."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LONGEST_HEAD:
            raise ValueError  # the parser gives up: `send_400_response`

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP."""
        message = {"title": "Malformed request", "description": msg, "error_id": "e-http", "http_status": "400"}
        body = json.dumps(message).encode()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()
