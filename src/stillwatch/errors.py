"""Every error that a user may see: what happened, where, and what to do next.

Programmers' mistakes stay built-in exceptions. A bad *row* is no exception: it goes to the rejects (`traffic.rejects`).
The command line prints `str(error)` and leaves with `error.exit_code`.

    except ValidationError as error:
        first = mistakes(error)[0]          # of what pydantic says, only what users may see
        raise InputError(f"{first.place}: {first.says}.", where=path) from None
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError  # this module is the first that is loaded, and stays quick


class StillwatchError(Exception):
    """The root of all that users see.

    Args:
        what: what went wrong, one sentence.
        where: the file, setting or column that it is about, if there is one.
        hint: what to do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        """One line: `where: what. hint`."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" {self.hint}" if self.hint else "")


class InputError(StillwatchError):
    """A log, an accounts table or a findings file that cannot be used."""

    exit_code = 1


class ConfigError(StillwatchError):
    """A setting, an option or a key that is missing or wrong."""

    exit_code = 2


class PrivacyError(StillwatchError):
    """What was asked would show more than it may."""

    exit_code = 4


class ExchangeError(StillwatchError):
    """The exchange or a member cannot be reached, or answers what it should not; trying again may help."""

    exit_code = 3


class TrustError(ExchangeError):
    """A signature, a membership or a marking does not hold. Trying again does not help, and nothing tries."""

    exit_code = 4


class Mistake(NamedTuple):
    """One thing that pydantic found wrong, without what was given: that may be a secret, or a prompt.

    Attributes:
        path: the keys that lead there; none: it is about the whole.
        kind: pydantic's name for it: `extra_forbidden`.
        says: in a sentence without its full stop.
    """

    path: tuple[int | str, ...]
    kind: str
    says: str

    @property
    def place(self) -> str:
        """The keys in one word: `rules.2.then`."""
        return ".".join(map(str, self.path))


def mistakes(error: "ValidationError") -> list[Mistake]:
    """All that pydantic found wrong, in its order; one at least."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [Mistake(each["loc"], each["type"], each["msg"].removeprefix("Value error, ")) for each in found]


class EngineError(StillwatchError):
    """Where it runs failed: a cluster, its disks, one of its workers. The same command may do better on another day."""

    exit_code = 1
