"""The impact as Markdown (`stillwatch.reports.markdown`)."""

from stillwatch.reports.impact.document import ImpactDocument
from stillwatch.reports.impact.sections import sections, title
from stillwatch.reports.markdown import markdown


def report_markdown(document: ImpactDocument) -> str:
    """Write the whole report."""
    return markdown(title(document), sections(document), ending=document.generator)
