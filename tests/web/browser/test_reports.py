"""Reports and briefs as pages: what axe-core says of them, in light and dark, on a sheet and on a phone."""

import pytest

from stillwatch.exchange.statistics.ledger import Answer
from stillwatch.exchange.statistics.ledger import Ledger as Answers

LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 375, "height": 800}, "is_mobile": True},
}
READERS = ("executive", "counsel", "policy", "forum")


@pytest.fixture(scope="module")
def pages(template, tmp_path_factory):
    """The report and the briefs of the sample, by name."""
    folder = tmp_path_factory.mktemp("reports")
    told = Answer(topic="campaigns", period="2026Q3", epsilon=1.0, within=36, cells={"campaigns": "10-99"})
    (folder / "2026Q3.json").write_text(Answers(answers=(told,)).model_dump_json(), encoding="utf-8")
    for reader in READERS:
        of = folder / "2026Q3.json" if reader == "forum" else "findings.json"
        template.stillwatch("report", "--for", reader, "-f", "html", str(of), "-o", str(folder / f"{reader}.html"))
    template.stillwatch("report", "-f", "html", "findings.json", "-o", str(folder / "report.html"))
    return folder


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", [*READERS, "report"])
def test_anybody_can_read_it(pages, chromium, faults, name, look):
    context = chromium.new_context(**LOOKS[look])
    try:
        page = context.new_page()
        page.goto((pages / f"{name}.html").as_uri(), wait_until="networkidle")
        assert page.locator("h1").count() == 1
        found = faults(page)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "it is wider than the window"
    finally:
        context.close()
    assert not found, "\n".join(found)
