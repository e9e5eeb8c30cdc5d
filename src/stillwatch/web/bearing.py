"""What bears on one account: what speaks for it, and what speaks against it. Pure.

    for_it = speaks_for(parts, shelter, now)
    against = speaks_against(parts)

Who is wrongly accused matters most, so the page of an account begins with the first. Neither is a verdict: bits say how
well an account fits, and a stolen key makes its owner fit, too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from stillwatch.campaigns.membership import LEAST
from stillwatch.reports import charts, notes
from stillwatch.reports.document import Campaign
from stillwatch.reports.wording import count, day, label, minute, odds, share
from stillwatch.response.ledger.entries import Exempted
from stillwatch.response.policy.policy import Declared
from stillwatch.web.store.model import Case, Membership

WEAK = 6.0  # bits by which an account belongs, up to which it is as likely a mistake as any: 64 to 1
FEW = 10  # requests, of which no habit can be read
_THINGS = 6  # shared things that are named one by one


@dataclass(frozen=True)
class Point:
    """One thing that bears on an account."""

    title: str
    says: str = ""
    case: str = ""  # that it is about; empty: none


@dataclass(frozen=True)
class Shared:
    """A thing that the account shares; which one it is, is not told."""

    name: str
    family: str
    accounts: int
    case: str


@dataclass(frozen=True)
class Part:
    """An account's part in a case."""

    membership: Membership
    case: Case
    things: tuple[Shared, ...]  # those in fewest hands first: they say most

    @classmethod
    def of(cls, membership: Membership, case: Case, names: frozenset[str]) -> "Part":
        """The part of an account that the campaign knows by one of these names."""
        held = [(name, link) for name, link in charts.named(case.campaign.links) if names.intersection(link.accounts)]
        things = (Shared(name, link.family, len(set(link.accounts)), case.id) for name, link in held)
        return cls(membership, case, tuple(sorted(things, key=lambda thing: (thing.accounts, thing.name))))

    @property
    def campaign(self) -> Campaign:
        """The newest version of the case."""
        return self.case.campaign


@dataclass(frozen=True)
class Shelter:
    """What people decided in an account's favour.

    Attributes:
        exempted: appeals that were granted, newest first.
        listed: it is on the policy's allow list.
        declared: uses that somebody told of beforehand.
        spared: a measure passes over what its own customers ask.
    """

    exempted: tuple[Exempted, ...] = ()
    listed: bool = False
    declared: tuple[Declared, ...] = ()
    spared: bool = False


def speaks_for(parts: Sequence[Part], shelter: Shelter, now: datetime) -> tuple[Point, ...]:
    """What speaks for an account, what people decided first."""
    return (*_decided(shelter, now), *_about(parts, _in_case))


def _about(parts: Sequence[Part], points: Callable[[Part], Iterator[Point]]) -> Iterator[Point]:
    return (replace(point, case=part.case.id) for part in parts for point in points(part))


def _decided(shelter: Shelter, now: datetime) -> Iterator[Point]:
    for granted in shelter.exempted[:1]:
        held = "Until" if granted.until > now else "It ended; until"
        says = f"{held} {day(granted.until)} nothing touches it on the same evidence ({granted.decision})."
        yield Point("An appeal was granted.", says)
    if shelter.listed:
        yield Point("The policy exempts it.", "No measure touches it.")
    for use in shelter.declared:
        if use.until > now:
            says = f"{use.what}. Until {day(use.until)} nothing above {use.most.word} touches it."
            yield Point("Its use was declared beforehand.", says)
    if shelter.spared:
        says = "The measure touches only requests that hold the campaign's words."
        yield Point("It may serve customers of its own.", says)


def _in_case(part: Part) -> Iterator[Point]:
    yield from _said(part)
    for each in part.campaign.lookalikes_considered:
        if each.fits:
            yield Point(f"An innocent explanation fits: {each.name.replace('-', ' ')}.", each.says)
    yield from _fits_badly(part)
    yield from _asked_little(part)
    yield from _weak_case(part)


def _said(part: Part) -> Iterator[Point]:
    """What people said of the case."""
    state = part.case.state
    if state.status in {"rejected", "unsure"} and state.verdict:
        reason = str(getattr(state.verdict.body, "reason", ""))
        yield Point(f"{state.verdict.who} judged the case {state.status}.", reason)
    if part.case.row.gone:
        says = f"The last that had it ended {day(part.case.row.scanned_at)}."
        yield Point("The newest scan has the case no more.", says)


def _fits_badly(part: Part) -> Iterator[Point]:
    account, others = part.membership.account, len(part.campaign.accounts) - 1
    surer = part.membership.rank - 1
    if account.bits < WEAK:
        says = f"{account.bits:.1f} bits: {_to_one(account.bits)}; from {LEAST:.0f} bits on an account is named."
        yield Point("It hardly fits.", says)
    elif others and surer / others > 0.75:
        says = f"{surer:,} of {count(others, 'other account')} belong more surely."
        yield Point("Most others fit better.", says)
    if part.campaign.links and not part.things:
        says = f"Of {count(len(part.campaign.links), 'thing')} that accounts of the case share, it has none."
        yield Point("It shares nothing that was told.", says)


def _asked_little(part: Part) -> Iterator[Point]:
    account, campaign = part.membership.account, part.campaign
    usual = median(each.requests for each in campaign.accounts)
    if account.requests <= FEW or account.requests < usual / 2:
        of_all = share(account.requests, campaign.requests)
        asked = f"{count(account.requests, 'request')}, {of_all} of the case"
        says = f"{asked}; half of its accounts made {usual:,.0f} or more."
        yield Point("It asked little.", says)
    if account.last_seen < campaign.crossed_at:
        says = f"Last seen {minute(account.last_seen)}; the evidence passed the line {minute(campaign.crossed_at)}."
        yield Point("It fell silent before the evidence sufficed.", says)


def _weak_case(part: Part) -> Iterator[Point]:
    for each in part.campaign.evidence:
        if each.bits < 0:
            yield Point(f"{_signed(each.bits)} bits for the whole case: {label(each.name)}.", each.says)
    strongest = notes.without_strongest(part.campaign)
    if strongest and strongest[1] < 0:
        says = f"Without {label(strongest[0])} its score would be {_signed(strongest[1])} bits: {odds(strongest[1])}."
        yield Point("The case rests on one family of evidence.", says)


def speaks_against(parts: Sequence[Part]) -> tuple[Point, ...]:
    """What speaks against an account, case by case."""
    return tuple(_about(parts, _against))


def _against(part: Part) -> Iterator[Point]:
    account, campaign = part.membership.account, part.campaign
    verdict = part.case.state.verdict
    if part.case.state.status == "confirmed" and verdict:
        yield Point(f"{verdict.who} confirmed the case.", str(getattr(verdict.body, "reason", "")))
    if account.bits >= WEAK:
        surer = count(part.membership.rank - 1, "other account belongs", "other accounts belong")
        says = f"{_to_one(account.bits).capitalize()}; {surer} more surely."
        yield Point(f"It fits by {account.bits:.1f} bits.", says)
    if part.things:
        named = ", ".join(f"{each.name} with {count(each.accounts - 1, 'other')}" for each in part.things[:_THINGS])
        more = f", and {len(part.things) - _THINGS} more" if len(part.things) > _THINGS else ""
        things = count(len(part.things), "thing")
        yield Point(f"It shares {things} with other accounts of the case.", f"{named}{more}.")
    pieces = count(sum(each.bits > 0 for each in campaign.evidence), "piece of evidence", "pieces of evidence")
    says = f"{odds(campaign.bits).capitalize()}, by {pieces}."
    yield Point(f"The case as a whole has {campaign.bits:.1f} bits.", says)


def _to_one(bits: float) -> str:
    amount = "more than a million" if bits >= 20 else f"about {float(f'{2**bits:.2g}'):,.0f}"
    return f"odds of {amount} to 1 that it belongs"


def _signed(bits: float) -> str:
    return f"{bits:+.1f}".replace("-", "\N{MINUS SIGN}")
