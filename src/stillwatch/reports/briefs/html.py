"""A brief as one HTML file without a script, its charts as pictures; the same page is printed as PDF.

path.write_text(brief_html(brief))
path.write_bytes(pdf(brief_html(brief, medium="paper")))
"""

from stillwatch.reports.briefs.model import Brief
from stillwatch.reports.page import page
from stillwatch.reports.pictures import Medium


def brief_html(brief: Brief, *, medium: Medium = "screen") -> str:
    """Render a brief.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    return page("brief.html", styles=("brief.css",), medium=medium, title=brief.title, brief=brief)
