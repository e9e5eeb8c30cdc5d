"""What an error becomes: a page that says what happened and what to do, and that keeps what was typed.

    answer = page_of(error, asked)

For htmx it is a notice above the page, which stays as it is; beside `.json` and `.csv` it is a problem document
(RFC 9457). A fault of ours names its place in the code, not its message, which might hold a piece of a log.
"""

import logging
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import ConfigError, ExchangeError, InputError, PrivacyError, StillwatchError, TrustError
from stillwatch.web.asking import Asked, Page, Problem, Stale

log = logging.getLogger(__name__)

_TITLES = {
    401: "Nobody is signed in",
    403: "This is not allowed",
    404: "There is nothing here",
    409: "It has changed meanwhile",
    413: "This is too much at a time",
    422: "This cannot be taken as it is",
    429: "Too many attempts",
    500: "A fault of stillwatch",
    503: "This cannot be done at the moment",
}
_STATUS: tuple[tuple[type[StillwatchError], int, str], ...] = (
    (TrustError, 500, "This does not hold"),
    (ExchangeError, 503, _TITLES[503]),
    (ConfigError, 503, _TITLES[503]),
    (PrivacyError, 403, _TITLES[403]),
    (InputError, 422, _TITLES[422]),
)
#: Fields that no person typed.
_UNSEEN = frozenset({"version", "then", "campaign", "event", "id", "case", "show", "way"})
_SECRET = ("csrf", "password", "secret")


@dataclass(frozen=True)
class Typed:
    """One field of the form that was sent."""

    name: str
    value: str
    unseen: bool  # sent again as it is, and not shown: no person typed it, or it is one of many boxes


@dataclass(frozen=True)
class ProblemView:
    """An error, for a person."""

    status: int
    title: str
    detail: str
    where: str
    hint: str
    now: tuple[str, ...]  # how it stands, where somebody else was first
    typed: tuple[Typed, ...]
    ticked: tuple[tuple[str, int], ...]  # how many boxes of a name were
    again: str  # where to send it again; empty: nowhere


def page_of(error: Exception, asked: Asked) -> Page:
    """The page of an error."""
    told = error if isinstance(error, StillwatchError) else _fault(error)
    status, title = _kind(told)
    keeps = asked.method == "POST" and asked.path != "/sign-in"
    typed, ticked = _typed(asked, told) if keeps else ((), ())
    view = ProblemView(
        status=status,
        title=title,
        detail=told.what,
        where=told.where or "",
        hint=told.hint or "",
        now=told.now if isinstance(told, Stale) else (),
        typed=typed,
        ticked=ticked,
        again=asked.path if keeps and status not in {403, 404} else "",
    )
    headers = (("hx-retarget", "#notices"), ("hx-reswap", "innerHTML")) if asked.part else ()
    return Page("problem.html", view.title, view, status=status, headers=headers)


def _kind(error: StillwatchError) -> tuple[int, str]:
    if isinstance(error, Problem):
        return error.status, error.title or _TITLES.get(error.status, _TITLES[500])
    found = ((status, title) for kind, status, title in _STATUS if isinstance(error, kind))
    return next(found, (503, _TITLES[503]))


def _typed(asked: Asked, error: StillwatchError) -> tuple[tuple[Typed, ...], tuple[tuple[str, int], ...]]:
    """The fields of the form, and how often those stand in it that stand there often."""
    newer = error.fields if isinstance(error, Stale) else {}
    pairs = [(name, newer.get(name, value)) for name, value in asked.form.pairs]
    kept = [(name, value) for name, value in pairs if not any(word in name.lower() for word in _SECRET)]
    many = {name: number for name, number in Counter(name for name, _ in kept).items() if number > 1}
    return tuple(Typed(name, value, name in _UNSEEN or name in many) for name, value in kept), tuple(many.items())


def _fault(error: Exception) -> Problem:
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if "stillwatch" in frame.filename), None)
    place = f"{Path(ours.filename).name}, line {ours.lineno}" if ours else "an unknown place"
    log.error("%s in %s", type(error).__name__, place, exc_info=error if log.isEnabledFor(logging.DEBUG) else None)
    hint = "Nothing of this was stored. Please report it, with this line."
    return Problem(f"{type(error).__name__} in {place}.", hint=hint)
