"""What the store gives: frozen values, which pages show and `.json` and `.csv` hold as they are."""

from dataclasses import dataclass, field
from datetime import datetime

from stillwatch.campaigns.findings import Severity
from stillwatch.reports.document import Campaign, Inputs
from stillwatch.reports.impact.document import Load
from stillwatch.web.store.events import Event, State, Status

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True)
class CaseRow:
    """A case as a line of the queue. With cases merged into it: sums over all of them, and the highest score."""

    id: str
    campaign_id: str  # under which the newest scan has it
    severity: Severity
    bits: float
    families: tuple[str, ...]  # that speak for it, strongest first
    accounts: int
    requests: int
    tokens: int  # input and output
    first_seen: datetime
    crossed_at: datetime
    last_seen: datetime
    scanned_at: datetime  # the end of the last scan that has it
    gone: bool  # the newest scan has it no more
    status: Status
    assignee: str | None
    notes: int
    sightings: int
    decisions: int
    appeals: int


@dataclass(frozen=True)
class Version:
    """How a case looked in a scan."""

    campaign_id: str
    severity: Severity
    bits: float
    families: tuple[str, ...]
    accounts: int
    requests: int
    tokens: int
    first_seen: datetime
    crossed_at: datetime
    last_seen: datetime
    scanned_at: datetime  # the end of that scan's window
    taken_at: datetime  # when the console took it in


@dataclass(frozen=True)
class Sealed:
    """A campaign that is known to be the same by its digest, so that what is made of it can be kept (`lru_cache`)."""

    digest: str
    campaign: Campaign = field(compare=False)


@dataclass(frozen=True)
class Case:
    """A case with all that belongs to it.

    Attributes:
        row: as the queue shows it.
        campaign: the newest version. Of a case that was split from another: that one's evidence, with the accounts
            that are here.
        versions: how it looked before, newest first.
        events: what people did, oldest first.
        state: what follows from them.
        names: every id it was ever known under.
        digest: of the campaign as it is here, with the accounts that are here.
        merged: cases that are shown as this one.
        into: the id of the case that this one is shown as; None: itself.
        split: cases that were split from this one, and are still apart.
        origin: the id of the case that this one was split from.
    """

    row: CaseRow
    campaign: Campaign
    versions: tuple[Version, ...]
    events: tuple[Event, ...]
    state: State
    names: tuple[str, ...]
    digest: str
    merged: tuple[CaseRow, ...] = ()
    into: str | None = None
    split: tuple[CaseRow, ...] = ()
    origin: str | None = None

    @property
    def id(self) -> str:
        """Under which it is found for ever."""
        return self.row.id

    @property
    def sealed(self) -> Sealed:
        """The campaign, for what is made of it and kept."""
        return Sealed(self.digest, self.campaign)

    @property
    def revision(self) -> int:
        """What a form is to bring with it, so that it changes only what its writer saw."""
        return self.state.revision


@dataclass(frozen=True)
class AccountRow:
    """An account of a case."""

    account_id: str
    case: str
    bits: float  # how surely it belongs
    requests: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class Membership:
    """An account's part in one case."""

    account: AccountRow
    case: CaseRow
    rank: int  # among the accounts of that case: 1 belongs most surely


@dataclass(frozen=True)
class AccountView:
    """An account, its cases and what was looked at."""

    account_id: str
    memberships: tuple[Membership, ...]  # strongest first
    events: tuple[Event, ...]  # about the account, oldest first


@dataclass(frozen=True)
class Facet:
    """How many of what was found have one value."""

    field: str  # as a search names it
    value: str
    cases: int


@dataclass(frozen=True)
class CasePage:
    """A page of cases."""

    rows: tuple[CaseRow, ...]
    next: str | None  # for `after`; None: this is the last page
    total: int
    facets: tuple[Facet, ...]


@dataclass(frozen=True)
class AccountPage:
    """A page of accounts."""

    rows: tuple[AccountRow, ...]
    next: str | None
    total: int


@dataclass(frozen=True)
class Scan:
    """A document that was taken in."""

    number: int
    at: datetime
    start: datetime
    end: datetime
    campaigns: int
    inputs: Inputs
    load: Load
    generator: str


@dataclass(frozen=True)
class Taken:
    """What a document changed."""

    new: int = 0  # cases
    changed: int = 0
    same: int = 0
    known: bool = False  # the document had been taken in before
