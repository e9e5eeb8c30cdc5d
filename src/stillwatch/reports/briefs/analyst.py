"""The whole report of findings as sections, for Markdown: the page (`reports.html`) has a form of its own."""

from collections.abc import Iterator

from stillwatch.reports import wording
from stillwatch.reports.briefs import campaigns, phrases
from stillwatch.reports.document import FindingsDocument
from stillwatch.reports.markdown import markdown
from stillwatch.reports.sections import Section
from stillwatch.reports.wording import count, printable, share


def report_markdown(document: FindingsDocument) -> str:
    """Write the findings as Markdown."""
    window = f"{wording.span(document.window.start, document.window.end)}, times in UTC."
    title = "Distillation campaigns in the request log"
    return markdown(title, _sections(document), begin=(window,), ending=document.generator)


def _sections(document: FindingsDocument) -> Iterator[Section]:
    yield _overview(document)
    for campaign in document.campaigns:
        yield from campaigns.sections(campaign, None)
        yield campaigns.accounts(campaign)
    inputs = document.inputs
    read = (
        f"{count(inputs.requests, 'request')} of {count(inputs.accounts, 'account')} in {count(inputs.files, 'file')}; "
        f"{count(inputs.rejected, 'row')} could not be read."
    )
    yield Section("What was read", points=(read, *map(printable, inputs.notes)))
    yield Section("What this does not say", points=(phrases.NO_ORIGIN, *_LIMITS))


_LIMITS = (
    "Bits are odds: an ordering, not a probability to be quoted in court.",
    "An account can be in the wrong group; a stolen key makes its owner a victim.",
    "Nothing acts by itself. Copies made from transcripts bought elsewhere leave no trace in this log.",
)


def _overview(document: FindingsDocument) -> Section:
    if not document.campaigns:
        return Section(
            "Campaigns", ("No campaign found: nothing in this log suggests that somebody copies the model.",)
        )
    return Section(
        "Campaigns",
        (),
        ("campaign", "severity", "bits", "accounts", "requests", "leaked", "since", "evidence"),
        tuple(
            (
                printable(campaign.id),
                "rejected" if campaign.dismissed else campaign.severity,
                f"{campaign.bits:.1f}",
                f"{len(campaign.accounts):,}",
                f"{campaign.requests:,}",
                share(campaign.requests_before_crossing, campaign.requests),
                wording.day(campaign.first_seen),
                phrases.kinds(campaign.families),
            )
            for campaign in document.campaigns
        ),
        frozenset({2, 3, 4, 5}),
    )
