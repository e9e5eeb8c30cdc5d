"""One page for a board or an executive: what is known, how sure, on what, what was done, what it cost whom."""

from collections.abc import Iterator

from stillwatch.reports import charts, wording
from stillwatch.reports.briefs import phrases
from stillwatch.reports.briefs.model import Brief, Figure, Material
from stillwatch.reports.impact.charts import load_chart
from stillwatch.reports.sections import Section, Spec
from stillwatch.reports.wording import count, share

MOST, MOST_VERDICTS = 4, 2  # campaigns and verdicts: the page is one page
_UNKNOWN = (
    "Who stands behind the accounts. Country, language and nationality are never evidence.",
    "Copies made from transcripts that were bought elsewhere: they leave no trace in this log.",
)
_HEIGHT = 90  # pixels of the picture


def brief(material: Material) -> Brief:
    """Write it."""
    found = bool(material.findings.standing)
    return Brief(
        reader="executive",
        title="Copying of the model through its API: brief",
        about=phrases.about(material),
        lead=(_lead(material),),
        figures=tuple(_figures(material)) if found else (),
        sections=tuple(_sections(material)) if found else (_nothing(),),
        handling="Internal. It holds no account and no text of a customer.",
        generator=material.findings.generator,
    )


def _lead(material: Material) -> str:
    standing = material.findings.standing
    if not standing:
        return "No campaign was found: nothing in this log suggests that somebody copies the model."
    requests = sum(campaign.requests for campaign in standing)
    before = share(sum(campaign.requests_before_crossing for campaign in standing), requests)
    return (
        f"{count(phrases.accounts(standing), 'account')} act together in {count(len(standing), 'group')} and took "
        f"{count(requests, 'answer')} of the model. {before} of these were served before the evidence sufficed."
    )


def _figures(material: Material) -> Iterator[Figure]:
    findings, load = material.findings, material.impact.load
    answers, price = (phrases.estimate(material, "found", name) for name in ("answers", "list_price"))
    missed = phrases.between(phrases.estimate(material, "all", "answers"))
    accounts = phrases.accounts(findings.standing)
    yield Figure(
        f"{len(findings.standing):,}",
        "campaigns" if len(findings.standing) != 1 else "campaign",
        f"counted: {count(accounts, 'account')} of {findings.inputs.accounts:,} in the log",
    )
    yield Figure(phrases.between(answers), "answers taken", f"estimated; {missed} with what detection misses")
    yield Figure(phrases.between(price), "at list price", "estimated, on prices that are assumed")
    yield Figure(
        share(load.campaigns_requests, load.everybody_requests),
        "of all requests",
        f"counted: {load.campaigns_requests:,} of {load.everybody_requests:,}",
    )


def _sections(material: Material) -> Iterator[Section]:
    yield _campaigns(material)
    standing = material.findings.standing
    sure = (
        phrases.stronger_than_watching(standing),
        phrases.reviews(material.findings),
        phrases.innocent(standing),
        phrases.errors(material),
    )
    yield Section("How sure this is", points=sure)
    yield Section("Was a model trained on them?", points=tuple(_trained(material)))
    yield Section("What was done", points=tuple(phrases.done(material.measures, brief=True)))
    yield Section("What it cost, and whom", points=tuple(_cost(material)))
    yield Section("What is not known", points=_UNKNOWN)


def _campaigns(material: Material) -> Section:
    standing = material.findings.standing
    more = len(standing) - MOST
    rest = (f"The {MOST} strongest; {more:,} more in the report.",) if more > 0 else ()
    return Section(
        "What is known",
        rest,
        ("campaign", "odds for it", "evidence", "accounts", "answers", "since", "a person said"),
        tuple(
            (
                phrases.name(campaign),
                phrases.odds(campaign),
                phrases.kinds(campaign.families[:5]),
                f"{len(campaign.accounts):,}",
                f"{campaign.requests:,}",
                wording.day(campaign.first_seen),
                phrases.judged(campaign),
            )
            for campaign in standing[:MOST]
        ),
        frozenset({3, 4}),
        (_picture(material),),
    )


def _picture(material: Material) -> tuple[Spec, str]:
    """Load by hour where the findings have it; else when each campaign was active."""
    hours = material.impact.load.by_hour
    if hours:
        return load_chart(hours) | {"height": _HEIGHT}, "Requests by hour, of the campaigns and of everybody else."
    shown = charts.overview(material.findings.standing[:MOST])
    return shown | {
        "height": 20 * len(material.findings.standing[:MOST])
    }, "When each campaign was active, before and after the evidence sufficed."


def _cost(material: Material) -> Iterator[str]:
    replaced, hours = (phrases.estimate(material, "found", name) for name in ("replacement_cost", "teacher_hours"))
    yield (
        f"Examples like these cost {phrases.between(replaced)} from somebody else; answering them took "
        f"{phrases.between(hours)} of an accelerator (5% to 95% quantiles, on stated assumptions)."
    )
    yield from phrases.load(material)
    yield "These measure different things and are not added up. Lost sales and avoided research are in no log."


def _trained(material: Material) -> Iterator[str]:
    yield from phrases.trained(material.verdicts[:MOST_VERDICTS], named=True)
    if not material.verdicts:
        yield "Not told: no forensic verdict came with this brief. That answers were taken does not show it."


def _nothing() -> Section:
    return Section(
        "What that means",
        points=(
            "Small or slow campaigns can lie below what this log tells; so can copies made from bought transcripts.",
            "Where the log lacks columns, evidence is blind: the report says which.",
        ),
    )
