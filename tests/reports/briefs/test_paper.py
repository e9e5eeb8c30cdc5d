"""The briefs as pages and on paper."""

import dataclasses
import re
import shutil
import subprocess
import sys
import zlib

import pytest

from stillwatch.campaigns.findings import TextPart
from stillwatch.errors import ConfigError
from stillwatch.reports.briefs import counsel, executive, forum, policy
from stillwatch.reports.briefs.html import brief_html
from stillwatch.reports.document import Review, to_document, with_reviews
from stillwatch.reports.html import report_html
from stillwatch.reports.measures import Step
from stillwatch.reports.pdf import pdf
from stillwatch.response.model import Rung

from ...forensics import verdict_sample  # noqa: TID252  one sample for the document and its reports
from .conftest import MEASURES, made

HOSTILE = "</svg></script><script>alert(1)</script><img src=x onerror=f()>'\"&amp;{{7*7}}\u202e" + "long " * 40
poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="apt-get install poppler-utils")


def inside(content):
    """What is in a PDF, its streams unpacked."""
    streams = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return b"\n".join([content, *(zlib.decompressobj().decompress(each) for each in streams)])


def pages(content):
    """How many pages a PDF has, from the tree of pages in it."""
    return int(re.search(rb"/Type /Pages/.*?/Count (\d+)", inside(content))[1])


def printed(brief):
    return pdf(brief_html(brief, medium="paper"))


@pytest.fixture(scope="module")
def hostile(sample):
    """Material in which everything that a log, a plan or a person could bring is an attack, forty times."""
    team = sample.team()
    spoiled = dataclasses.replace(
        team,
        evidence=tuple(
            dataclasses.replace(e, says=HOSTILE, name=HOSTILE, family=HOSTILE, technique=HOSTILE) for e in team.evidence
        ),
        families=(HOSTILE,) * 9,
        accounts=(dataclasses.replace(team.accounts[0], account_id=HOSTILE), *team.accounts[1:]),
        lookalikes_considered=tuple(
            dataclasses.replace(each, name=HOSTILE, says=HOSTILE, fits=True) for each in team.lookalikes_considered
        ),
        shared_text=((TextPart(HOSTILE * 500, slot=False), TextPart(HOSTILE, slot=True)),),
    )
    many = tuple(dataclasses.replace(spoiled, id=f"c-{i}-'<script>&" + "x" * 60) for i in range(40))
    document = to_document(dataclasses.replace(sample.findings(), campaigns=many))
    review = Review(verdict="unsure", author=HOSTILE, reason=HOSTILE, at=sample.END, says=HOSTILE, stands=False)
    every = dataclasses.replace(MEASURES, steps=tuple(Step(rung, 123_456, 99_999) for rung in Rung if rung))
    verdict = verdict_sample.document()
    verdict = verdict.model_copy(update={"suspect": HOSTILE, "headline": verdict.headline.replace("vireo-2", HOSTILE)})
    return made(with_reviews(document, lambda _: review), measures=every, verdicts=(verdict, verdict, verdict))


@pytest.mark.parametrize("module", [executive, counsel, policy])
def test_the_page_has_no_script_and_loads_nothing(material, module):
    source = brief_html(module.brief(material))
    assert "<script" not in source
    assert "default-src 'none'; script-src;" in source
    assert re.findall(r"(?:src|href)=\"(?!#)[^\"]*", source) == []
    assert "url(" not in source
    assert source.count("<svg") >= (0 if module is policy else 1)


@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_what_a_log_brings_is_inert(hostile, medium):
    small = dataclasses.replace(
        hostile, findings=hostile.findings.model_copy(update={"campaigns": hostile.findings.campaigns[:2]})
    )
    for module in (executive, counsel, policy):
        source = brief_html(module.brief(small), medium=medium)
        assert "<script" not in source
        assert "<img" not in source
        assert "\u202e" not in source


def test_pictures_have_the_readers_colours_on_a_screen_and_fixed_ones_on_paper(material):
    brief = executive.brief(material)
    drawn = {
        medium: re.findall(r"<svg.*?</svg>", brief_html(brief, medium=medium), re.DOTALL)
        for medium in ("screen", "paper")
    }
    assert "var(--before)" in drawn["screen"][0]
    assert "var(" not in drawn["paper"][0]
    assert "#d55e00" in drawn["paper"][0]


def test_an_executive_gets_one_page(material, hostile, sample):
    assert pages(printed(executive.brief(material))) == 1
    assert pages(printed(executive.brief(hostile))) == 1
    assert pages(printed(executive.brief(made(to_document(sample.quiet()))))) == 1


def test_a_forum_gets_its_ranges_drawn(answers):
    source = brief_html(forum.brief(answers), medium="paper")
    assert source.count("<svg") == 3
    assert pages(pdf(source)) in {1, 2}


def test_the_same_brief_is_the_same_file_and_is_tagged_for_screen_readers(material):
    content = printed(policy.brief(material))
    assert content == printed(policy.brief(material))
    assert content.startswith(b"%PDF-1.")
    assert b"/MarkInfo" in inside(content)
    assert b"/JavaScript" not in inside(content)


@poppler
def test_the_paper_says_what_the_page_says(material, tmp_path):
    path = tmp_path / "brief.pdf"
    path.write_bytes(printed(policy.brief(material)))
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    words = " ".join(text.split())
    for section in policy.brief(material).sections:
        assert section.title in words
    assert "Actor 3" in words
    assert "stillwatch 1 of" in words


@poppler
@pytest.mark.slow
def test_the_whole_report_is_printed_with_its_charts(document, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf(report_html(document, medium="paper")))
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    words = " ".join(text.split())
    assert "Why we think so" in words
    assert "bits, added up; 0 is even odds" in words  # the axis of a waterfall: charts are text that can be searched
    assert "JavaScript" not in words


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'stillwatch[pdf]'")):
        pdf("<p>")


def test_nothing_is_fetched_whatever_a_page_asks_for(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>secret</text></svg>")
    content = pdf(f"<title>x</title><html lang=en><img src='{secret.as_uri()}' alt='a'><p>end")
    assert pages(content) == 1
    assert b"secret" not in inside(content)
