"""What is said of a campaign beside its charts, the same in the report and in the console."""

from collections import defaultdict

from stillwatch.reports import charts, wording
from stillwatch.reports.document import Campaign, TextPart

TEXT_CHARACTERS = 4000  # of one shared text; it may have megabytes


def volume(campaign: Campaign) -> str:
    """How the requests are spread over the accounts; empty where the chart shows all of them."""
    if len(campaign.accounts) <= charts.BUSIEST:
        return ""
    busiest = sorted((account.requests for account in campaign.accounts), reverse=True)[: charts.BUSIEST]
    part = wording.share(sum(busiest), campaign.requests)
    return f"The {charts.BUSIEST} busiest of {len(campaign.accounts):,} accounts made {part} of the requests."


def matrix(campaign: Campaign) -> str:
    """How many accounts share how many things, and which of them the chart shows."""
    linked = len({account for link in campaign.links for account in link.accounts})
    shown, things = min(linked, charts.MATRIX_ACCOUNTS), min(len(campaign.links), charts.MATRIX_LINKS)
    accounts, all_things = len(campaign.accounts), len(campaign.links)
    note = f"{linked:,} of {wording.count(accounts, 'account')} share {wording.count(all_things, 'thing')}."
    if (shown, things) != (linked, all_things):
        note += f" Shown are the {shown:,} best connected accounts, and of the things the {things:,} most shared."
    return note


def cut(text: tuple[TextPart, ...], most: int = TEXT_CHARACTERS) -> list[TextPart]:
    """Keep what can be read on a page of a text that may have megabytes."""
    left, parts = most, []
    for part in text:
        if left > 0:
            kept = part.text if len(part.text) <= left else part.text[:left] + " …"
            parts.append(TextPart(text=kept, slot=part.slot))
        left -= len(part.text)
    return parts


def without_strongest(campaign: Campaign) -> tuple[str, float] | None:
    """Name the family that carries most, and the score without it: what would change the verdict."""
    bits: defaultdict[str, float] = defaultdict(float)
    for evidence in campaign.evidence:
        bits[evidence.family] += evidence.bits
    strongest = max(bits, key=lambda family: bits[family], default=None)
    return (strongest, campaign.bits - bits[strongest]) if strongest else None
