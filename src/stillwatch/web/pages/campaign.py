"""A case's page: what is held against it and what speaks against that, when, with which words, by whom.

    /cases/{case}             the page; .json: all of it; .csv: its accounts
    /cases/{case}/text        POST with a reason: the shared texts with what stood in their slots, written down

What stands in the slots of a shared text is some customer's own: it is masked until somebody says why he needs it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from stillwatch.reports import notes
from stillwatch.reports.document import Campaign, Evidence, Lookalike, TextPart
from stillwatch.web.asking import Asked, Invalid, Page
from stillwatch.web.bearing import WEAK
from stillwatch.web.drawing import Picture, picture_of
from stillwatch.web.elsewhere import Elsewhere, elsewhere
from stillwatch.web.history import Line, history
from stillwatch.web.routing import Pages
from stillwatch.web.store import accounts, cases
from stillwatch.web.store.events import Viewed
from stillwatch.web.store.model import AccountPage, AccountRow, Case

pages = Pages()

ACCOUNTS = 25  # on one page of the table
EXPORTED = 500  # read at a time for .csv
TEXTS = 10


@dataclass(frozen=True)
class Doubts:
    """What speaks against a campaign, or against somebody's part in it."""

    fits: tuple[Lookalike, ...]  # innocent explanations that hold
    against: tuple[Evidence, ...]
    strongest: str  # the family without which ...
    without: float  # ... the score would be so many bits
    weak: int  # accounts that belong by less than WEAK


@dataclass(frozen=True)
class CampaignView:
    """A case as its page shows it; the charts are drawn from it."""

    case: Case
    doubts: Doubts
    history: tuple[Line, ...]  # newest first
    accounts: AccountPage
    sort: str  # of the accounts; "-" in front: most first
    elsewhere: Elsewhere  # measures, sightings
    unmasked: bool = False

    @property
    def campaign(self) -> Campaign:
        """Its newest version."""
        return self.case.campaign

    @property
    def picture(self) -> Picture:
        """Its charts."""
        return picture_of(self.case.sealed)

    @property
    def texts(self) -> list[list[TextPart]]:
        """The shared texts, cut."""
        return [notes.cut(text) for text in self.campaign.shared_text[:TEXTS]]


@pages.get("/cases/{case}")
def campaign(asked: Asked) -> Page:
    """One case."""
    return _page(asked, cases.case(asked.console.store, asked.places["case"]))


@pages.post("/cases/{case}/text")
def text(asked: Asked) -> Page:
    """The same with the slots of its texts, after a reason that is kept."""
    reason = asked.form.needed("reason", "Why you need to see it")
    store, name = asked.console.store, asked.places["case"]
    store.record(name, Viewed("shared text", reason), who=asked.person.name, now=asked.now)
    return _page(asked, cases.case(store, name), unmasked=True)


def _page(asked: Asked, case: Case, *, unmasked: bool = False) -> Page:
    sort = asked.query.get("sort", "-bits")
    shown = case if unmasked else replace(case, campaign=masked(case.campaign))
    found = _accounts(asked, case, sort, ACCOUNTS, asked.query.get("after") or None)
    view = CampaignView(
        case=shown,
        doubts=doubts(case.campaign),
        history=history(case.versions, case.events),
        accounts=found,
        sort=sort,
        elsewhere=elsewhere(asked.console, case, [each.account_id for each in found.rows], asked.now),
        unmasked=unmasked,
    )
    rows = _everybody(asked, case) if asked.suffix == "csv" else view.accounts.rows
    return Page("campaign.html", f"Case {case.id}", view, rows=rows)


def _accounts(asked: Asked, case: Case, sort: str, most: int, after: str | None) -> AccountPage:
    """A page of accounts.

    Raises:
        Invalid: they cannot be sorted by this.
    """
    order = sort.removeprefix("-")
    if order not in accounts.ORDERS:
        raise Invalid("Accounts cannot be sorted by this.", where=order[:40], hint=f"By {', '.join(accounts.ORDERS)}.")
    known, descending = cast("accounts.Order", order), sort.startswith("-")
    return accounts.page(asked.console.store, case.id, sort=known, descending=descending, after=after, most=most)


def _everybody(asked: Asked, case: Case) -> Iterator[AccountRow]:
    after: str | None = None
    while True:
        found = _accounts(asked, case, "-bits", EXPORTED, after)
        yield from found.rows
        if (after := found.next) is None:
            return


def masked(campaign: Campaign) -> Campaign:
    """The campaign without what stood in the slots of its shared texts."""
    hidden = TextPart(text="…", slot=True)
    texts = tuple(tuple(hidden if part.slot else part for part in text) for text in campaign.shared_text)
    return campaign.model_copy(update={"shared_text": texts})


def doubts(campaign: Campaign) -> Doubts:
    """What a reader should know before he believes the score."""
    strongest, without = notes.without_strongest(campaign) or ("", campaign.bits)
    return Doubts(
        fits=tuple(each for each in campaign.lookalikes_considered if each.fits),
        against=tuple(each for each in campaign.evidence if each.bits < 0),
        strongest=strongest,
        without=without,
        weak=sum(account.bits < WEAK for account in campaign.accounts),
    )
