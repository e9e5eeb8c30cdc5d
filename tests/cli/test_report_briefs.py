"""report: forms of findings, briefs for readers, a verdict, a forum's quarter."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch.exchange.statistics.ledger import Answer
from stillwatch.exchange.statistics.ledger import Ledger as Answers
from stillwatch.forensics.verdict import dumps
from stillwatch.reports.document import loads
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung

from ..forensics import verdict_sample  # noqa: TID252  one sample for the document and its reports


@pytest.fixture
def verdict():
    path = Path("verdict.json")
    path.write_text(dumps(verdict_sample.document()), encoding="utf-8")
    return path


@pytest.fixture
def statistics():
    path = Path("2026Q3.json")
    told = Answer(topic="campaigns", period="2026Q3", epsilon=1.0, within=36, cells={"campaigns": "10-99"})
    path.write_text(Answers(answers=(told,)).model_dump_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("markdown", "# Distillation campaigns"),
        ("csv", "campaign,severity"),
        ("csv-accounts", "campaign,severity,account_id"),
        ("stix", '{\n  "type": "bundle"'),
    ],
)
def test_findings_in_every_form(run, findings, name, begins):
    ran = run("report", "-f", name, findings)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(begins)
    assert run("report", "-f", name, findings, "-o", "report").out == ""
    assert Path("report").read_text(encoding="utf-8").splitlines() == ran.out.splitlines()


def test_findings_as_pdf(run, findings):
    ran = run("report", "-f", "pdf", findings, "-o", "report.pdf")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert Path("report.pdf").read_bytes().startswith(b"%PDF-1.7")


def test_some_campaigns_alone(run, findings, findings_text):
    first = loads(findings_text).campaigns[0].id
    document = json.loads(run("report", "-f", "json", "--campaign", first[:6], findings).out)
    assert [each["id"] for each in document["campaigns"]] == [first]
    assert run("report", "--campaign", "c-none", findings).code == 1


@pytest.mark.parametrize("reader", ["executive", "counsel", "policy"])
@pytest.mark.parametrize("name", ["html", "markdown", "json", "pdf"])
def test_a_brief_in_every_form(run, findings, reader, name):
    ran = run("report", "--for", reader, "-f", name, findings, "-o", "brief")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    begins = {"html": b"<!doctype", "markdown": b"# ", "json": b"{", "pdf": b"%PDF"}[name]
    assert Path("brief").read_bytes().startswith(begins)


def test_counsel_gets_the_digests_of_what_it_was_made_from(run, findings, verdict):
    text = run("report", "--for", "counsel", "-f", "markdown", "--verdict", verdict, findings).out
    for path in (Path(findings), verdict):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
    assert "Was vireo-2 trained on our answers?" in text


def test_what_was_done_is_told_from_the_ledger(run, findings, findings_text):
    now = datetime.now(UTC)
    account = loads(findings_text).campaigns[0].accounts[0].account_id
    decision = Decision(
        id="d-000000000001",
        scope="account",
        value=account,
        action=Rung.BUDGET,
        since=now,
        until=now + timedelta(days=7),
        reason="coordinated_extraction",
        evidence=(),
        origin="own",
        simulated=False,
    )
    with Ledger.open("ledger.sqlite") as ledger:
        ledger.decide([decision], by="policy", now=now)
    command = ("report", "--for", "policy", "-f", "markdown", findings)
    assert "1 to 9 accounts were held to a budget" in run(*command, "--ledger", "ledger.sqlite").out
    assert "No ledger of measures" in run(*command).out
    named = run(*command, "--ledger", "nowhere.sqlite")
    assert (named.code, named.out) == (2, "")
    assert not Path("nowhere.sqlite").exists()


def test_a_verdict_alone(run, verdict):
    assert run("report", "--verdict", verdict, "-f", "pdf", "-o", "verdict.pdf").err == ""
    assert Path("verdict.pdf").read_bytes().startswith(b"%PDF")
    assert run("report", "--verdict", verdict, "-f", "markdown").out.startswith("# ")


def test_a_forums_quarter(run, statistics):
    ran = run("report", "--for", "forum", "-f", "markdown", statistics)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("# What the forum saw in July to September 2026")
    assert run("report", "--for", "forum", "-f", "pdf", statistics, "-o", "forum.pdf").code == 0


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("--for", "executive", "-f", "csv"), 2, "There are: html, pdf, json, markdown."),
        (("--for", "executive", "--impact"), 2, "part of a brief already"),
        (("--for", "nobody"), 2, "nobody"),
        (("--for", "forum"), 2, "Of which statistics?"),
        (("--for", "forum", "none.json"), 1, "none.json: The statistics cannot be read"),
        (("--for", "forum", "findings.json"), 1, "These are no statistics of a forum."),
        (("--for", "forum", "--quarter", "2025Q1", "2026Q3.json"), 1, "There are: 2026Q3."),
        (("--verdict", "verdict.json", "findings.json"), 2, "Findings and verdicts go together in a brief."),
        (("--verdict", "verdict.json", "-f", "ocsf"), 2, "There are: html, pdf, markdown."),
        (
            (
                "--verdict",
                "findings.json",
            ),
            1,
            "This is not a verdict.",
        ),
        (("-f", "pdf", "none.json"), 1, "There are no findings here."),
    ],
)
@pytest.mark.usefixtures("findings", "verdict", "statistics")
def test_what_cannot_be_is_said_in_one_line(run, words, code, complaint):
    ran = run("report", *words)
    assert (ran.code, ran.out) == (code, "")
    assert complaint in ran.err
    assert ran.err.count("\n") == 1
