import dataclasses
import html.parser
import json
import re
import shutil
import subprocess
import sys

import pytest

from stillwatch.campaigns.findings import Link, TextPart
from stillwatch.errors import ConfigError, InputError
from stillwatch.reports import charts
from stillwatch.reports import page as page_module
from stillwatch.reports.document import Review, to_document, with_reviews
from stillwatch.reports.html import ROWS, campaign_html, report_html

HOSTILE = (
    "</script><script>document.documentElement.id='owned'</script><img src=x onerror=\"f('x')\">"
    "'\"&amp;<!-- {{7*7}}\u202e"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page(html.parser.HTMLParser):
    """The elements, attributes, scripts and text of a page."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.attributes, self.scripts, self.texts, self.inside = [], [], [], [], None
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self.inside = dict(attrs).get("type", "code") if tag == "script" else None

    def handle_endtag(self, _tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.scripts.append((self.inside, data))
        else:
            self.texts.append(data)

    @property
    def islands(self):
        return [json.loads(content) for kind, content in self.scripts if kind == "application/json"]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def source(document):
    return report_html(document)


@pytest.fixture(scope="module")
def hostile(sample):
    """A document in which everything that a log could bring is an attack."""
    team = sample.team()
    parts = ((TextPart(HOSTILE, slot=False), TextPart(HOSTILE, slot=True)),)
    spoiled = dataclasses.replace(
        team,
        evidence=tuple(
            dataclasses.replace(e, says=HOSTILE, name=HOSTILE, family=HOSTILE, technique=HOSTILE) for e in team.evidence
        ),
        families=(HOSTILE,),
        accounts=(dataclasses.replace(team.accounts[0], account_id=HOSTILE), *team.accounts[1:]),
        lookalikes_considered=tuple(
            dataclasses.replace(each, name=HOSTILE, says=HOSTILE) for each in team.lookalikes_considered
        ),
        links=(Link(HOSTILE, HOSTILE, (HOSTILE, "b")),),
        shared_text=parts,
        id="c-'\"><script>",
    )
    findings = sample.findings()
    inputs = dataclasses.replace(findings.inputs, notes=(HOSTILE,))
    document = to_document(dataclasses.replace(findings, campaigns=(spoiled,), inputs=inputs))
    review = Review(verdict="unsure", author=HOSTILE, reason=HOSTILE, at=sample.END, says=HOSTILE)
    return report_html(with_reviews(document, lambda _: review))


def crowd(sample, campaigns, accounts):
    """Many campaigns of many accounts."""
    pool = sample.pool()
    members = tuple(
        dataclasses.replace(pool.accounts[i % 212], account_id=sample.token("m", i)) for i in range(accounts)
    )
    links = sample.shared(members, "sign_up", "payment", [9] * 60) + sample.shared(
        members, "time", "hand-over", [3] * 40
    )
    many = tuple(
        dataclasses.replace(pool, id=f"c-{i:04}", accounts=members, links=links, requests=10**7)
        for i in range(campaigns)
    )
    return to_document(dataclasses.replace(sample.findings(), campaigns=many))


def test_everything_of_each_campaign_is_on_the_page(source, document):
    text = Page(source).text
    for campaign in document.campaigns:
        assert f"{campaign.requests:,} answers" in text
        assert all(evidence.says in text for evidence in campaign.evidence)
        assert all(lookalike.says in text for lookalike in campaign.lookalikes_considered)
        assert campaign.accounts[0].account_id in text
    assert all(note in text for note in document.inputs.notes)
    assert "3 campaigns found" in text


def test_the_slots_of_a_shared_text_are_marked(source):
    marked = re.findall(r"<mark title[^>]*>([^<]*)</mark>", source)
    assert marked[:3] == ["48213", "A cold store loses 3 degrees in the first hour …", "…"]


def test_it_loads_nothing(source):
    page = Page(source)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.elements)
    assert not [a for a in page.attributes if a[1] in {"src", "srcset", "action"}]
    assert all(value.startswith("#") for _tag, name, value in page.attributes if name == "href")
    assert "url(" not in page_module._packaged("style.css")  # noqa: SLF001
    assert "@import" not in page_module._packaged("style.css")  # noqa: SLF001


def test_the_policy_allows_the_two_scripts_of_the_page_and_no_network(source):
    page = Page(source)
    policy = next(value for _tag, name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    code = [content for kind, content in page.scripts if kind == "code"]
    assert re.findall(r"'(sha256-[^']+)'", policy) == [page_module._digest(script) for script in code]  # noqa: SLF001
    assert len(code) == 2


def test_it_is_small_enough_to_send(source, sample):
    assert len(source.encode()) < 3e6
    assert len(report_html(crowd(sample, 12, 750)).encode()) < 3e6


def test_what_a_log_brings_stays_text(hostile):
    page = Page(hostile)
    assert page.elements.count("script") == 2 + len(page.islands)
    assert "img" not in page.elements
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert not [a for a in page.attributes if a[1] == "id" and a[2] == "owned"]
    assert "\u202e" not in hostile
    visible = HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    assert hostile.count(visible) == 0
    assert page.text.count(visible) >= 8
    assert any(visible in json.dumps(island, ensure_ascii=False).replace('\\"', '"') for island in page.islands)


def test_an_innocent_page_says_so_and_has_no_charts(sample):
    page = Page(report_html(to_document(sample.quiet())))
    assert "No campaign found" in page.text
    assert "No accounts table was given" in page.text
    assert page.islands == []


def test_a_campaign_has_a_page_of_its_own(document):
    page = Page(campaign_html(document, "c-b0"))
    ids = [value for tag, name, value in page.attributes if tag == "details" and name == "id"]
    assert ids == ["c-b07e55d1"]
    assert "640 accounts acted together" in page.text
    assert "c-3f9a1b72" not in page.text


def test_a_campaign_that_is_not_there(document):
    with pytest.raises(InputError, match="no campaign"):
        campaign_html(document, "c-nothing")


def test_a_rejected_campaign_is_marked_and_not_counted(sample, document):
    review = Review(verdict="rejected", author="ana", reason="Our own evaluation.", at=sample.END)
    page = Page(report_html(with_reviews(document, lambda c: review if c.severity == "medium" else None)))
    assert "2 campaigns found" in page.text
    assert "1 campaign rejected earlier" in page.text
    assert "Rejected by ana on 30 Sep 2026: Our own evaluation." in page.text


def test_many_campaigns_begin_folded_and_crowds_are_capped(sample):
    source = report_html(crowd(sample, 8, 750))
    page = Page(source)
    assert source.count("<details") == 8
    assert len(re.findall(r"<details[^>]* open>", source)) == 1
    assert source.count("Show all 750 accounts") == 8
    tables = [island for island in page.islands if isinstance(island, list)]
    assert [len(table) for table in tables] == [750] * 8
    assert "Shown are the 120 best connected accounts" in page.text
    assert source.count("<tr><td>") == 8 * ROWS


def test_a_long_text_is_cut(sample):
    parts = ((TextPart("a" * 3990, slot=False), TextPart("b" * 100_000, slot=True), TextPart("c", slot=False)),)
    team = dataclasses.replace(sample.team(), shared_text=parts * 12)
    source = report_html(to_document(dataclasses.replace(sample.findings(), campaigns=(team,))))
    assert "b" * 10 + " …</mark></pre>" in source
    assert "b" * 11 not in source
    assert "2 more texts in findings.json" in Page(source).text


def test_every_table_has_a_caption_and_every_chart_words(source):
    page = Page(source)
    assert page.elements.count("table") == page.elements.count("caption")
    drawings = [value for tag, name, value in page.attributes if tag == "div" and name == "aria-label"]
    assert len(drawings) == page.elements.count("figure")
    assert all(len(words) > 40 for words in drawings)


def test_every_colour_is_defined_for_light_and_dark(source):
    style = page_module._packaged("style.css")  # noqa: SLF001
    used = set(re.findall(r"var\((--[\w-]+)\)", style + source.partition("</style>")[2]))
    for name in used | {f"--family-{family}" for family in charts.FAMILIES}:
        assert len(re.findall(rf"{name}: #[0-9a-f]{{6}};", style)) == 2, name


def test_without_the_extra_it_says_what_to_install(document, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'stillwatch[report]'")) as raised:
        report_html(document)
    assert "vl_convert" in str(raised.value)


def browsed(path, source, *, script=""):
    """The page after its scripts have run, and what they complained of."""
    if script:
        allowed = f"script-src '{page_module._digest(script)}'"  # noqa: SLF001
        page, end, _ = source.replace("script-src", allowed, 1).rpartition("</body>")
        source = f"{page}<script>{script}</script>{end}"
    (path / "report.html").write_text(source, encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={path / 'profile'}",
    ]
    flags += ["--enable-logging=stderr", "--virtual-time-budget=20000", "--window-size=1200,2000", "--dump-dom"]
    ran = subprocess.run(
        [CHROMIUM, *flags, (path / "report.html").as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return ran.stdout, [line for line in ran.stderr.splitlines() if ":CONSOLE" in line]


def drawn(shown):
    """How many charts have been drawn."""
    return sum("<svg" in figure for figure in re.findall(r"<figure.*?</figure>", shown, flags=re.DOTALL))


browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")


@browser
@pytest.mark.slow
def test_a_browser_draws_every_chart_without_complaint(tmp_path, source):
    shown, complaints = browsed(tmp_path, source)
    assert complaints == []
    assert drawn(shown) == 13
    assert shown.count('aria-roledescription="bar"') + shown.count('aria-roledescription="rect mark"') > 500
    assert "var(--for)" in shown


@browser
@pytest.mark.slow
def test_a_browser_runs_nothing_that_a_log_brings(tmp_path, hostile):
    shown, complaints = browsed(tmp_path, hostile)
    assert complaints == []
    assert 'id="owned"' not in shown
    assert drawn(shown) == 5


@browser
@pytest.mark.slow
def test_a_browser_sorts_and_unfolds_the_accounts(tmp_path, source):
    script = """
      const table = document.querySelector("table.accounts");
      const column = () => [...table.tBodies[0].rows].map((row) => row.cells[2].textContent);
      const told = [column().length];
      table.tHead.rows[0].cells[2].querySelector("button").click();
      told.push(column().length, column()[0], table.tHead.rows[0].cells[2].getAttribute("aria-sort"));
      table.closest("details").querySelector("button.all").click();
      told.push(column().length);
      table.tHead.rows[0].cells[2].querySelector("button").click();
      told.push(column()[211]);
      document.body.dataset.told = JSON.stringify(told);
    """
    shown, complaints = browsed(tmp_path, source, script=script)
    told = json.loads(dict(a[1:] for a in Page(shown).attributes if a[0] == "body")["data-told"])
    assert complaints == []
    assert told == [12, 12, "555", "descending", 212, "555"]


@browser
@pytest.mark.slow
def test_a_browser_draws_a_folded_campaign_when_it_is_unfolded_or_printed(tmp_path, sample):
    source = report_html(crowd(sample, 7, 300))
    shown, _ = browsed(tmp_path, source)
    assert drawn(shown) == 1 + 4
    shown, complaints = browsed(tmp_path, source, script="document.getElementById('c-0003').open = true;")
    assert complaints == []
    assert drawn(shown) == 1 + 2 * 4
    shown, complaints = browsed(tmp_path, source, script="dispatchEvent(new Event('beforeprint'));")
    assert complaints == []
    assert drawn(shown) == 1 + 7 * 4
