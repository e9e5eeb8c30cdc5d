"""Who is signed in: a random cookie, of which the database keeps a digest.

    token = sessions.begun(person, "password", now)     # for the cookie; kept nowhere
    sessions.found(token, now)                          # Signed, or None once it has ended
    sessions.ended(token)

A session ends when it was idle for too long, at its last moment whatever happens, and with its person. A new one is
begun at each sign-in, so that a cookie from before it is worth nothing.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError

from stillwatch.database import Database
from stillwatch.web.access.tables import person, session
from stillwatch.web.model import Person, Role, Signed, Source

_BYTES = 32
_SEEN_SECONDS = 60  # how exactly idleness is known: one write a minute and person, not one a request


@dataclass(frozen=True)
class Sessions:
    """All that are signed in."""

    database: Database
    idle: timedelta
    longest: timedelta

    def begun(self, who: Person, source: Source, now: datetime) -> str:
        """Begins a session, and forgets those that have ended.

        Raises:
            ExchangeError: the database cannot be used.
        """
        token, moment = secrets.token_urlsafe(_BYTES), _seconds(now)
        until = _seconds(now + self.longest)
        row = {"digest": _digest(token), "name": who.name, "source": source, "seen": moment, "until": until}
        with self.database.writing() as connection:
            connection.execute(session.delete().where(session.c.until < moment))
            connection.execute(session.insert().values(row))
        return token

    def found(self, token: str, now: datetime) -> Signed | None:
        """Whoever the cookie is of, with the role that he has by now.

        Raises:
            ExchangeError: the database cannot be used.
        """
        moment, digest = _seconds(now), _digest(token)
        wanted = sql.select(session, person.c.role).join(person, person.c.name == session.c.name)
        with self.database.reading() as connection:
            row = connection.execute(wanted.where(session.c.digest == digest)).first()
        if row is None or row.until <= moment or row.seen + self.idle.total_seconds() <= moment:
            return None
        if row.seen + _SEEN_SECONDS <= moment:
            self._seen(digest, moment)
        until = datetime.fromtimestamp(row.until, UTC)
        return Signed(Person(row.name, Role.named(row.role)), row.source, _csrf(token), until)

    def _seen(self, digest: bytes, moment: int) -> None:
        """Remembers that he was here, if nobody else writes just now: no page waits for that."""
        engine = self.database.engine
        sqlite = engine.dialect.name == "sqlite"
        with suppress(SQLAlchemyError), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() if sqlite else 0
            try:
                if sqlite:
                    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
                connection.execute(session.update().where(session.c.digest == digest).values(seen=moment))
            finally:
                if sqlite:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {waits}")

    def ended(self, token: str) -> None:
        """Ends a session; one that is not there has ended.

        Raises:
            ExchangeError: the database cannot be used.
        """
        with self.database.writing() as connection:
            connection.execute(session.delete().where(session.c.digest == _digest(token)))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _csrf(token: str) -> str:
    """What forms bring: from the cookie, which other sites do not know, and nothing that leads back to it."""
    return hmac.digest(token.encode("utf-8", "replace"), b"csrf", hashlib.sha256).hex()


def _seconds(time: datetime) -> int:
    return int(time.timestamp())
