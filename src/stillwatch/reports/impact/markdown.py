"""The impact as Markdown (CommonMark with GitHub's tables)."""

import re
from collections.abc import Iterable, Iterator

from stillwatch.reports.impact.document import ImpactDocument
from stillwatch.reports.impact.sections import Section, sections, title

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&$])")


def report_markdown(document: ImpactDocument) -> str:
    """Write the whole report."""
    parts = [f"# {_plain(title(document))}", *("\n\n".join(_written(each)) for each in sections(document))]
    return "\n\n".join(parts) + f"\n\n{_plain(document.generator)}\n"


def _written(section: Section) -> Iterator[str]:
    yield f"## {_plain(section.title)}"
    if section.headings:
        yield from map(_plain, section.says)
        rules = ("---:" if place in section.numbers else "---" for place in range(len(section.headings)))
        yield "\n".join(
            [_row(map(_plain, section.headings)), _row(rules), *(_row(map(_plain, r)) for r in section.rows)]
        )
    else:
        yield "\n".join(f"- {_plain(sentence)}" for sentence in section.says)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Text that is read as it stands: names of models are other people's words."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
