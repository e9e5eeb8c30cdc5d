"""From a page's view to HTML, JSON and CSV; texts that others wrote stay texts."""

import asyncio
import csv
import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import jinja2
import pytest

from stillwatch.web.asking import Download, NotThere, Page, Redirect
from stillwatch.web.files import Files
from stillwatch.web.model import Role
from stillwatch.web.rendering import CUT, Renderer, as_csv, visible

HOSTILE = "<script>alert(1)</script>\"'\u202eright to left\u200b\x00\x1b[2J\U000e0041"


@dataclass(frozen=True)
class Row:
    name: str
    number: float | None
    since: datetime
    role: Role
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    title: str
    rows: tuple[Row, ...]


ROW = Row(HOSTILE, 2.5, datetime(2026, 10, 1, tzinfo=UTC), Role.ANALYST, ("a", "b"))
TEMPLATE = """{% extends "base.html" %}{% block body %}<h1>{{ view.title }}</h1>
{% block the_rows %}{% for row in rows %}
<a href="/x{{ {'id': row.name} | query }}" title="{{ row.name }}">{{ row.name }}</a>
{% endfor %}{% endblock %}{% endblock %}"""


@pytest.fixture
def renderer():
    made = Renderer([("Queue", "/cases")], Files())
    made._templates.loader = jinja2.ChoiceLoader(  # noqa: SLF001 — a template beside the package's
        [jinja2.DictLoader({"trial.html": TEMPLATE}), made._templates.loader]  # noqa: SLF001
    )
    return made


@pytest.fixture
def page():
    return Page("trial.html", "Trial", View("Trial", (ROW,)), rows=(ROW,), headers=(("x-trial", "yes"),))


def sent(response):
    """All that a response sends."""

    async def met():
        return b"".join([piece async for piece in response.body_iterator])

    return asyncio.run(met())


def test_what_others_wrote_is_inert_and_seen(renderer, page, asked):
    response = renderer.render(asked(), page)
    text = response.body.decode()
    assert response.headers["x-trial"] == "yes"
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "[U+202E]right to left[U+200B][U+0000][U+001B][2J[U+E0041]" in text
    assert not {"\u202e", "\u200b", "\x00", "\x1b", "\U000e0041"} & set(text)
    assert 'href="/x?id=%3Cscript%3E' in text


def test_the_menu_is_for_those_who_are_signed_in_and_marks_where_one_is(renderer, page, asked):
    text = renderer.render(asked(path="/cases"), page).body.decode()
    assert '<a href="/cases" aria-current="page">Queue</a>' in text
    assert 'hx-headers:inherited=\'{"X-CSRF-Token": "secret of forms"}\'' in text


def test_htmx_gets_the_block_of_the_element_that_it_fills(renderer, page, asked):
    text = renderer.render(asked(part="the-rows"), page).body.decode()
    assert text.lstrip().startswith("<a href=")
    assert "<h1>" not in text
    assert "<h1>" in renderer.render(asked(part="elsewhere"), page).body.decode()


def test_a_page_is_also_json_with_all_that_it_shows(renderer, page, asked):
    request = asked()
    response = renderer.render(type(request)(**{**vars(request), "suffix": "json"}), page)
    assert response.media_type == "application/json"
    assert b'"role": 2' in response.body
    assert b'"since": "2026-10-01T00:00:00Z"' in response.body


def test_rows_are_csv_in_which_nothing_is_computed(renderer, page, asked):
    request = asked(path="/cases")
    response = renderer.render(type(request)(**{**vars(request), "suffix": "csv"}), page)
    assert response.headers["content-disposition"] == 'attachment; filename="cases.csv"'
    header, row = csv.reader(io.StringIO(sent(response).decode()))
    assert header == ["name", "number", "since", "role", "words"]
    assert row == [HOSTILE, "2.5", "2026-10-01T00:00:00+00:00", "analyst", '["a","b"]']


def test_rows_are_sent_while_they_are_read(renderer, page, asked):
    read = []
    rows = (read.append(number) or replace(ROW, number=number) for number in range(3_000))
    whole = type(page)(page.template, page.title, page.view, rows)
    response = renderer.render(replace(asked(), suffix="csv"), whole)
    assert len(read) < 1_000
    assert sent(response).count(b"\r\n") == len(read) + 1 == 3_001


def test_what_goes_wrong_before_the_first_rows_can_still_be_told(renderer, page, asked):
    def rows():
        raise NotThere("gone")
        yield ROW

    with pytest.raises(NotThere):
        renderer.render(replace(asked(), suffix="csv"), type(page)(page.template, page.title, page.view, rows()))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_formula_is_a_text_with_an_apostrophe(start):
    rows = [Row(f"{start}1+1", None, ROW.since, Role.VIEWER)]
    assert f"'{start}1+1" in b"".join(as_csv(rows)).decode()


def test_a_page_without_rows_has_no_csv(renderer, page, asked):
    request = asked()
    bare = type(page)(page.template, page.title, page.view)
    with pytest.raises(NotThere):
        renderer.render(type(request)(**{**vars(request), "suffix": "csv"}), bare)
    assert list(as_csv(())) == []


def test_redirects_and_files(renderer, asked):
    to = renderer.render(asked(), Redirect("/cases/c-1", (("set-cookie", "a=1"), ("set-cookie", "b=2"))))
    assert (to.status_code, to.headers["location"], to.headers.getlist("set-cookie")) == (
        303,
        "/cases/c-1",
        ["a=1", "b=2"],
    )
    file = renderer.render(asked(), Download(b"%PDF", "application/pdf", 'a"b/\r\n.pdf'))
    assert file.headers["content-disposition"] == 'attachment; filename="a-b---.pdf"'


def test_five_megabytes_are_cut_on_the_server():
    text = visible("x" * 5_000_000)
    assert len(text) < CUT + 100
    assert text.endswith("… (4,980,000 characters more)")
    assert visible("twelve words", 6) == "twelve … (6 characters more)"
    assert visible("line\n\ttab é 漢字 👋") == "line\n\ttab é 漢字 👋"
