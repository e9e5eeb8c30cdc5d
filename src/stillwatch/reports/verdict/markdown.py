"""A verdict as Markdown, for a ticket or a memorandum.

    path.write_text(verdict_markdown(document))

Whatever a plan or a model brings is escaped: it can neither end a table nor become markup.
"""

import re
from collections.abc import Iterable, Iterator

from stillwatch.forensics.verdict import VerdictDocument
from stillwatch.reports.verdict import figures
from stillwatch.reports.wording import day, printable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&$])")


def verdict_markdown(document: VerdictDocument) -> str:
    """Render the whole verdict."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: VerdictDocument) -> Iterator[str]:
    yield f"# {_plain(document.title)}"
    yield ""
    yield f"On {_plain(document.suspect)}. Plan by {_plain(document.author)}; verdict of {day(document.made)}."
    yield ""
    yield f"**{figures.GRADES[document.grade].capitalize()}.** {_plain(' '.join((document.headline, *document.says)))}"
    yield ""
    yield f"> {document.p_says}"
    for heading, requirements in figures.needs(document):
        yield from _section(heading)
        for each in requirements:
            yield f"- **{'Met' if each.met else 'Not met'}.** {each.wants} {_plain(each.says)}"
    yield from _found(document)
    yield from _campaigns(document)
    yield from _controls(document)
    yield from _listed("What was tested", document.tested or ("Nothing that has a result.",))
    yield from _listed("What was not tested", document.not_tested)
    yield from _listed("What this does not say", document.limits)
    alternatives = (f"{each.name.capitalize()}. {each.says}" for each in document.alternatives)
    yield from _listed("Other explanations of such a result", alternatives)
    yield from _listed("Leads, which are no evidence", map(figures.lead, document.leads))
    yield from _listed("The evidence, from first to last", map(figures.event, document.timeline))
    yield from _listed("Departures from the plan", document.departures)
    yield ""
    yield f"Plan {document.plan}; commitment {document.commitments or 'none'}; {document.generator}."


def _found(document: VerdictDocument) -> Iterator[str]:
    yield from _section(f"What was found of {_plain(document.suspect)}")
    headings = ("test", "key", "marked answers to", "scored", "rate (95 % interval)", "by chance", "p", "p, adjusted")
    rows = figures.keys(document)
    if rows:
        cells = (
            (each.test, each.key, each.campaign or "everybody", each.n, each.rate, each.chance, each.p, each.adjusted)
            for each in rows
        )
        yield from _table(headings, cells)
    problems = [f"{each.test} has no result: {each.problem}" for each in figures.of_suspect(document) if each.problem]
    estimates = [f"{each.test}: {each.says}" for each in document.estimates]
    if problems or estimates:
        yield ""
        yield from (f"- {_plain(each)}" for each in (*problems, *estimates))


def _campaigns(document: VerdictDocument) -> Iterator[str]:
    if document.campaigns:
        yield from _section("Whose answers")
        rows = ((each.id, figures.accounts(each), each.says) for each in document.campaigns)
        yield from _table(("campaign", "accounts", "what its keys say"), rows)


def _controls(document: VerdictDocument) -> Iterator[str]:
    controls = figures.others(document)
    if controls:
        yield from _section("Models beside the suspect")
        tests = [f"{name}, p adjusted" for name in figures.with_results(document)]
        rows = (
            (each.id, figures.role(each), each.released or "unknown", *(row.adjusted if row else "" for row in found))
            for each, found in controls
        )
        yield from _table(("model", "role", "released", *tests), rows)


def _section(heading: str) -> Iterator[str]:
    yield from ("", f"## {heading}", "")


def _listed(heading: str, sentences: Iterable[str]) -> Iterator[str]:
    lines = [f"- {_plain(each)}" for each in sentences]
    if lines:
        yield from (*_section(heading), *lines)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    headings = [*headings]
    yield f"| {' | '.join(headings)} |"
    yield "|---" * len(headings) + "|"
    yield from (f"| {' | '.join(map(_plain, row))} |" for row in rows)


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(printable(text).split()))
