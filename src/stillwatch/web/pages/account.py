"""An account's page: first what speaks for it, then what speaks against it, its cases, measures and appeals.

    /accounts?id=acct-17      the page; .json: all of it; .csv: its cases
    /accounts/text            POST with a reason: what the accounts of its cases send, with what stood in the slots

An account's id is chosen by others and may hold anything, so it stands in the query. What stood in the slots of shared
texts is masked until somebody says why he needs it, which is written down; no .json holds it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from stillwatch.errors import ConfigError, ExchangeError
from stillwatch.reports import notes
from stillwatch.reports.document import TextPart
from stillwatch.reports.wording import count, day, label
from stillwatch.response.appeals import Appeal, appeals_of
from stillwatch.response.ledger.chain import Entry
from stillwatch.response.ledger.entries import (
    Answered,
    Appealed,
    Body,
    Decided,
    Erased,
    Exempted,
    Lifted,
    Proposed,
    findable,
)
from stillwatch.response.policy import policy
from stillwatch.web.asking import Asked, NotThere, Page
from stillwatch.web.bearing import Part, Point, Shared, Shelter, speaks_against, speaks_for
from stillwatch.web.casework import measures
from stillwatch.web.casework.measures import Measure
from stillwatch.web.console import Console
from stillwatch.web.history import Line, history
from stillwatch.web.pages.campaign import masked
from stillwatch.web.routing import Pages
from stillwatch.web.store import accounts, cases
from stillwatch.web.store.events import Viewed
from stillwatch.web.store.model import AccountView, Membership

pages = Pages()

CASES = 5  # of one account, that are looked into; the others are listed
TEXTS = 3  # shared texts of a case
_SAYS = {Lifted.kind: "ended a measure", Erased.kind: "erased the words of its appeal"}


@dataclass(frozen=True)
class CaseLine:
    """One of an account's cases, as a row."""

    case: str
    severity: str
    status: str
    case_bits: float
    bits: float  # how surely the account belongs
    rank: int  # among the accounts of the case
    accounts: int
    requests: int  # of the account
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def of(cls, each: Membership) -> "CaseLine":
        """A membership."""
        case, account = each.case, each.account
        of_case = (case.id, case.severity, case.status, case.bits)
        seen = (account.first_seen, account.last_seen)
        return cls(*of_case, account.bits, each.rank, case.accounts, account.requests, *seen)


@dataclass(frozen=True)
class Texts:
    """What the accounts of a case send."""

    case: str
    texts: tuple[tuple[TextPart, ...], ...]


@dataclass(frozen=True)
class Ledgered:
    """What the ledger has about an account."""

    named: bool = True  # in the settings
    measures: tuple[Measure, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    entries: tuple[Entry, ...] = ()
    exempted: tuple[Exempted, ...] = ()  # newest first
    trouble: str = ""  # why nothing could be read


@dataclass(frozen=True)
class AccountPageView:
    """An account, as its page shows it."""

    account_id: str
    speaks_for: tuple[Point, ...]
    speaks_against: tuple[Point, ...]
    cases: tuple[CaseLine, ...]  # those to which it belongs most surely first
    shares: tuple[Shared, ...]
    ledger: bool  # whether the settings name one
    measures: tuple[Measure, ...]
    appeals: tuple[Appeal, ...]
    texts: tuple[Texts, ...]
    history: tuple[Line, ...]  # newest first
    trouble: tuple[str, ...]  # what could not be read, and why
    unmasked: bool = False

    @property
    def waiting(self) -> tuple[Appeal, ...]:
        """Appeals that nobody has answered."""
        return tuple(each for each in self.appeals if each.status == "open")


@pages.get("/accounts")
def account(asked: Asked) -> Page:
    """One account."""
    return _page(asked, asked.query.needed("id", "The account's id"))


@pages.post("/accounts/text")
def text(asked: Asked) -> Page:
    """The same with what is otherwise masked, after a reason that is kept."""
    account_id = asked.form.needed("id", "The account's id")
    reason = asked.form.needed("reason", "Why you need to see it")
    looked = Viewed("shared text", reason, findable(account_id))
    for each in accounts.account(asked.console.store, account_id).memberships[:CASES]:
        asked.console.store.record(each.case.id, looked, who=asked.person.name, now=asked.now)
    return _page(asked, account_id, unmasked=True)


def _page(asked: Asked, account_id: str, *, unmasked: bool = False) -> Page:
    ledgered = _ledgered(asked.console, account_id, asked.now)
    found = _account(asked.console, account_id, known=bool(ledgered.entries))
    parts = tuple(_parts(asked.console, found, account_id))
    shelter, trouble = _shelter(asked.console, account_id, ledgered)
    rows = tuple(map(CaseLine.of, found.memberships))
    view = AccountPageView(
        account_id=account_id,
        speaks_for=speaks_for(parts, shelter, asked.now),
        speaks_against=speaks_against(parts),
        cases=rows,
        shares=tuple(thing for part in parts for thing in part.things),
        ledger=ledgered.named,
        measures=ledgered.measures,
        appeals=ledgered.appeals,
        texts=tuple(_texts(parts, unmasked=unmasked)),
        history=_history(found, ledgered.entries),
        trouble=tuple(filter(None, (ledgered.trouble, trouble))),
        unmasked=unmasked,
    )
    return Page("account.html", f"Account {account_id[:60]}", view, rows=rows)


def _account(console: Console, account_id: str, *, known: bool) -> AccountView:
    """What the console has of an account.

    Raises:
        NotThere: it is in no case, and the ledger does not know it either.
    """
    try:
        return accounts.account(console.store, account_id)
    except NotThere:
        if not known:
            raise
        return AccountView(findable(account_id), (), ())


def _parts(console: Console, found: AccountView, account_id: str) -> Iterator[Part]:
    """Its part in the cases to which it belongs most surely."""
    for each in found.memberships[:CASES]:
        case = cases.case(console.store, each.case.id)
        names = {one.account_id for one in case.campaign.accounts if findable(one.account_id) == found.account_id}
        yield Part.of(each, case, frozenset({account_id, *names}))


def _ledgered(console: Console, account_id: str, now: datetime) -> Ledgered:
    """What the ledger has; a page about an account is shown whether the ledger can be read or not."""
    if not measures.named(console):
        return Ledgered(named=False)
    try:
        with measures.opened(console) as ledger:
            picture, entries = ledger.against([account_id], now), ledger.history(account_id)
            appeals = appeals_of(ledger, account_id)
    except (ConfigError, ExchangeError) as error:
        return Ledgered(trouble=f"Measures and appeals are missing here: {error.what}" if _there(error) else "")
    waiting = [Measure.of(each, waits=True) for each in picture.waiting.values()]
    standing = [Measure.of(each, waits=False) for each in picture.standing.values()]
    exempted = tuple(each.body for each in reversed(entries) if isinstance(each.body, Exempted))
    return Ledgered(True, (*waiting, *standing), appeals[::-1], entries, exempted)


def _there(error: ConfigError | ExchangeError) -> bool:
    """Whether there should be a ledger: one that nobody has written to yet is no trouble."""
    return isinstance(error, ExchangeError) or error.what != "There is no ledger here."


def _shelter(console: Console, account_id: str, ledgered: Ledgered) -> tuple[Shelter, str]:
    """What people decided in its favour, and why not all of it could be read."""
    spared = any(each.spares for each in ledgered.measures)
    try:
        rules = policy.load(console.settings.config.response.policy)
    except ConfigError as error:
        return Shelter(ledgered.exempted, spared=spared), f"Who is exempt cannot be told: {error.what}"
    declared = tuple(each for each in rules.declared if each.account == account_id)
    shelter = Shelter(ledgered.exempted, account_id in rules.exempt.accounts, declared, spared)
    return shelter, _unknown(rules)


def _unknown(rules: policy.Policy) -> str:
    """What the policy says of organizations: whose an account is, no finding tells."""
    named = rules.exempt.organizations | {each.organization for each in rules.declared if each.organization}
    if not named:
        return ""
    sheltered = f"The policy shelters {count(len(named), 'organization')}."
    return f"{sheltered} Whether this account is of one of them, the console does not know."


def _texts(parts: Iterable[Part], *, unmasked: bool) -> Iterator[Texts]:
    for part in parts:
        campaign = part.campaign if unmasked else masked(part.campaign)
        if campaign.shared_text:
            yield Texts(part.case.id, tuple(tuple(notes.cut(each)) for each in campaign.shared_text[:TEXTS]))


def _history(found: AccountView, entries: Iterable[Entry]) -> tuple[Line, ...]:
    """What people looked at, and what the ledger has; newest first."""
    lines = [*history((), found.events), *(_line(each) for each in entries)]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _line(entry: Entry) -> Line:
    body = entry.body
    reason = body.reason if isinstance(body, Lifted) else ""
    return Line(entry.at, f"{_says(body)} ({entry.about})", str(getattr(body, "by", "")), reason)


def _says(body: Body) -> str:
    """What happened, after the name of who did it."""
    match body:
        case Decided(decision=decision) | Proposed(decision=decision):
            did = "decided" if isinstance(body, Decided) else "It was proposed:"
            return f"{did} {decision.action.word} until {day(decision.until)}"
        case Exempted(until=until):
            return f"exempted it until {day(until)}"
        case Appealed(due=due):
            return f"It objected, to be answered by {day(due)}"
        case Answered(outcome=outcome):
            return "granted its appeal" if outcome == "reversed" else "answered its appeal: the measure stays"
    return _SAYS.get(body.kind, label(body.kind))
