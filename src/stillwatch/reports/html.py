"""The document as one HTML file that opens offline (`stillwatch.reports.page`).

    path.write_text(report_html(document))
    path.write_text(campaign_html(document, "c-3f9a"))

The charts are drawn when their campaign is unfolded.
"""

from datetime import UTC
from typing import Any

from stillwatch.reports import charts, notes, wording
from stillwatch.reports.document import Account, Campaign, FindingsDocument
from stillwatch.reports.page import page
from stillwatch.reports.pictures import Medium

OPEN_CAMPAIGNS = 5  # with more, all but the first begin closed
ROWS = 12  # accounts in the table before somebody asks for all
_TEXTS = 10


def report_html(document: FindingsDocument, *, medium: Medium = "script") -> str:
    """Render the whole report.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    return _render(document, title="Distillation campaigns in the request log", medium=medium)


def campaign_html(document: FindingsDocument, campaign_id: str) -> str:
    """Render one campaign on a page of its own.

    Raises:
        InputError: there is no such campaign.
        ConfigError: the extra `report` is not installed.
    """
    campaign = document.campaign(campaign_id)
    alone = document.model_copy(update={"campaigns": (campaign,)})
    return _render(alone, title=f"Campaign {campaign.id}")


def _render(document: FindingsDocument, *, title: str, medium: Medium = "script") -> str:
    return page(
        "report.html",
        medium=medium,
        title=title,
        document=document,
        window=wording.span(document.window.start, document.window.end),
        totals=_totals(document),
        overview=charts.overview(document.campaigns),
        campaigns=[_shown(campaign) for campaign in document.campaigns],
        open_campaigns=OPEN_CAMPAIGNS,
        rows=ROWS,
        families=charts.FAMILIES,
        techniques=wording.TECHNIQUES,
    )


def _totals(document: FindingsDocument) -> dict[str, int]:
    """Add up the campaigns that nobody has dismissed."""
    standing = document.standing
    return {
        "campaigns": len(standing),
        "dismissed": len(document.campaigns) - len(standing),
        "accounts": len({account.account_id for campaign in standing for account in campaign.accounts}),
        "requests": sum(campaign.requests for campaign in standing),
        "before": sum(campaign.requests_before_crossing for campaign in standing),
        "tokens": sum(campaign.usage_output_tokens for campaign in standing),
    }


def _shown(campaign: Campaign) -> dict[str, Any]:
    """Everything the template needs to know of a campaign."""
    return {
        "campaign": campaign,
        "waterfall": charts.waterfall(campaign),
        "timeline": charts.timeline(campaign),
        "volume": charts.volume(campaign),
        "matrix": charts.matrix(campaign) if campaign.links else None,
        "matrix_note": notes.matrix(campaign),
        "volume_note": notes.volume(campaign),
        "texts": [notes.cut(text) for text in campaign.shared_text[:_TEXTS]],
        "more_texts": max(0, len(campaign.shared_text) - _TEXTS),
        "accounts": [_row(account) for account in campaign.accounts],
        "without": notes.without_strongest(campaign),
    }


def _row(account: Account) -> list[str]:
    seen = (f"{time.astimezone(UTC):%Y-%m-%d %H:%M}" for time in (account.first_seen, account.last_seen))
    return [wording.printable(account.account_id), f"{account.bits:.1f}", f"{account.requests:,}", *seen]
