"""What people do about a case: judge it, say who has it, write notes, merge, split, take back.

    /cases/{case}/review, /agree, /notes, /assign, /close, /merge, /split, /undo      POST, from a form with its version
    /cases/{case}/split       choose accounts that become a case of their own, the least sure first
    /cases/{case}/back        what can be taken back

The forms stand on the case's page (templates/work.html). Each brings the version of the case that its writer saw: of
two who work on one case at once the second is shown what the first did, and what he typed himself.
"""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.web.access.people import People
from stillwatch.web.addresses import segment
from stillwatch.web.asking import Asked, Invalid, Page, Redirect
from stillwatch.web.casework import verdicts
from stillwatch.web.casework.desk import Desk
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages
from stillwatch.web.store import accounts, cases
from stillwatch.web.store.events import Assigned, Closed, Event, Noted
from stillwatch.web.store.model import AccountPage, CaseRow

pages = Pages()

LISTED = 100  # accounts of a page from which some are chosen


@dataclass(frozen=True)
class Entry:
    """Something that can be taken back."""

    number: int
    at: datetime
    who: str
    says: str
    words: str  # a note, a reason


@dataclass(frozen=True)
class BackView:
    """What can be taken back in a case."""

    case: CaseRow
    revision: int
    entries: tuple[Entry, ...]  # newest first


@dataclass(frozen=True)
class SplitView:
    """Accounts of a case, to choose from."""

    case: CaseRow
    revision: int
    accounts: AccountPage
    chosen: tuple[str, ...]  # named in the address


@pages.post("/cases/{case}/review")
def review(asked: Asked) -> Redirect:
    """Judges it."""
    reason = asked.form.needed("reason", "Why")
    what = verdicts.said(asked.form.get("verdict"), reason, asked.form.get("days"), asked.now)
    verdicts.judge(Desk.of(asked), what, asked.form.get("campaign"))
    return _back_to(asked)


@pages.post("/cases/{case}/agree")
def agree(asked: Asked) -> Redirect:
    """Says the same as somebody whose verdict waits for a second person."""
    verdicts.agree(Desk.of(asked), asked.form.get("campaign"))
    return _back_to(asked)


@pages.post("/cases/{case}/notes")
def note(asked: Asked) -> Redirect:
    """Writes something down; whatever others did meanwhile, a note stays a note."""
    text = asked.form.needed("text", "The note")
    asked.console.store.record(asked.places["case"], Noted(text), who=asked.person.name, now=asked.now)
    return _back_to(asked)


@pages.post("/cases/{case}/assign")
def assign(asked: Asked) -> Redirect:
    """Says who has it."""
    Desk.of(asked).record(Assigned(_somebody(asked)))
    return _back_to(asked)


@pages.post("/cases/{case}/close")
def close(asked: Asked) -> Redirect:
    """There is nothing more to do."""
    desk = Desk.of(asked)
    desk.shown_here()
    desk.record(Closed(asked.form.needed("reason", "Why")))
    return _back_to(asked)


@pages.post("/cases/{case}/merge")
def merge(asked: Asked) -> Redirect:
    """Makes it one with another case."""
    into, reason = asked.form.needed("into", "The other case"), asked.form.needed("reason", "Why")
    desk = Desk.of(asked)
    desk.merge(into, reason)
    return _to(cases.case(asked.console.store, desk.case.id).into or into)


@pages.get("/cases/{case}/split", needs=Role.ANALYST)
def choose(asked: Asked) -> Page:
    """Accounts to choose from, the least sure first."""
    store = asked.console.store
    case = cases.case(store, asked.places["case"])
    after = asked.query.get("after") or None
    found = accounts.page(store, case.id, sort="bits", descending=False, after=after, most=LISTED)
    view = SplitView(case.row, case.revision, found, asked.query.all("account"))
    return Page("split.html", f"Split case {case.id}", view, rows=found.rows)


@pages.post("/cases/{case}/split")
def split(asked: Asked) -> Redirect:
    """Makes accounts a case of their own: those that were ticked, and those that were pasted, one a line."""
    pasted = (line.strip() for line in asked.form.get("pasted").splitlines())
    chosen = tuple(dict.fromkeys([*asked.form.all("account"), *filter(None, pasted)]))
    if not chosen:
        raise Invalid("No account was chosen.", where="accounts", hint="Tick some, or paste their ids, one a line.")
    return _to(Desk.of(asked).split(chosen, asked.form.needed("reason", "Why")))


@pages.get("/cases/{case}/back", needs=Role.ANALYST)
def back(asked: Asked) -> Page:
    """What can be taken back."""
    case = cases.case(asked.console.store, asked.places["case"])
    allowed = verdicts.undoable(case)
    entries = tuple(_entry(each) for each in reversed(case.events) if each.number in allowed)
    return Page("back.html", f"Take back in {case.id}", BackView(case.row, case.revision, entries), rows=entries)


@pages.post("/cases/{case}/undo")
def undo(asked: Asked) -> Redirect:
    """Takes an entry back."""
    verdicts.undo(Desk.of(asked), asked.form.number("event"), asked.form.needed("reason", "Why"))
    return _back_to(asked)


def _somebody(asked: Asked) -> str | None:
    """Who is to have it; None: nobody.

    Raises:
        Invalid: nobody of this name works here.
    """
    name = asked.form.get("to")
    if not name:
        return None
    found = People(asked.console.store.database).named(name)
    if found is None:
        raise Invalid("Nobody of this name works here.", where="to", hint="Give the name by which he signs in.")
    if found.role < Role.ANALYST:
        raise Invalid(f"{found.name} may look at cases, not work on them.", where="to", hint="Choose an analyst.")
    return found.name


def _entry(event: Event) -> Entry:
    words = getattr(event.body, "text", "") or getattr(event.body, "reason", "")
    return Entry(event.number, event.at, event.who, event.body.says, words)


def _back_to(asked: Asked) -> Redirect:
    return _to(asked.places["case"])


def _to(case: str) -> Redirect:
    return Redirect(f"/cases/{segment(case)}#work")
