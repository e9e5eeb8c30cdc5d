"""A page as PDF, by WeasyPrint: tagged for screen readers (PDF/UA), nothing loaded, the same bytes for the same page.

path.write_bytes(pdf(report_html(document, medium="paper")))
"""

import logging
from typing import Any

from stillwatch.errors import ConfigError

PANGO = "apt-get install libpango-1.0-0 libpangoft2-1.0-0"


def pdf(source: str) -> bytes:
    """Print a page.

    Args:
        source: HTML of `stillwatch.reports.page`, with its charts as pictures.

    Raises:
        ConfigError: the extra `pdf` is not installed, or Pango, the library of the system that it sets text with.
    """
    weasyprint = _weasyprint()

    class Nothing(weasyprint.urls.URLFetcher):  # type: ignore[misc,name-defined]  # imported late
        """Whatever a page would load is not there."""

        def fetch(self, url: str, headers: object = None) -> object:  # noqa: ARG002  WeasyPrint's
            raise ValueError("a report loads nothing")

    made: bytes = weasyprint.HTML(string=source, url_fetcher=Nothing()).write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=b"stillwatch"
    )
    return made


def _weasyprint() -> Any:  # noqa: ANN401  a module
    try:
        import weasyprint  # noqa: PLC0415 — the extra may be missing, and takes half a second
    except ModuleNotFoundError as missing:
        hint = f"pip install 'stillwatch[pdf]', and Pango: {PANGO}"
        raise ConfigError(f"PDF needs {missing.name}, which is not installed.", hint=hint) from None
    except OSError as missing:
        raise ConfigError("PDF needs Pango, which is not installed.", hint=PANGO) from missing
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # of CSS that is for screens
    return weasyprint
