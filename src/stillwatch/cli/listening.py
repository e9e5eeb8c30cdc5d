"""What verbs that serve have in common: where they listen, what keeps strangers out, how they say that they serve."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def address(listen: str) -> tuple[str, int]:
    """Host and port of HOST:PORT or [IPv6]:PORT.

    Raises:
        ConfigError: it is neither.
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ConfigError("This is no HOST:PORT.", where=listen, hint="Such as 127.0.0.1:8080 or [::1]:8080.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def url(host: str, port: int, *, secure: bool) -> str:
    """How one reaches it from here."""
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def check_secure(
    host: str, tls_cert: Path | None, tls_key: Path | None, client_ca: Path | None = None, *, insecure_http: bool
) -> None:
    """Nothing secret crosses a network in the clear, unless somebody says that something else sees to it.

    Raises:
        ConfigError: the options do not fit together, or TLS is missing.
    """
    if bool(tls_cert) != bool(tls_key):
        raise ConfigError("A certificate and its key go together.", where="--tls-cert, --tls-key")
    if client_ca and not tls_cert:
        raise ConfigError("Client certificates need TLS.", where="--client-ca", hint="Give --tls-cert and --tls-key.")
    if not tls_cert and host not in LOOPBACK and not insecure_http:
        hint = "Give --tls-cert and --tls-key; behind a proxy that has TLS, --insecure-http."
        raise ConfigError("Without TLS, credentials would cross the network in the clear.", where=host, hint=hint)


def token(path: Path) -> str:
    """The token in a file's first line.

    Raises:
        ConfigError: the file cannot be read, or the token is short enough to be guessed.
    """
    try:
        text = path.read_text(encoding="ascii").split("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The token cannot be read ({error}).", where=str(path)) from None
    if len(text) < 16:
        raise ConfigError("The token is too short: 16 characters at least.", where=str(path))
    return text


def tell(line: str) -> None:
    """Says on standard output that it serves."""
    click.echo(line)
    sys.stdout.flush()


def tls(cert: Path | None, key: Path | None) -> "SSLContext | None":
    """TLS 1.2 or 1.3 with this certificate; None without one.

    Raises:
        ConfigError: a file cannot be used.
    """
    import ssl

    if not cert or not key:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        made.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        hint = "Certificate and key must be PEM, and belong together."
        place = f"{cert}, {key}"
        raise ConfigError(f"TLS cannot be set up ({error.strerror or error}).", where=place, hint=hint) from None
    return made
