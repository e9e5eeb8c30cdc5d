"""What is new since the last notice, and how it is worded: figures and families, no account, no prompt.

headline(news)      # 'stillwatch: 1 new campaign (critical); 97 decisions wait for a person'
story(news)         # the same in full, one paragraph each
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from stillwatch.campaigns.findings import Severity
from stillwatch.reports.document import Account, Campaign
from stillwatch.reports.wording import count, label, minute
from stillwatch.response.model import Decision

SHOWN = 10  # campaigns that one notice words; the rest is a number
_SEVERITIES = get_args(Severity)


@dataclass(frozen=True)
class Joined:
    """Accounts that a campaign was not known to have."""

    campaign: Campaign
    accounts: tuple[Account, ...]


@dataclass(frozen=True)
class News:
    """What nobody was told yet.

    Attributes:
        new: campaigns that were not known.
        risen: known campaigns that have become more severe.
        joined: accounts that were not known, by campaign, of known campaigns too.
        waiting: decisions that wait for a person.
    """

    new: tuple[Campaign, ...] = ()
    risen: tuple[Campaign, ...] = ()
    joined: tuple[Joined, ...] = ()
    waiting: tuple[Decision, ...] = ()

    @property
    def for_people(self) -> bool:
        """Whether there is something that a person should hear of."""
        return bool(self.new or self.risen or self.waiting)


def rank(severity: Severity) -> int:
    """0 for low to 3 for critical."""
    return _SEVERITIES.index(severity)


def headline(news: News) -> str:
    """One line."""
    parts = []
    if news.new:
        worst = max((campaign.severity for campaign in news.new), key=rank)
        parts.append(f"{count(len(news.new), 'new campaign')} ({worst})")
    if news.risen:
        parts.append(f"{count(len(news.risen), 'campaign')} more severe")
    if news.waiting:
        parts.append(_unsigned(news))
    return f"stillwatch: {'; '.join(parts)}"


def story(news: News) -> tuple[str, ...]:
    """A paragraph for each campaign and one for what waits."""
    told = [_campaign("New campaign", c) for c in news.new] + [_campaign("More severe:", c) for c in news.risen]
    more = [f"And {count(len(told) - SHOWN, 'more campaign')}."] if len(told) > SHOWN else []
    return (*told[:SHOWN], *more, *_waiting(news))


def _campaign(begins: str, campaign: Campaign) -> str:
    families = ", ".join(label(family) for family in campaign.families)
    return (
        f"{begins} {campaign.id}: {campaign.severity}, {campaign.bits:.1f} bits;"
        f" {count(len(campaign.accounts), 'account')}, {count(campaign.requests, 'request')}"
        f" since {minute(campaign.first_seen)} UTC, {campaign.requests_before_crossing:,} before the evidence sufficed;"
        f" {families}. Why: stillwatch explain {campaign.id}"
    )


def _waiting(news: News) -> Iterator[str]:
    if not news.waiting:
        return
    found = Counter((decision.campaign, decision.action) for decision in news.waiting)
    kinds = [f"{campaign or 'without a campaign'}: {n:,} {rung.word}" for (campaign, rung), n in sorted(found.items())]
    more = f", and {len(kinds) - SHOWN} more kinds" if len(kinds) > SHOWN else ""
    yield f"{_unsigned(news).capitalize()} ({', '.join(kinds[:SHOWN])}{more}). See: stillwatch decisions list"


def _unsigned(news: News) -> str:
    return f"{count(len(news.waiting), 'decision')} {'waits' if len(news.waiting) == 1 else 'wait'} for a person"
