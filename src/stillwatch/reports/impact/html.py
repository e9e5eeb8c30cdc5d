"""The impact as one HTML file that opens offline (`stillwatch.reports.page`)."""

from stillwatch.reports.impact.document import ImpactDocument
from stillwatch.reports.impact.sections import sections, title
from stillwatch.reports.page import page
from stillwatch.reports.pictures import Medium


def report_html(document: ImpactDocument, *, medium: Medium = "script") -> str:
    """Render the whole report.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    return page(
        "impact.html",
        medium=medium,
        title=title(document),
        generator=document.generator,
        sections=list(sections(document)),
    )
