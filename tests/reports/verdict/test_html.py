"""The page: complete, readable without JavaScript, and closed to whatever a model or a plan brings."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from stillwatch.forensics.facts import Lead
from stillwatch.reports.verdict.html import verdict_html

from ..test_html import HOSTILE, Page  # noqa: TID252  one attack and one reader for all pages

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def source(document):
    return verdict_html(document)


@pytest.fixture(scope="module")
def hostile(sample):
    """A verdict in which everything that somebody else wrote is an attack."""
    first, *rest = sample.suspect()
    document = sample.document(
        suspect=(first, replace(rest[0], keys=(), problem=HOSTILE), *rest[1:]),
        leads=(Lead("style", HOSTILE, None, 0),),
        departures=(HOSTILE,),
    )
    subjects = tuple(each.model_copy(update={"why": HOSTILE, "source": HOSTILE}) for each in document.subjects)
    campaigns = tuple(each.model_copy(update={"id": HOSTILE}) for each in document.campaigns)
    changes = {"title": HOSTILE, "author": HOSTILE, "subjects": subjects, "campaigns": campaigns}
    return verdict_html(document.model_copy(update=changes))


def test_everything_of_the_document_is_on_the_page(source, document):
    text = Page(source).text
    for sentence in (*document.tested, *document.not_tested, *document.limits, *document.says, document.headline):
        assert sentence in text
    for each in (*document.requirements, *document.instead):
        assert f"{each.wants} {each.says}" in text
    assert all(each.says in text for each in (*document.alternatives, *document.timeline, *document.campaigns))
    assert all(each.id in text and each.why in text for each in document.subjects)
    assert document.p_says in text
    assert document.plan in text


def test_every_requirement_is_marked_in_words(source):
    assert len(re.findall(r'<li class="met"><span class="mark">met<', source)) == 12
    assert len(re.findall(r'<li class="unmet"><span class="mark">not met<', source)) == 1


def test_it_loads_nothing(source):
    page = Page(source)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.elements)
    assert not [a for a in page.attributes if a[1] in {"src", "srcset", "action"}]


def test_what_others_wrote_stays_text(hostile):
    page = Page(hostile)
    assert page.elements.count("script") == 2 + len(page.islands)
    assert "img" not in page.elements
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert "\u202e" not in hostile
    visible = HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    assert page.text.count(visible) > 30


def test_every_table_has_a_caption_and_every_chart_words(source):
    page = Page(source)
    assert page.elements.count("table") == page.elements.count("caption")
    drawings = [value for tag, name, value in page.attributes if tag == "div" and name == "aria-label"]
    assert len(drawings) == page.elements.count("figure") == 5
    assert all(len(words) > 40 for words in drawings)


def test_where_nothing_was_shown(sample):
    bare = sample.document(suspect=(), controls={}, positives={}, committed=False, leads=(), reruns=(), campaigns=())
    page = Page(verdict_html(bare))
    assert "Nothing was shown of vireo-2. That is no finding of innocence." in page.text
    assert page.islands == []
    assert "is not estimated" in page.text


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")
@pytest.mark.slow
@pytest.mark.parametrize("which", ["source", "hostile"])
def test_a_browser_draws_every_chart_without_complaint(tmp_path, request, which):
    (tmp_path / "verdict.html").write_text(request.getfixturevalue(which), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    page = (tmp_path / "verdict.html").as_uri()
    ran = subprocess.run([CHROMIUM, *flags, page], capture_output=True, text=True, timeout=120, check=True)
    assert [line for line in ran.stderr.splitlines() if ":CONSOLE" in line] == []
    figures = re.findall(r"<figure.*?</figure>", ran.stdout, flags=re.DOTALL)
    assert all("<svg" in each for each in figures)
    assert len(figures) == (5 if which == "source" else 3)
    assert 'id="owned"' not in ran.stdout
