"""One judgement of live traffic: the findings as of now, and what recognises each campaign's next account.

    judgement = judged(profiles, accounts, settings, raised)
    judgement.document       # as `scan` writes it; what needs a second reading of a log (hours, words) is left out
    judgement.raised         # to be handed to the next judgement

Clusters, evidence and members are those that a scan of the same requests finds (`campaigns.judging.judge`). What a
judgement adds is memory: a campaign that grows keeps the id under which it was raised, and `crossed_at` is that moment,
no hindsight.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stillwatch.campaigns.findings import Campaign, Findings, Inputs
from stillwatch.campaigns.judging import Judged, judge
from stillwatch.campaigns.recognition import Desk, Recognition, recognition
from stillwatch.campaigns.scope import Scope
from stillwatch.campaigns.selection import Suspicion
from stillwatch.campaigns.signals import Importer
from stillwatch.campaigns.telling import Shown, moment, strongest_first, told
from stillwatch.config import ScanConfig
from stillwatch.engines.local import LocalEngine
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import Profiles
from stillwatch.reports.document import Campaign as Reported
from stillwatch.reports.document import FindingsDocument, Review, to_document

SAME = 0.5  # of the smaller of two sets of accounts: so much in common, and they are one campaign, grown or shrunk


@dataclass(frozen=True)
class Raised:
    """A campaign that was raised before.

    Attributes:
        id: its id then, and from then on.
        accounts: its members as of the last judgement.
        crossed_at: the last request's time when it was raised, µs since 1970.
        requests_before: its requests by then.
    """

    id: str
    accounts: frozenset[str]
    crossed_at: int
    requests_before: int


@dataclass(frozen=True)
class Judgement:
    """What a judgement found.

    Attributes:
        document: the findings.
        recognitions: by campaign id, what tells its next account.
        raised: every campaign of the document, for the next judgement.
        whole: all accounts were judged, not only those of campaigns that were known.
    """

    document: FindingsDocument
    recognitions: dict[str, Recognition]
    raised: tuple[Raised, ...]
    whole: bool = True


def judged(  # noqa: PLR0913 — what is judged, against what, and what is remembered
    profiles: Profiles,
    accounts: pa.Table | None,
    settings: ScanConfig,
    raised: Sequence[Raised] = (),
    *,
    importer: Importer | None = None,
    reviews: Callable[[Reported], Review | None] | None = None,
    rejected: int = 0,
    anew: bool = True,
) -> Judgement:
    """Judge everybody.

    Args:
        profiles: of one account at least.
        accounts: the sign-up desk's table (schema `ACCOUNTS`), or None.
        settings: where the line is.
        raised: what the judgement before returned.
        importer: asked what other providers say of campaigns.
        reviews: tells what a person said of a campaign before (`ReviewStore.recall`).
        rejected: rows that could not be read, for the document.
        anew: False: only what the campaigns that were raised have become, a fraction of the work.
    """
    scope = Scope() if anew else Scope.of_known([each.accounts for each in raised])
    with LocalEngine(threads=settings.threads) as engine:
        people = engine.table(wire.batches(profiles), wire.SCHEMA)
        found = judge(people, accounts, settings, engine, importer=importer, scope=lambda _: scope)
    desk = None if accounts is None else Desk.of(found.population, found.census.keys, accounts)
    campaigns, now = _named(found, settings, raised)
    start, end = found.window
    inputs = Inputs(
        0, found.census.requests, found.census.accounts, rejected, accounts is not None, found.notes, *found.tokens
    )
    document = to_document(
        Findings(moment(start), moment(end), tuple(sorted(campaigns, key=strongest_first)), inputs), reviews=reviews
    )
    pairs = zip(campaigns, found.suspicions, strict=True)
    recognitions = {campaign.id: recognition(s, desk) for campaign, s in pairs}
    return Judgement(document, recognitions, now, whole=anew)


def _named(found: Judged, settings: ScanConfig, raised: Sequence[Raised]) -> tuple[list[Campaign], tuple[Raised, ...]]:
    """The campaigns, in the order of the suspicions; those raised before under the name that they had."""
    left, campaigns, now = list(raised), [], []
    for s in found.suspicions:
        fresh = told(s, _first_shown(s, found.window[1]), settings)
        before = _same(fresh, left)
        if before:
            left.remove(before)
            fresh = told(s, Shown(before.crossed_at, before.requests_before), settings, name=before.id)
        campaigns.append(fresh)
        members = frozenset(member.account_id for member in fresh.accounts)
        at = before.crossed_at if before else found.window[1]
        now.append(Raised(fresh.id, members, at, fresh.requests_before_crossing))
    return campaigns, tuple(now)


def _first_shown(s: Suspicion, end: int) -> Shown:
    """As a campaign is shown when it is raised: now, and all that was asked until now."""
    return Shown(end, int(s.cluster.population.profiles["requests"][s.membership.rows].sum(dtype="int64")))


def _same(campaign: Campaign, raised: Sequence[Raised]) -> Raised | None:
    """The one of these that has most accounts in common with a campaign, if these are enough."""
    members = {member.account_id for member in campaign.accounts}

    def common(before: Raised) -> float:
        return len(members & before.accounts) / min(len(members), len(before.accounts))

    nearest = max(raised, key=common, default=None)
    return nearest if nearest and common(nearest) >= SAME else None
