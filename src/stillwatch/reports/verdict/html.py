"""A verdict as one HTML file that opens offline (`stillwatch.reports.page`), for people who did not run the tests.

    path.write_text(verdict_html(document))

Every figure of a chart stands in a table too, for paper and for those who do not see the charts.
"""

from stillwatch.forensics.verdict import VerdictDocument
from stillwatch.reports.page import page
from stillwatch.reports.pictures import Medium
from stillwatch.reports.verdict import charts, figures


def verdict_html(document: VerdictDocument, *, medium: Medium = "script") -> str:
    """Render the whole verdict.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    tests = [each.test for each in figures.of_suspect(document) if each.keys]
    return page(
        "verdict.html",
        medium=medium,
        title=document.title,
        document=document,
        grade=figures.GRADES[document.grade],
        alpha=figures.alpha(document),
        needs=figures.needs(document),
        keys=figures.keys(document),
        others=figures.others(document),
        by_key=charts.keys(document),
        by_test=[(name, charts.subjects(document, name), charts.rates(document, name)) for name in tests],
        results=figures.of_suspect(document),
        tests={each.name: each for each in document.tests},
        figures=figures,
    )
