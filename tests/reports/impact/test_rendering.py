"""What a reader sees, in the terminal, in Markdown and on a page."""

import dataclasses
import html.parser
import re

import pytest
from rich.console import Console

from stillwatch.reports.document import to_document
from stillwatch.reports.impact.assessment import assess
from stillwatch.reports.impact.assumptions import load
from stillwatch.reports.impact.charts import BARS, load_chart
from stillwatch.reports.impact.html import report_html
from stillwatch.reports.impact.markdown import report_markdown
from stillwatch.reports.impact.sections import amount, sections, title
from stillwatch.reports.impact.terminal import summary

HOSTILE = "</script><script>alert(1)</script> [red]|`x`\u202e\x1b[31m"


def terminal(document):
    console = Console(width=100, highlight=False, markup=False, emoji=False, color_system=None)
    with console.capture() as captured:
        console.print(summary(document))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


@pytest.fixture(scope="module")
def hostile(findings):
    campaign = findings.campaigns[0]
    taken = (campaign.taken[0].model_copy(update={"model": HOSTILE}), *campaign.taken[1:])
    spoiled = campaign.model_copy(update={"taken": taken})
    return assess(findings.model_copy(update={"campaigns": (spoiled,)}), load(None))


def test_the_terminal_has_not_changed(impact, golden):
    golden("impact.txt", terminal(impact))


def test_the_markdown_has_not_changed(impact, golden):
    golden("impact.md", report_markdown(impact))


def test_nothing_found_is_said_and_the_load_is_shown(sample):
    document = assess(to_document(sample.quiet()), load(None))
    assert title(document) == "Impact of no campaign, 1 Sep 2026 to 30 Sep 2026"
    assert [section.title for section in sections(document)] == [
        "Load on the service, as the log has it",
        "What this does not say",
    ]
    assert "$" not in terminal(document)


def test_every_row_has_a_cell_for_every_heading(impact):
    for section in sections(impact):
        assert {len(row) for row in section.rows} <= {len(section.headings)}, section.title
        assert all(place < len(section.headings) for place in section.numbers)


def test_a_page_has_the_tables_and_the_charts(impact):
    page = re.sub(r"<script>.*?</script>", "", report_html(impact), flags=re.DOTALL)
    assert page.count("<table>") == sum(bool(section.headings) for section in sections(impact))
    assert page.count('<figure class="chart') == 6 + 1
    assert "http" not in page.replace("http-equiv", "")


def test_a_models_name_is_text_everywhere(hostile):
    class Tags(html.parser.HTMLParser):
        found: list[str]

        def handle_starttag(self, tag, _attrs):
            self.found.append(tag)

    tags = Tags()
    tags.found = []
    tags.feed(report_html(hostile))
    assert tags.found.count("script") == 2 + 7, "the page's own two, and the charts' data"
    for text in (report_html(hostile), report_markdown(hostile), terminal(hostile)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "[red]" in terminal(hostile)
    row = next(line for line in report_markdown(hostile).splitlines() if "alert" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert "<script" not in row.replace("\\<", "")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (624_300.0, "US dollars", "$624.3 k"),
        (0.0, "US dollars", "$0"),
        (2.42e10, "tokens", "24.2 G"),
        (1.1e22, "FLOP", "1.1e22"),
        (7350.0, "hours", "7.3 k h"),
        (0.568, "hours", "0.568 h"),
        (12.0, "answers", "12"),
    ],
)
def test_figures_are_worded(value, unit, said):
    assert amount(value, unit) == said


def test_the_chart_of_the_load_stands_bar_on_bar(impact):
    values = load_chart(impact.load.by_hour)["data"]["values"]
    assert len({value["from"] for value in values}) <= BARS
    assert sum(value["requests"] for value in values) == sum(hour.everybody for hour in impact.load.by_hour)
    for lower, upper in zip(values[::2], values[1::2], strict=True):
        assert (lower["whose"], upper["whose"]) == ("campaigns", "everybody else")
        assert lower["low"] == 0
        assert lower["high"] == upper["low"] <= upper["high"]


def test_one_campaign_is_not_told_twice(findings):
    one = assess(findings.model_copy(update={"campaigns": findings.campaigns[:1]}), load(None))
    first = next(sections(one))
    assert [row[0] for row in first.rows] == [findings.campaigns[0].id]
    assert dataclasses.is_dataclass(first)
