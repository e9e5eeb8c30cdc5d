"""The exchange: what other members say, and what would go out.

    /exchange                       indicators in force, by member; what fits a case first
    /exchange/outgoing              drafts, what is approved and what was sent
    /exchange/outgoing/{draft}      one, object by object

A page shows; `stillwatch share` approves and sends, since it alone has the accounts table and the key.
"""

import shlex
from dataclasses import dataclass

from stillwatch.errors import ConfigError, TrustError
from stillwatch.exchange.client.people import People
from stillwatch.web import exchanged
from stillwatch.web.asking import Asked, NotThere, Page
from stillwatch.web.exchanged import Brought, Collection, Contents, Letter, Member
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages

pages = Pages("Exchange", "/exchange")

LISTED = 50  # on a page
_LETTERS = 100


@dataclass(frozen=True)
class IncomingView:
    """What came in.

    Attributes:
        there: whether anything was ever exchanged.
        url: of the exchange; empty: the settings name none.
        indicators: one page of those in force.
        total: how many those are.
        next: where the next page begins.
    """

    there: bool
    url: str
    members: tuple[Member, ...] = ()
    collections: tuple[Collection, ...] = ()
    indicators: tuple[Brought, ...] = ()
    total: int = 0
    next: int | None = None


@dataclass(frozen=True)
class OutgoingView:
    """What would go out, and what went."""

    there: bool
    url: str
    feedback: bool  # whether verdicts on others' indicators are told
    waiting: tuple[Letter, ...] = ()  # for another person
    approved: tuple[Letter, ...] = ()  # not sent yet
    past: tuple[Letter, ...] = ()
    more: int = 0  # older ones that are not listed


@dataclass(frozen=True)
class LetterView:
    """One document on its way out.

    Attributes:
        command: approves it, as this person; empty where he may not, and then ...
        refusal: why not.
    """

    letter: Letter
    contents: Contents
    command: str = ""
    refusal: str = ""


@pages.get("/exchange")
def incoming(asked: Asked) -> Page:
    """What others say, as far as it was read."""
    url, begin = asked.console.settings.config.exchange.url or "", asked.query.number("after", 0)
    with exchanged.opened(asked.console) as state:
        if state is None:
            return Page("incoming.html", "Exchange", IncomingView(there=False, url=url), rows=())
        found, collections = exchanged.brought(asked.console, state, asked.now), exchanged.collections(state)
    end = begin + LISTED
    view = IncomingView(
        there=True,
        url=url,
        members=exchanged.members(found),
        collections=collections,
        indicators=found[begin:end],
        total=len(found),
        next=end if end < len(found) else None,
    )
    return Page("incoming.html", "Exchange", view, rows=found)


@pages.get("/exchange/outgoing")
def outgoing(asked: Asked) -> Page:
    """What waits for a second person, what waits to be sent, and what was sent."""
    config = asked.console.settings.config.exchange
    url, feedback = config.url or "", config.feedback == "reviewed"
    with exchanged.opened(asked.console) as state:
        if state is None:
            return Page("outgoing.html", "Outgoing", OutgoingView(there=False, url=url, feedback=feedback), rows=())
        letters = exchanged.outbox(state)
    past = [each for each in letters if each.stage in {"sent", "dropped"}]
    view = OutgoingView(
        there=True,
        url=url,
        feedback=feedback,
        waiting=tuple(each for each in letters if each.stage == "drafted"),
        approved=tuple(each for each in letters if each.stage == "approved"),
        past=tuple(past[:_LETTERS]),
        more=len(past[_LETTERS:]),
    )
    return Page("outgoing.html", "Outgoing", view, rows=letters)


@pages.get("/exchange/outgoing/{draft}")
def one(asked: Asked) -> Page:
    """All that one document holds, and how it is approved."""
    name = asked.places["draft"]
    with exchanged.opened(asked.console) as state:
        if state is None:
            raise NotThere("There is no such draft: nothing was ever exchanged.", where=name[:80])
        letter, contents = exchanged.letter(state, name)
    command, refusal = _approval(asked, letter) if letter.stage == "drafted" else ("", "")
    return Page("letter.html", f"Outgoing {letter.id}", LetterView(letter, contents, command, refusal))


def _approval(asked: Asked, letter: Letter) -> tuple[str, str]:
    """The command by which this person approves, or why he may not."""
    config, person = asked.console.settings.config.exchange, asked.person
    if not asked.may(Role.APPROVER):
        return "", f"Approving needs the role {Role.APPROVER.word}."
    try:
        people = People(frozenset(config.publishers), frozenset(config.approvers))
        people.check_approver(person.name, letter.drafted_by)
    except (TrustError, ConfigError) as error:
        return "", " ".join(filter(None, [error.what, error.hint]))
    return f"stillwatch share --approve {shlex.quote(letter.id)} --as {shlex.quote(person.name)}", ""
