"""A campaign as sections: evidence for and against, innocent explanations, what people said, what was done, accounts.

for section in sections(campaign, measures): ...

Used where a reader checks a claim: counsel's file, and the report as Markdown.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stillwatch.reports import charts, wording
from stillwatch.reports.briefs import phrases
from stillwatch.reports.document import Campaign
from stillwatch.reports.sections import Section, Spec
from stillwatch.reports.wording import count, label, printable, quantity, share, tokens

if TYPE_CHECKING:
    from stillwatch.reports.measures import Measures

MOST_ACCOUNTS = 45  # in the table; `-f csv-accounts` has all
MOST_TEXTS, MOST_CHARACTERS = 3, 1500
_SLOT = "[…]"  # where a shared text changes from request to request


def sections(campaign: Campaign, measures: "Measures | None", *, texts: bool = True) -> Iterator[Section]:
    """Everything about a campaign but its accounts, which are an annex."""
    yield _summary(campaign)
    yield _evidence(campaign)
    yield _explanations(campaign)
    yield Section("What people said of it", points=(_review(campaign),), level=3)
    if measures is not None:
        yield Section("What was done about it", points=tuple(phrases.done(measures)), level=3)
    if texts and campaign.shared_text:
        yield _texts(campaign)


def _summary(campaign: Campaign) -> Section:
    before = campaign.requests_before_crossing
    return Section(
        f"Campaign {phrases.name(campaign)}",
        (
            (
                f"{count(len(campaign.accounts), 'account')} acted together from {moment(campaign.first_seen)} to "
                f"{moment(campaign.last_seen)} and made {count(campaign.requests, 'request')}, answered with "
                f"{tokens(campaign.usage_output_tokens)} tokens. The evidence passed the line on "
                f"{moment(campaign.crossed_at)}, after {count(before, 'request')} ({share(before, campaign.requests)})."
            ),
            f"Severity {campaign.severity}; {campaign.bits:.1f} bits: {wording.odds(campaign.bits)}.",
        ),
        charts=(
            (
                charts.timeline(campaign) | {"height": 110},
                "Requests over time, before and after the evidence passed the line.",
            ),
        ),
        page=True,
    )


def _evidence(campaign: Campaign) -> Section:
    prior = ("prior", f"{campaign.prior:+.1f}", "", "", "Most groups of accounts are innocent.", "")
    total = ("score", f"{campaign.bits:.1f}", "", "", "The sum of all above.", "")
    return Section(
        "Evidence for it and against it",
        (),
        ("evidence", "bits", "observed", "expected", "what it says", "ATLAS"),
        (
            prior,
            *(
                (
                    f"{label(each.family)}: {label(each.name)}",
                    f"{each.bits:+.1f}",
                    quantity(each.observed),
                    quantity(each.expected),
                    printable(each.says),
                    printable(each.technique),
                )
                for each in campaign.evidence
            ),
            total,
        ),
        frozenset({1, 2, 3}),
        ((_flat(charts.waterfall(campaign)), "How the prior and each piece of evidence add up to the score."),),
        level=3,
    )


def _flat(waterfall: Spec) -> Spec:
    """With rows as high as paper needs them."""
    return waterfall | {"height": 20 * len(waterfall["data"]["values"])}


def _explanations(campaign: Campaign) -> Section:
    considered = campaign.lookalikes_considered
    if not considered:
        return Section("Innocent explanations considered", ("None was held against it.",), level=3)
    return Section(
        "Innocent explanations considered",
        (),
        ("explanation", "does it fit", "why"),
        tuple(
            (label(each.name.replace("-", " ")), "in part" if each.fits else "no", printable(each.says))
            for each in considered
        ),
        level=3,
    )


def _review(campaign: Campaign) -> str:
    review = campaign.review
    if review is None:
        return "Nobody has judged it yet."
    return printable(
        f"{review.verdict.capitalize()} by {review.author} on {wording.day(review.at)}: {review.reason} {review.says}"
    ).strip()


def _texts(campaign: Campaign) -> Section:
    shown = campaign.shared_text[:MOST_TEXTS]
    more = len(campaign.shared_text) - len(shown)
    rest = f" {count(more, 'more text')} in the findings." if more else ""
    quotes = tuple("".join(_SLOT if part.slot else part.text for part in text) for text in shown)
    return Section(
        "What they send",
        (f"Words that recur; {_SLOT} stands for what changes from request to request and is left out.{rest}",),
        quotes=tuple(
            printable(each[:MOST_CHARACTERS] + ("…" if len(each) > MOST_CHARACTERS else "")) for each in quotes
        ),
        level=3,
    )


def accounts(campaign: Campaign) -> Section:
    """The annex of a campaign: its accounts, the surest members first."""
    shown = campaign.accounts[:MOST_ACCOUNTS]
    left = len(campaign.accounts) - len(shown)
    rest = f" The {MOST_ACCOUNTS} surest of {len(campaign.accounts):,}; the CSV of accounts has all." if left else ""
    return Section(
        f"Annex: accounts of {phrases.name(campaign)}",
        (f"Pseudonyms. Bits tell how surely an account belongs; those with few belong least surely.{rest}",),
        ("account", "bits", "requests", "first seen", "last seen"),
        tuple(
            (
                printable(each.account_id),
                f"{each.bits:.1f}",
                f"{each.requests:,}",
                moment(each.first_seen),
                moment(each.last_seen),
            )
            for each in shown
        ),
        frozenset({1, 2}),
        page=True,
    )


def moment(time: datetime) -> str:
    """A minute, to be quoted: "2026-09-05 13:00"."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"
