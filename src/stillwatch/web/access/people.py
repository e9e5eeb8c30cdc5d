"""Who may sign in, and with which role.

people = People(database)
people.add("ana", Role.ANALYST, password="…")        # without a password: signs in elsewhere
people.checked("ana", "…")                           # the person, or None
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sql
from sqlalchemy import Connection

from stillwatch.database import Database
from stillwatch.errors import InputError
from stillwatch.web.access import passwords
from stillwatch.web.access.tables import person, session
from stillwatch.web.model import Person, Role

_NAME = re.compile(r"[!-~]{1,200}")  # what no other name looks like


@dataclass(frozen=True)
class Listed:
    """One person, for whoever sees to them."""

    name: str
    role: Role
    password: bool  # False: signs in elsewhere


@dataclass(frozen=True)
class People:
    """All that may sign in."""

    database: Database

    def add(self, name: str, role: Role, *, password: str | None = None) -> Person:
        """Adds a person.

        Args:
            name: as notes, reviews and the ledger name him: ASCII without spaces, such as a login or an e-mail address.
            role: what he may.
            password: None: he signs in elsewhere (a proxy, OpenID Connect).

        Raises:
            InputError: the name is none, or taken, or the password too short.
            ExchangeError: the database cannot be used.
        """
        if not _NAME.fullmatch(name):
            hint = "ASCII letters, digits and signs without spaces, such as ana or ana@example.com."
            raise InputError("This is no name of a person.", where=name[:200], hint=hint)
        kept = passwords.hashed(password) if password is not None else None
        with self.database.writing() as connection:
            if connection.scalar(sql.select(person.c.name).where(person.c.folded == name.casefold())):
                raise InputError("There is somebody of this name.", where=name)
            row = {"name": name, "folded": name.casefold(), "role": role.word, "password": kept}
            connection.execute(person.insert().values(row))
        return Person(name, role)

    def named(self, name: str) -> Person | None:
        """The person of this name.

        Raises:
            ExchangeError: the database cannot be used.
        """
        with self.database.reading() as connection:
            row = connection.execute(sql.select(person).where(person.c.folded == name.casefold())).first()
        return Person(row.name, Role.named(row.role)) if row else None

    def checked(self, name: str, password: str) -> Person | None:
        """The person of this name, if it is his password; takes as long if there is nobody.

        Raises:
            ExchangeError: the database cannot be used.
        """
        with self.database.reading() as connection:
            row = connection.execute(sql.select(person).where(person.c.folded == name.casefold())).first()
        if not passwords.matches(row.password if row else None, password) or row is None:
            return None
        return Person(row.name, Role.named(row.role))

    def everybody(self) -> tuple[Listed, ...]:
        """All, by name.

        Raises:
            ExchangeError: the database cannot be used.
        """
        with self.database.reading() as connection:
            rows = connection.execute(sql.select(person).order_by(person.c.folded)).all()
        return tuple(Listed(row.name, Role.named(row.role), row.password is not None) for row in rows)

    def set_role(self, name: str, role: Role) -> None:
        """Gives another role, at once, also to who is signed in.

        Raises:
            InputError: there is nobody of this name.
            ExchangeError: the database cannot be used.
        """
        with self._changing(name) as connection:
            connection.execute(person.update().where(person.c.folded == name.casefold()).values(role=role.word))

    def set_password(self, name: str, password: str) -> None:
        """Gives another password; whoever is signed in under the name is no more.

        Raises:
            InputError: there is nobody of this name, or the password is too short.
            ExchangeError: the database cannot be used.
        """
        kept = passwords.hashed(password)
        with self._changing(name) as connection:
            connection.execute(person.update().where(person.c.folded == name.casefold()).values(password=kept))
            self._signed_out(connection, name)

    def remove(self, name: str) -> None:
        """Takes a person away, and signs him out; what he wrote stays under his name.

        Raises:
            InputError: there is nobody of this name.
            ExchangeError: the database cannot be used.
        """
        with self._changing(name) as connection:
            self._signed_out(connection, name)
            connection.execute(person.delete().where(person.c.folded == name.casefold()))

    @contextmanager
    def _changing(self, name: str) -> Iterator[Connection]:
        with self.database.writing() as connection:
            if not connection.scalar(sql.select(person.c.name).where(person.c.folded == name.casefold())):
                raise InputError("There is nobody of this name.", where=name, hint="`stillwatch console people list`.")
            yield connection

    @staticmethod
    def _signed_out(connection: Connection, name: str) -> None:
        whose = sql.select(person.c.name).where(person.c.folded == name.casefold()).scalar_subquery()
        connection.execute(session.delete().where(session.c.name == whose))
