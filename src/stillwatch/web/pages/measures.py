"""Measures: what stands, what waits for a person, one decision with all that happened to it, and the switch.

    /measures                 what waits, or with ?show=standing what stands; newest first
    /measures/{decision}      one, with its history and appeals
    /cases/{case}/measures    those against a case's accounts
    /measures/sign, /lift, /switch, /publish      POST

Approvers sign and end; operators use the switch. What is written reaches the gateways at once, or the page says that it
did not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from stillwatch.errors import ConfigError
from stillwatch.response.appeals import Appeal
from stillwatch.response.ledger.chain import Entry
from stillwatch.response.ledger.entries import Switched
from stillwatch.web.addresses import segment
from stillwatch.web.asking import Asked, Invalid, Page, Redirect
from stillwatch.web.casework import appeals, measures
from stillwatch.web.casework.measures import Measure
from stillwatch.web.model import Role
from stillwatch.web.routing import Pages
from stillwatch.web.store import accounts, cases
from stillwatch.web.store.model import Case

pages = Pages("Measures", "/measures")

LISTED = 50  # on a page
OF_ACCOUNTS = 100  # of a case, on a page
_EXPORTED = 500  # of them, at a time for .csv


@dataclass(frozen=True)
class Switch:
    """Whether measures act, and who said so last."""

    on: bool
    by: str = ""
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Past:
    """One entry of the ledger about a decision."""

    number: int
    at: datetime
    kind: str
    by: str
    words: str


@dataclass(frozen=True)
class MeasuresView:
    """Measures.

    Attributes:
        ledger: whether there is one: named in the settings, and made.
        show: "waiting" or "standing"; "case" for those of a case.
        next: where the next page begins.
        case: whose accounts these are against; empty: everybody's.
        after: with which account of the case the next page begins.
        first: whether this page is the case's first.
        untold: gateways could not be told of the last change.
    """

    ledger: bool
    show: str
    switch: Switch
    measures: tuple[Measure, ...]
    next: int | None = None
    case: str = ""
    after: str | None = None
    first: bool = True
    appeals: tuple[Appeal, ...] = ()
    untold: bool = False


@dataclass(frozen=True)
class MeasureView:
    """One decision."""

    measure: Measure
    stands: bool
    history: tuple[Past, ...]
    appeals: tuple[Appeal, ...]  # without what people wrote
    case: str = ""  # the case of its campaign, where the console has it
    details: dict[str, int] = field(default_factory=dict)  # limits of cap and budget


@pages.get("/measures")
def listed(asked: Asked) -> Page:
    """What waits, or what stands."""
    show = "standing" if asked.query.get("show") == "standing" else "waiting"
    untold = asked.query.get("gateways") == "untold"
    before = asked.query.number("before", 0) or None
    try:
        with measures.opened(asked.console) as ledger:
            found, after = ledger.page(asked.now, waiting=show == "waiting", before=before, most=LISTED)
            switch = _switch(ledger.switched())
    except ConfigError:
        view = MeasuresView(ledger=False, show=show, switch=Switch(on=True), measures=())
    else:
        rows = tuple(Measure.of(each, waits=show == "waiting") for each in found)
        view = MeasuresView(ledger=True, show=show, switch=switch, measures=rows, next=after, untold=untold)
    return Page("measures.html", "Measures", view, rows=view.measures)


@pages.get("/cases/{case}/measures")
def of_case(asked: Asked) -> Page:
    """What stands and waits against the accounts of a case, so many accounts at a time, the surest first."""
    case, after = cases.case(asked.console.store, asked.places["case"]), asked.query.get("after") or None
    try:
        with measures.opened(asked.console) as ledger:
            switch, there = _switch(ledger.switched()), True
    except ConfigError:
        switch, there = Switch(on=True), False
    found, following = _against(asked, case, after, OF_ACCOUNTS) if there else ((), None)
    values = [*case.names, *(account.account_id for account in case.campaign.accounts)]
    view = MeasuresView(
        ledger=there,
        show="case",
        switch=switch,
        measures=found,
        case=case.id,
        after=following,
        first=after is None,
        appeals=tuple(map(appeals.wordless, appeals.of_accounts(asked.console, values, asked.now))),
        untold=asked.query.get("gateways") == "untold",
    )
    rows = _everything(asked, case) if there and asked.suffix == "csv" else found
    return Page("measures.html", f"Measures, case {case.id}", view, rows=rows)


def _against(asked: Asked, case: Case, after: str | None, most: int) -> tuple[tuple[Measure, ...], str | None]:
    """Measures against some accounts, and where the next accounts begin; before them, against the case itself."""
    page = accounts.page(asked.console.store, case.id, after=after, most=most)
    names = [] if after else case.names
    return measures.against(asked.console, [*names, *(each.account_id for each in page.rows)], asked.now), page.next


def _everything(asked: Asked, case: Case) -> Iterator[Measure]:
    after: str | None = None
    while True:
        found, after = _against(asked, case, after, _EXPORTED)
        yield from found
        if after is None:
            return


@pages.get("/measures/{decision}")
def decision(asked: Asked) -> Page:
    """One decision, with all that happened to it."""
    name = asked.places["decision"]
    with measures.opened(asked.console) as ledger:
        found = appeals.decision_of(ledger, name)
        picture = ledger.against([found.value], asked.now)
        history = tuple(_past(each) for each in ledger.history(name))
    about = [each for each in appeals.listed(asked.console, asked.now) if each.decision == name]  # of whichever account
    limits = {"max_tokens", "requests_per_hour", "tokens_per_hour"}
    view = MeasureView(
        measure=Measure.of(found, waits=name in picture.waiting),
        stands=name in picture.standing,
        history=history,
        appeals=tuple(map(appeals.wordless, about)),
        case=measures.case_of(asked.console, found.campaign or found.value),
        details={each: value for each in sorted(limits) if (value := getattr(found.limits, each)) is not None},
    )
    return Page("measure.html", f"Measure {name}", view, rows=history)


@pages.post("/measures/sign", needs=Role.APPROVER)
def sign(asked: Asked) -> Redirect:
    """What waits stands from now on, and whoever signs answers for it."""
    return _done(asked, measures.sign(asked.console, _ids(asked), asked.person, asked.now))


@pages.post("/measures/lift", needs=Role.APPROVER)
def lift(asked: Asked) -> Redirect:
    """Ends measures, and refuses proposals."""
    ids, reason = _ids(asked), asked.form.needed("reason", "Why it ends")
    return _done(asked, measures.lift(asked.console, ids, asked.person, reason, asked.now))


@pages.post("/measures/switch", needs=Role.OPERATOR)
def switch(asked: Asked) -> Redirect:
    """Turns all measures off, or on again."""
    way, reason = asked.form.get("way"), asked.form.needed("reason", "Why")
    if way not in {"on", "off"}:
        raise Invalid("Say whether measures are to be on or off.", where="way")
    return _done(
        asked, measures.switch(asked.console, on=way == "on", person=asked.person, reason=reason, now=asked.now)
    )


@pages.post("/measures/publish", needs=Role.APPROVER)
def publish(asked: Asked) -> Redirect:
    """Tells the gateways again what stands."""
    with measures.opened(asked.console) as ledger:
        told = measures.tell_gateways(asked.console, ledger, asked.now)
    return _done(asked, told)


def _ids(asked: Asked) -> Sequence[str]:
    ids = tuple(dict.fromkeys(asked.form.all("id")))
    if not ids:
        raise Invalid("No measure was chosen.", where="measures", hint="Tick some.")
    return ids


def _done(asked: Asked, told: bool) -> Redirect:
    case = asked.form.get("case")
    path = f"/cases/{segment(case)}/measures" if case else "/measures"
    query = {"show": asked.form.get("show"), "gateways": "" if told else "untold"}
    kept = urlencode({key: value for key, value in query.items() if value})
    return Redirect(f"{path}?{kept}" if kept else path)


def _switch(last: Entry | None) -> Switch:
    body = last.body if last else None
    if last is None or not isinstance(body, Switched):
        return Switch(on=True)
    return Switch(body.on, body.by, last.at, body.reason)


def _past(entry: Entry) -> Past:
    body = entry.body
    words = getattr(body, "reason", "") or getattr(body, "outcome", "")
    return Past(entry.number, entry.at, entry.kind, getattr(body, "by", "") or "", words)
