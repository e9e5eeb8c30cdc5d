"""The words of the console: who is signed in, and what a role may do.

    Role.ANALYST >= Role.VIEWER        # a role may whatever a lesser one may
    Role.named("analyst")

What a role may is said where it is needed: `needs=` of a page, `Asked.needs` within one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal, Self

from stillwatch.errors import InputError

Source = Literal["password", "proxy", "oidc"]


class Role(IntEnum):
    """What a person may do; each role may also do what those before it may."""

    VIEWER = 1  # sees
    ANALYST = 2  # judges: reviews, notes, assigns, merges and splits
    APPROVER = 3  # answers for it: signs and lifts measures, answers appeals, approves what is shared
    OPERATOR = 4  # turns all measures off and on

    @property
    def word(self) -> str:
        """As people and the command line write it."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Self:
        """The role of this name.

        Raises:
            InputError: there is none.
        """
        try:
            return cls[word.upper()]
        except KeyError:
            names = ", ".join(role.word for role in cls)
            raise InputError("There is no such role.", where=word, hint=f"One of {names}.") from None


#: The names of the roles, as the command line offers them.
ROLES = tuple(role.word for role in Role)


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in."""

    name: str  # as notes, reviews and the ledger name him
    role: Role


@dataclass(frozen=True)
class Signed:
    """The person of a request, and the secret that its forms must bring."""

    person: Person
    source: Source  # how he showed who he is
    csrf: str  # a hidden field `csrf` of every form; htmx sends it as X-CSRF-Token
    until: datetime  # when the session ends, whatever he does
