"""The exchange: what other members say, and what would go out.

    /exchange                       indicators in force, by member; what fits a case first
    /exchange/outgoing              drafts, what is approved and what was sent
    /exchange/outgoing/{draft}      one, object by object
    /exchange/outgoing/{draft}/approve, /refuse      POST: the second person's word, as by `stillwatch share`

What is approved is made anew from the files of the draft, signed and sent at once; where the exchange is away, the next
`stillwatch sync` sends it.
"""

from dataclasses import dataclass

from stillwatch.errors import ConfigError, TrustError
from stillwatch.reports.sharing import people
from stillwatch.web import exchanged, incoming
from stillwatch.web.addresses import segment
from stillwatch.web.asking import Asked, NotThere, Page, Redirect
from stillwatch.web.casework import letters
from stillwatch.web.exchanged import Contents, Letter
from stillwatch.web.incoming import Brought, Collection, Member
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages

pages = Pages("Exchange", "/exchange")

LISTED = 50  # on a page
_LETTERS = 100
_EXPORTED = 500  # at a time for .csv


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
        refusal: why this person may not approve it; empty: he may, or nobody is asked.
        refusable: whether he may keep it from being sent.
    """

    letter: Letter
    contents: Contents
    refusal: str = ""
    refusable: bool = False


@pages.get("/exchange")
def brought(asked: Asked) -> Page:
    """What others say, as far as it was read."""
    url, begin = asked.console.settings.config.exchange.url or "", asked.query.number("after", 0)
    held = incoming.read(asked.console)
    if held is None:
        return Page("incoming.html", "Exchange", IncomingView(there=False, url=url), rows=())
    found = incoming.in_force(asked.console, held, asked.now)
    end, total = begin + LISTED, len(found.indicators)
    view = IncomingView(
        there=True,
        url=url,
        members=incoming.members(found),
        collections=held.collections,
        indicators=tuple(incoming.with_cases(asked.console, found.indicators[begin:end])),
        total=total,
        next=end if end < total else None,
    )
    pieces = (found.indicators[at : at + _EXPORTED] for at in range(0, total, _EXPORTED))
    rows = (each for piece in pieces for each in incoming.with_cases(asked.console, piece))
    return Page("incoming.html", "Exchange", view, rows=rows)


@pages.get("/exchange/outgoing")
def outgoing(asked: Asked) -> Page:
    """What waits for a second person, what waits to be sent, and what was sent."""
    config = asked.console.settings.config.exchange
    url, feedback = config.url or "", config.feedback == "reviewed"
    with exchanged.opened(asked.console) as state:
        if state is None:
            return Page("outgoing.html", "Outgoing", OutgoingView(there=False, url=url, feedback=feedback), rows=())
        documents = exchanged.outbox(state)
    past = [each for each in documents if each.stage in {"sent", "dropped"}]
    view = OutgoingView(
        there=True,
        url=url,
        feedback=feedback,
        waiting=tuple(each for each in documents if each.stage == "drafted"),
        approved=tuple(each for each in documents if each.stage == "approved"),
        past=tuple(past[:_LETTERS]),
        more=len(past[_LETTERS:]),
    )
    return Page("outgoing.html", "Outgoing", view, rows=documents)


@pages.get("/exchange/outgoing/{draft}")
def one(asked: Asked) -> Page:
    """All that one document holds, and how it is approved."""
    name = asked.places["draft"]
    with exchanged.opened(asked.console) as state:
        if state is None:
            raise NotThere("There is no such draft: nothing was ever exchanged.", where=name[:80])
        letter, contents = exchanged.letter(state, name)
    waits = letter.stage == "drafted"
    view = LetterView(letter, contents, _refusal(asked, letter) if waits else "", waits and _refusable(asked))
    return Page("letter.html", f"Outgoing {letter.id}", view)


@pages.post("/exchange/outgoing/{draft}/approve", needs=Role.APPROVER)
def approve(asked: Asked) -> Redirect:
    """The second person says so, too: it leaves."""
    name = asked.places["draft"]
    letters.approve(asked.console, name, asked.person, asked.now)
    return Redirect(_at(name))


@pages.post("/exchange/outgoing/{draft}/refuse")
def refuse(asked: Asked) -> Redirect:
    """The second person does not, or the first thought better of it: nothing of it leaves."""
    name, why = asked.places["draft"], asked.form.needed("reason", "Why")
    letters.refuse(asked.console, name, why, asked.person, asked.now)
    return Redirect(_at(name))


def _at(name: str) -> str:
    return f"/exchange/outgoing/{segment(name)}"


def _refusal(asked: Asked, letter: Letter) -> str:
    """Why this person may not approve it; empty: he may."""
    if not asked.may(Role.APPROVER):
        return f"Approving needs the role {Role.APPROVER.word}."
    try:
        people(asked.console.settings.config.exchange).check_approver(asked.person.name, letter.drafted_by)
    except (TrustError, ConfigError) as error:
        return " ".join(filter(None, [error.what, error.hint]))
    return ""


def _refusable(asked: Asked) -> bool:
    try:
        people(asked.console.settings.config.exchange).check_refuser(asked.person.name)
    except (TrustError, ConfigError):
        return False
    return asked.may(Role.ANALYST)
