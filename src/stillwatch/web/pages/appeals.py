"""Appeals: somebody objects to a measure, and a person who did not decide it answers.

    /appeals                  those that wait first, what is due soonest on top
    /appeals/{appeal}         one, with the measure and what it rests on
    /appeals                  POST: write down that somebody objects
    /appeals/{appeal}/answer, /reverse, /erase      POST

What people wrote is for those who work on it: analysts read the words, approvers also where to answer.
"""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.response.appeals import Appeal, Status
from stillwatch.response.ledger.entries import Decided
from stillwatch.web.addresses import segment
from stillwatch.web.asking import Asked, NotThere, Page, Redirect
from stillwatch.web.casework import appeals, measures
from stillwatch.web.casework.measures import Measure
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages
from stillwatch.web.store import accounts

pages = Pages("Appeals", "/appeals")

LISTED = 200


@dataclass(frozen=True)
class AppealRow:
    """An appeal as a line of the list."""

    id: str
    decision: str
    value: str  # whose
    opened: datetime
    due: datetime
    status: Status
    overdue: bool
    answered: datetime | None
    by: str


@dataclass(frozen=True)
class AppealsView:
    """Appeals."""

    ledger: bool  # whether the settings name one
    appeals: tuple[AppealRow, ...]
    more: int  # answered ones that are not shown; all are in .csv
    untold: bool


@dataclass(frozen=True)
class AppealView:
    """One appeal.

    Attributes:
        words: what was written, and the reply; None: erased, or not for this person's role.
        contact: where to answer; approvers see it.
        decided: who decided or signed the measure, and so cannot answer.
        standing: measures that stand or wait against the same account.
        cases: the cases that the account is in.
        waits: the case that a second person has to call a mistake, too, before its measures end; or empty.
    """

    row: AppealRow
    words: str | None
    contact: str | None
    reply: str | None
    decided: tuple[str, ...]
    measure: Measure
    standing: tuple[Measure, ...]
    cases: tuple[str, ...]
    waits: str = ""


@pages.get("/appeals")
def listed(asked: Asked) -> Page:
    """All appeals."""
    found = tuple(_row(each, asked.now) for each in appeals.listed(asked.console, asked.now))
    waiting = sum(each.status == "open" for each in found)
    shown = found[: max(LISTED, waiting)]
    named = measures.named(asked.console)
    view = AppealsView(named, shown, len(found) - len(shown), asked.query.get("gateways") == "untold")
    return Page("appeals.html", "Appeals", view, rows=found)


@pages.get("/appeals/{appeal}")
def appeal(asked: Asked) -> Page:
    """One appeal."""
    with measures.opened(asked.console) as ledger:
        found = appeals.read(ledger, asked.places["appeal"])
        about = appeals.decision_of(ledger, found.decision)
        bodies = [each.body for each in ledger.history(found.decision)]
        picture = ledger.against([found.value], asked.now)
    waits = found.decision in picture.waiting
    view = AppealView(
        row=_row(found, asked.now),
        words=found.text if asked.may(Role.ANALYST) else None,
        contact=found.contact if asked.may(Role.APPROVER) else None,
        reply=found.reply if asked.may(Role.ANALYST) else None,
        decided=tuple(dict.fromkeys(body.by for body in bodies if isinstance(body, Decided))),
        measure=Measure.of(about, waits=waits),
        standing=(
            *(Measure.of(each, waits=True) for each in picture.waiting.values()),
            *(Measure.of(each, waits=False) for each in picture.standing.values()),
        ),
        cases=_cases(asked, found.value),
        waits=appeals.waits(asked.console, found, about) if found.status == "reversed" else "",
    )
    return Page("appeal.html", f"Appeal {found.id}", view)


@pages.post("/appeals")
def file(asked: Asked) -> Redirect:
    """Writes down that somebody objects."""
    opened = appeals.file(
        asked.console,
        asked.form.needed("decision", "The measure"),
        asked.form.needed("text", "What he writes"),
        asked.person,
        asked.now,
        contact=asked.form.get("contact"),
        account=asked.form.get("account"),
    )
    return _to(opened.id)


@pages.post("/appeals/{appeal}/answer", needs=Role.APPROVER)
def answer(asked: Asked) -> Redirect:
    """Answers; the measure stays."""
    name, text = asked.places["appeal"], asked.form.needed("text", "What the person is told")
    appeals.answer(asked.console, name, text, asked.person, asked.now)
    return _to(name)


@pages.post("/appeals/{appeal}/reverse", needs=Role.APPROVER)
def reverse(asked: Asked) -> Redirect:
    """Grants it: the measures end."""
    name, text = asked.places["appeal"], asked.form.needed("text", "What the person is told")
    wrong = asked.form.get("campaign_wrong") == "yes"
    done = appeals.reverse(asked.console, name, text, asked.person, asked.now, campaign_wrong=wrong)
    return _to(name) if done.told else Redirect("/appeals?gateways=untold")


@pages.post("/appeals/{appeal}/erase", needs=Role.APPROVER)
def erase(asked: Asked) -> Redirect:
    """Erases what was written."""
    appeals.erase(asked.console, asked.places["appeal"], asked.person, asked.now)
    return _to(asked.places["appeal"])


def _cases(asked: Asked, account: str) -> tuple[str, ...]:
    try:
        return tuple(each.case.id for each in accounts.account(asked.console.store, account).memberships)
    except NotThere:
        return ()


def _row(appeal: Appeal, now: datetime) -> AppealRow:
    named = ("id", "decision", "value", "opened", "due", "status", "answered")
    same = {name: getattr(appeal, name) for name in named}
    return AppealRow(**same, overdue=appeal.overdue(now), by=appeal.by or "")


def _to(appeal: str) -> Redirect:
    return Redirect(f"/appeals/{segment(appeal)}")
