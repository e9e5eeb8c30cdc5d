"""Findings as CSV (RFC 4180) for a spreadsheet: one line a campaign, or one an account.

    text = campaigns_csv(document)
    text = accounts_csv(document)

A text that a spreadsheet would compute (it begins with = + - @ or a control) gets an apostrophe in front (OWASP, CSV
injection). Times are ISO 8601 in UTC.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from stillwatch.reports.document import Campaign, FindingsDocument

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet would compute (OWASP, CSV injection)


def campaigns_csv(document: FindingsDocument) -> str:
    """One line a campaign, strongest first; those that a person rejected, too."""
    return _written(_CAMPAIGN, (_campaign(campaign) for campaign in document.campaigns))


def accounts_csv(document: FindingsDocument) -> str:
    """One line for each account of each campaign."""
    return _written(_ACCOUNT, (row for campaign in document.campaigns for row in _accounts(campaign)))


_CAMPAIGN = (
    "campaign", "severity", "bits", "families", "accounts", "requests", "requests_before_crossing",
    "usage_input_tokens", "usage_output_tokens", "throttled", "busy_seconds", "first_seen", "crossed_at", "last_seen",
    "lookalikes_that_fit",
    "review", "review_author", "review_reason", "review_at", "review_stands",
)  # fmt: skip
_ACCOUNT = ("campaign", "severity", "account_id", "bits", "requests", "first_seen", "last_seen", "review")


def _campaign(campaign: Campaign) -> dict[str, Cell]:
    review = campaign.review
    fit = [each.name for each in campaign.lookalikes_considered if each.fits]
    judged = {"review": review.verdict, "review_author": review.author, "review_reason": review.reason,
              "review_at": _time(review.at), "review_stands": str(review.stands).lower()} if review else {}  # fmt: skip
    same = ("severity", "bits", "requests", "requests_before_crossing", "usage_input_tokens", "usage_output_tokens")
    return {
        "campaign": campaign.id,
        **{name: getattr(campaign, name) for name in same},
        "families": " ".join(campaign.families),
        "accounts": len(campaign.accounts),
        "throttled": _sum(hour.throttled for hour in campaign.timeline),
        "busy_seconds": _sum(hour.busy_seconds for hour in campaign.timeline),
        "first_seen": _time(campaign.first_seen),
        "crossed_at": _time(campaign.crossed_at),
        "last_seen": _time(campaign.last_seen),
        "lookalikes_that_fit": " ".join(fit),
        **judged,
    }


def _sum(counts: Iterable[float | None]) -> float | None:
    """Over the hours; None where any does not tell, or there are none."""
    told = list(counts)
    known = [count for count in told if count is not None]
    return round(sum(known), 3) if known and len(known) == len(told) else None


def _accounts(campaign: Campaign) -> Iterator[dict[str, Cell]]:
    for account in campaign.accounts:
        yield {
            "campaign": campaign.id,
            "severity": campaign.severity,
            "account_id": account.account_id,
            "bits": account.bits,
            "requests": account.requests,
            "first_seen": _time(account.first_seen),
            "last_seen": _time(account.last_seen),
            "review": campaign.review.verdict if campaign.review else None,
        }


def _written(names: tuple[str, ...], rows: Iterable[Mapping[str, Cell]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows({name: inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def inert(value: Cell) -> Cell:
    """A cell as a spreadsheet shows it: a text that it would compute gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()
