"""A request, as a page sees it; what a page may answer; problems that are pages of their own.

    def note(asked: Asked) -> Answer:
        text = asked.form.needed("text")               # Invalid names the field; what was typed is kept
        ...
        return Redirect(f"/cases/{case.id}")           # after a change, so that reloading does not repeat it

A page raises a `Problem`, or any other StillwatchError, where it cannot answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from stillwatch.errors import StillwatchError
from stillwatch.web.model import Person, Role, Signed

if TYPE_CHECKING:
    from stillwatch.web.console import Console

Suffix = Literal["", "json", "csv"]
Headers = tuple[tuple[str, str], ...]
_LONGEST = 20_000  # characters of one field: a note, a reason


class Problem(StillwatchError):  # noqa: N818 — the word of RFC 9457
    """What a person is told on a page of its own, with the status that fits."""

    status = 500
    title = ""  # empty: what the status says


class Invalid(Problem):
    """What was typed cannot be taken: a field is missing, a word of a search is unknown."""

    status = 422


class NotThere(Problem):
    """There is nothing of this name, or nothing any more."""

    status = 404


class NotAllowed(Problem):
    """This person may not do this."""

    status = 403


class NotSignedIn(Problem):
    """Nobody is signed in, or the session has ended."""

    status = 401


class Stale(Problem):
    """Somebody else changed it meanwhile; both are shown, and what was typed is kept.

    Args:
        what: what happened.
        now: how it stands now, one line each.
        fields: fields of the form that sending it again needs anew: `{"version": "7"}`.
        hint: what to do next.
    """

    status = 409

    def __init__(
        self, what: str, *, now: Sequence[str] = (), fields: Mapping[str, str] | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what, hint=hint or "Look at how it stands now, and send yours again if it still holds.")
        self.now, self.fields = tuple(now), dict(fields or {})


class Outdated(Problem):
    """A form of an earlier session; what was typed is shown, to be sent once more."""

    status = 409
    title = "Once more, please"


class TooLarge(Problem):
    """More was sent than a form may hold."""

    status = 413


class TooMany(Problem):
    """Too many attempts; it can be tried again later."""

    status = 429


@dataclass(frozen=True)
class Form:
    """The fields of a form, or of an address: names may occur several times."""

    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The last value of this name, without white space around it."""
        return next((value.strip() for key, value in reversed(self.pairs) if key == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """All values of this name, such as of boxes that were ticked."""
        return tuple(value for key, value in self.pairs if key == name)

    def needed(self, name: str, label: str | None = None) -> str:
        """A value that must be there.

        Raises:
            Invalid: it is empty or too long.
        """
        value = self.get(name)
        if not value:
            raise Invalid("This field is needed.", where=label or name)
        if len(value) > _LONGEST:
            raise Invalid(f"This is too long: {_LONGEST:,} characters at most.", where=label or name)
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number of at most 18 digits, such as a version.

        Raises:
            Invalid: it is none, or missing where there is no default.
        """
        text = self.get(name)
        if not text and default is not None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise Invalid("This is no number.", where=name)
        return int(text)


@dataclass(frozen=True)
class Asked:
    """A request, read and checked: whoever it is from may see the page, and a form of his is his own."""

    console: "Console"
    signed: Signed | None  # None only on pages that anybody may see
    now: datetime
    path: str  # as it stands in an address, without the suffix
    method: str = "GET"
    suffix: Suffix = ""
    places: Mapping[str, str] = field(default_factory=dict)  # what stands in the path: {case} of /cases/{case}
    query: Form = Form()
    form: Form = Form()
    cookies: Mapping[str, str] = field(default_factory=dict)
    part: str = ""  # the id of the element that htmx fills; empty for a whole page
    address: str = ""  # the peer's, or the client's as a trusted proxy tells it

    @property
    def person(self) -> Person:
        """Who asks, on a page that needs somebody.

        Raises:
            NotSignedIn: nobody does.
        """
        if self.signed is None:
            raise NotSignedIn("Nobody is signed in.", hint="Sign in.")
        return self.signed.person

    def may(self, role: Role) -> bool:
        """Whether the person may do what needs this role: what he may not is not offered."""
        return self.signed is not None and self.signed.person.role >= role

    def needs(self, role: Role) -> None:
        """Ends here for whoever may not.

        Raises:
            NotAllowed: the person's role is less.
        """
        if not self.may(role):
            mine = self.person.role.word
            hint = f"You are {mine}; an operator of the console can change that."
            raise NotAllowed(f"This needs the role {role.word}.", hint=hint)


@dataclass(frozen=True)
class Page:
    """What a page's function returns."""

    template: str  # of templates/; extends base.html
    title: str
    view: object  # a frozen dataclass; also the whole of the .json
    rows: Iterable[object] | None = None  # frozen dataclasses, flat; the .csv, met once; None: there is none
    status: int = 200
    headers: Headers = ()


@dataclass(frozen=True)
class Redirect:
    """On to another page, with GET."""

    to: str  # a path of the console
    headers: Headers = ()


@dataclass(frozen=True)
class Download:
    """A file, as it is."""

    content: bytes
    media: str
    name: str


Answer = Page | Redirect | Download
