"""The evidence file for counsel: each claim with its grade, what it was made from, and how a third party checks it."""

from collections.abc import Iterator

from stillwatch.reports.briefs import campaigns, phrases
from stillwatch.reports.briefs.model import Brief, Material
from stillwatch.reports.sections import Section
from stillwatch.reports.strain import strain
from stillwatch.reports.wording import count, printable

MOST_CAMPAIGNS = 40  # in detail; `--campaign` chooses others

_WORDS = (
    "Campaign: a group of accounts that behave as one. It is no statement about a person or an organization.",
    (
        "Bits: log2 of odds. 0 is even, 10 is about 1,000 to 1. Evidence that resembles other evidence is capped, so a "
        "score orders campaigns and is no probability to be quoted in court."
    ),
    (
        "The line: the score from which a group is reported. The time at which it was passed is hindsight, from the "
        "whole log."
    ),
    (
        "p: the probability of a result like this or a stronger one if the model was trained without access to keyed "
        "answers. It is no probability of theft."
    ),
    "Grades of a verdict on a model: a lead is no evidence; corroborated is not shown; shown is told with its alpha.",
)


def brief(material: Material) -> Brief:
    """Write it."""
    return Brief(
        reader="counsel",
        title="Evidence file: coordinated copying of the model's answers",
        about=phrases.about(material),
        lead=tuple(_lead(material)),
        figures=(),
        sections=tuple(_sections(material)),
        handling="Confidential, for counsel. It holds pseudonyms of accounts and texts that customers sent.",
        generator=material.findings.generator,
    )


def _lead(material: Material) -> Iterator[str]:
    standing = material.findings.standing
    requests = sum(campaign.requests for campaign in standing)
    yield (
        f"{count(len(standing), 'campaign')} of {count(phrases.accounts(standing), 'account')} with "
        f"{count(requests, 'request')}. Each claim below has its grade, what it rests on, what speaks against it, and "
        "how somebody else can check it."
    )


def _sections(material: Material) -> Iterator[Section]:
    yield _claims(material)
    yield _sources(material)
    yield Section("How it was found, and how often that is wrong", points=tuple(_method(material)))
    shown = material.findings.standing[:MOST_CAMPAIGNS]
    for campaign in shown:
        yield from campaigns.sections(campaign, material.by_campaign.get(campaign.id))
    if left := len(material.findings.standing) - len(shown):
        told = f"{count(left, 'weaker campaign')} in the findings: name them with --campaign."
        yield Section("Further campaigns", (told,))
    if material.verdicts:
        from stillwatch.reports.briefs import verdicts  # noqa: PLC0415  needs what a verdict needs

        for verdict in material.verdicts:
            yield from verdicts.sections(verdict)
    yield from strain(material.impact.load)
    yield Section("What was done about all of them", points=tuple(phrases.done(material.measures)))
    yield Section("What speaks against, and what is not known", points=tuple(_against(material)))
    yield Section("How to check this", points=tuple(_check(material)))
    yield Section("Words", points=_WORDS)
    yield from (campaigns.accounts(campaign) for campaign in shown)


def _claims(material: Material) -> Section:
    of_campaigns = (
        (
            f"{count(len(campaign.accounts), 'account')} act together ({phrases.name(campaign)})",
            f"{phrases.odds(campaign)} for it",
            phrases.kinds(campaign.families),
            phrases.judged(campaign),
        )
        for campaign in material.findings.standing[:MOST_CAMPAIGNS]
    )
    of_models = (
        (
            printable(f"{verdict.suspect} was trained on answers that carried our keys"),
            {"none": "nothing shown", "lead": "a lead, no evidence"}.get(verdict.grade, verdict.grade),
            f"planned tests at alpha = {verdict.alpha:g}",
            f"verdict of {campaigns.moment(verdict.made)[:10]}",
        )
        for verdict in material.verdicts
    )
    return Section(
        "What is claimed, and how sure it is",
        (),
        ("claim", "grade", "rests on", "a person said"),
        (*of_campaigns, *of_models),
    )


def _sources(material: Material) -> Section:
    inputs, window = material.findings.inputs, material.findings.window
    notes = (f"The scan noted: {printable(note)}" for note in inputs.notes)
    return Section(
        "What it was made from",
        (
            (
                f"{count(inputs.files, 'file')} of the request log with {count(inputs.requests, 'request')} of "
                f"{count(inputs.accounts, 'account')}, from {campaigns.moment(window.start)} to "
                f"{campaigns.moment(window.end)} (UTC); {count(inputs.rejected, 'row')} could not be read. "
                f"{'An' if inputs.sign_up else 'No'} accounts table was given. Scanned with "
                f"{material.findings.generator}."
            ),
            *notes,
        ),
        ("file", "SHA-256"),
        tuple((printable(each.name), each.sha256) for each in material.sources),
    )


def _method(material: Material) -> Iterator[str]:
    yield (
        "Accounts are grouped by what they have in common and unrelated accounts do not; evidence is weighed for the "
        "group as a whole against everybody else in the same log. Nothing stronger than watching rests on one kind of "
        "evidence alone."
    )
    yield phrases.stronger_than_watching(material.findings.standing)
    yield phrases.errors(material)
    yield from (
        f"{each.name.capitalize()}, where that is from: {printable(each.source)}"
        for each in material.impact.assumptions
        if each.name in {"precision", "recall"}
    )
    yield phrases.NO_ORIGIN


def _against(material: Material) -> Iterator[str]:
    yield phrases.innocent(material.findings.standing)
    yield phrases.reviews(material.findings)
    yield "An account can be in the wrong group: those with few bits belong least surely."
    yield "A stolen key makes its owner a victim."
    yield "A reseller's customers may be in a campaign's accounts without knowing it."
    yield "That answers were taken does not show that a model was trained on them; tests of a model may."
    yield "Copies made from transcripts that were bought elsewhere leave no trace in this log."
    yield "The log is the provider's own; whoever doubts it needs the original files and their custody."


def _check(material: Material) -> Iterator[str]:
    yield "Compare the digests above with the files. `sha256sum FILE` prints a digest."
    yield (
        "`stillwatch scan LOGS --accounts ACCOUNTS -o again.json` with the same version, settings and key of "
        "pseudonyms gives the same findings; `stillwatch explain CAMPAIGN` shows how a score adds up."
    )
    if material.measures is not None:
        yield "`stillwatch decisions verify` reads the ledger of measures and names the first altered entry."
    if material.verdicts:
        yield (
            "`stillwatch probe verify BUNDLE` holds the bundle of a verdict against itself, offline; with the keys it "
            "computes every score anew from the raw answers."
        )
