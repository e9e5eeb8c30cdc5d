"""The document as one HTML file that opens offline (`stillwatch.reports.page`).

    path.write_text(report_html(document))
    path.write_text(campaign_html(document, "c-3f9a"))

The charts are drawn when their campaign is unfolded.
"""

from collections import defaultdict
from datetime import UTC
from typing import Any

from stillwatch.reports import charts, wording
from stillwatch.reports.document import Account, Campaign, FindingsDocument, TextPart
from stillwatch.reports.page import page

OPEN_CAMPAIGNS = 5  # with more, all but the first begin closed
ROWS = 12  # accounts in the table before somebody asks for all
_TEXTS = 10
_TEXT_CHARACTERS = 4000


def report_html(document: FindingsDocument) -> str:
    """Render the whole report.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    return _render(document, title="Distillation campaigns in the request log")


def campaign_html(document: FindingsDocument, campaign_id: str) -> str:
    """Render one campaign on a page of its own.

    Raises:
        InputError: there is no such campaign.
        ConfigError: the extra `report` is not installed.
    """
    campaign = document.campaign(campaign_id)
    alone = document.model_copy(update={"campaigns": (campaign,)})
    return _render(alone, title=f"Campaign {campaign.id}")


def _render(document: FindingsDocument, *, title: str) -> str:
    return page(
        "report.html",
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
        "matrix_note": _matrix_note(campaign),
        "volume_note": _volume_note(campaign),
        "texts": [_cut(text) for text in campaign.shared_text[:_TEXTS]],
        "more_texts": max(0, len(campaign.shared_text) - _TEXTS),
        "accounts": [_row(account) for account in campaign.accounts],
        "without": _without_strongest(campaign),
    }


def _row(account: Account) -> list[str]:
    seen = (f"{time.astimezone(UTC):%Y-%m-%d %H:%M}" for time in (account.first_seen, account.last_seen))
    return [wording.printable(account.account_id), f"{account.bits:.1f}", f"{account.requests:,}", *seen]


def _volume_note(campaign: Campaign) -> str:
    if len(campaign.accounts) <= charts.BUSIEST:
        return ""
    busiest = sorted((account.requests for account in campaign.accounts), reverse=True)[: charts.BUSIEST]
    part = wording.share(sum(busiest), campaign.requests)
    return f"The {charts.BUSIEST} busiest of {len(campaign.accounts):,} accounts made {part} of the requests."


def _matrix_note(campaign: Campaign) -> str:
    linked = len({account for link in campaign.links for account in link.accounts})
    shown, things = min(linked, charts.MATRIX_ACCOUNTS), min(len(campaign.links), charts.MATRIX_LINKS)
    accounts, all_things = len(campaign.accounts), len(campaign.links)
    note = f"{linked:,} of {wording.count(accounts, 'account')} share {wording.count(all_things, 'thing')}."
    if (shown, things) != (linked, all_things):
        note += f" Shown are the {shown:,} best connected accounts, and of the things the {things:,} most shared."
    return note


def _cut(text: tuple[TextPart, ...]) -> list[TextPart]:
    """Keep what can be read on a page of a text that may have megabytes."""
    left, parts = _TEXT_CHARACTERS, []
    for part in text:
        if left > 0:
            cut = part.text if len(part.text) <= left else part.text[:left] + " …"
            parts.append(TextPart(text=cut, slot=part.slot))
        left -= len(part.text)
    return parts


def _without_strongest(campaign: Campaign) -> tuple[str, float] | None:
    """Name the family that carries most, and the score without it: what would change the verdict."""
    bits: defaultdict[str, float] = defaultdict(float)
    for evidence in campaign.evidence:
        bits[evidence.family] += evidence.bits
    strongest = max(bits, key=lambda family: bits[family], default=None)
    return (strongest, campaign.bits - bits[strongest]) if strongest else None
