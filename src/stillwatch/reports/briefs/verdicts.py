"""A forensic verdict as sections of a brief: its grade, what the grade needs, what was found, custody, what it is not.

for section in sections(verdict): ...
"""

from collections.abc import Iterable, Iterator

from stillwatch.forensics.verdict import VerdictDocument
from stillwatch.reports.sections import Section
from stillwatch.reports.verdict import charts, figures
from stillwatch.reports.wording import day, printable


def sections(document: VerdictDocument) -> Iterator[Section]:
    """Everything that somebody who doubts it would ask for."""
    yield _summary(document)
    for heading, requirements in figures.needs(document):
        rows = tuple(("met" if each.met else "not met", each.wants, printable(each.says)) for each in requirements)
        if rows:
            yield Section(heading, (), ("", "what it wants", "what there is"), rows, level=3)
    yield _found(document)
    yield _listed("What was not tested", document.not_tested)
    yield _listed("What this does not say", document.limits)
    yield _listed("Other explanations", (f"{each.name.capitalize()}. {each.says}" for each in document.alternatives))
    yield _listed("The evidence, from first to last", map(figures.event, document.timeline))
    if document.departures:
        yield _listed("Departures from the plan", document.departures)


def _summary(document: VerdictDocument) -> Section:
    plan = f"Plan SHA-256 {document.plan}. Commitment to the keys: {document.commitments or 'none'}."
    reruns = "; ".join(
        f"{each.by} scored the same answers again{', blindly' if each.blinded else ''}, "
        f"{'and found the same' if not each.differs else f'and differs in {len(each.differs):,} results'}"
        for each in document.reruns
    )
    return Section(
        f"Was {printable(document.suspect)} trained on our answers?",
        (
            f"{figures.GRADES[document.grade].capitalize()}. {printable(document.headline)}",
            printable(" ".join(document.says)),
            f"How to read p: {document.p_says}",
            (
                f"Plan by {printable(document.author)}; verdict of {day(document.made)}, signed by "
                f"{document.by or 'nobody'}. {plan}"
            ),
            f"Run again by others: {printable(reruns) or 'not yet'}.",
        ),
        charts=((chart, "The p of each key, beside keys that nobody used."),)
        if (chart := charts.keys(document))
        else (),
        page=True,
    )


def _found(document: VerdictDocument) -> Section:
    headings = ("test", "key", "marked answers to", "scored", "rate (95% interval)", "by chance", "p", "p, adjusted")
    return Section(
        "What each key says",
        ("Adjusted p count all keys and tests of the plan (Holm 1979).",),
        headings,
        tuple(tuple(map(printable, _cells(row))) for row in figures.keys(document)),
        frozenset({3, 4, 5, 6, 7}),
        level=3,
    )


def _cells(row: figures.KeyRow) -> tuple[str, ...]:
    campaign = row.campaign or "everybody"
    return row.test, row.key, campaign, row.n, row.rate, row.chance, row.p, row.adjusted


def _listed(title: str, sentences: Iterable[str]) -> Section:
    return Section(title, points=tuple(map(printable, sentences)), level=3)
