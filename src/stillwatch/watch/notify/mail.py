"""News by e-mail, through a mail server that needs no password: that of this machine, or of this network.

TLS is used where the server offers it, and its certificate is checked, save on this machine itself.
"""

import email
import email.policy
import smtplib
import ssl
from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from stillwatch.errors import ConfigError
from stillwatch.watch.notify.channel import TIMEOUT_SECONDS, NotTakenError
from stillwatch.watch.notify.news import News, headline, story

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Mail:
    """The channel of `watch.mail_to`.

    Raises:
        ConfigError: an address, or the server's, cannot be read.
    """

    name = "mail"

    def __init__(self, server: str, *, sender: str, to: Iterable[str]) -> None:
        self._host, self._port = _place(server)
        self._sender, self._to = _mailbox("watch.mail_from", sender), [_mailbox("watch.mail_to", each) for each in to]

    def write(self, news: News) -> Iterable[str]:
        """One message to all; its id stays the same however often it is sent."""
        if news.for_people:
            message = EmailMessage(policy=email.policy.SMTP)
            message["Subject"] = headline(news)
            message["From"], message["To"] = self._sender, ", ".join(self._to)
            message["Date"] = formatdate()
            message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
            message.set_content("\n\n".join(story(news)) + "\n")
            yield message.as_string()

    def send(self, notice: str) -> None:
        """Hand it to the mail server."""
        message = email.message_from_string(notice, policy=email.policy.SMTP)
        try:
            with smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS) as server:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=self._tls())
                server.send_message(message, self._sender, self._to)
        except smtplib.SMTPDataError as error:
            raise NotTakenError(f"answer {error.smtp_code}", refused=error.smtp_code >= 500) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotTakenError(type(error).__name__) from None

    def close(self) -> None:
        """Every message has a connection of its own."""

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._host in _LOOPBACK:  # nobody stands between, and nobody has a certificate for "localhost"
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def _place(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65_536 or not host:
        raise ConfigError("This is no mail server.", where="watch.smtp", hint="Write HOST:PORT, such as localhost:25.")
    return host.strip("[]"), int(port)


def _mailbox(setting: str, address: str) -> str:
    """An address alone: no name beside it, nothing that would begin another header."""
    parsed = parseaddr(address)[1]
    if parsed != address or "@" not in address or any(c.isspace() for c in address):
        raise ConfigError("This is no e-mail address.", where=setting, hint="Write one such as abuse@example.com.")
    return address
