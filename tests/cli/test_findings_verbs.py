"""explain, review and report: what reads findings.json."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest


@pytest.fixture
def campaign(findings):
    return json.loads(findings.read_text())["campaigns"][0]


def test_explain_shows_the_waterfall(run, campaign):
    ran = run("explain", campaign["id"])
    assert ran.code == 0
    assert campaign["id"] in ran.out
    assert "prior" in ran.out.lower()


def test_explain_takes_the_beginning_of_an_id(run, campaign):
    assert run("explain", campaign["id"][:-1]).out == run("explain", campaign["id"]).out


def test_explain_as_json_is_the_campaign(run, campaign):
    assert json.loads(run("explain", campaign["id"], "--json").out) == campaign


def test_explain_as_a_page(run, campaign):
    ran = run("explain", campaign["id"], "--html", "c.html")
    assert (ran.code, ran.out) == (0, "")
    assert campaign["id"] in Path("c.html").read_text(encoding="utf-8")


def test_without_findings_the_error_says_how_to_get_them(run):
    ran = run("explain", "c-1")
    assert ran.code == 1
    assert ran.err == (
        "stillwatch: findings.json: There are no findings here. `stillwatch scan LOGS -o findings.json` writes them.\n"
    )


def test_an_unknown_campaign_is_an_input_error(run, campaign):
    ran = run("explain", "nosuch")
    assert ran.code == 1
    assert campaign["id"] in ran.err


def test_a_verdict_is_remembered_and_shown(run, campaign):
    ran = run("review", campaign["id"], "--as", "rejected", "--author", "ana", "--reason", "a course")
    assert (ran.code, ran.out) == (0, "")
    assert f"{campaign['id']} is rejected, says ana." in ran.err
    shown = json.loads(run("explain", campaign["id"], "--json").out)["review"]
    assert (shown["verdict"], shown["author"], shown["reason"]) == ("rejected", "ana", "a course")
    assert "a course" in run("explain", campaign["id"]).out


def test_a_verdict_as_json(run, campaign):
    ran = run("review", campaign["id"], "--as", "unsure", "--author", "ana", "--reason", "r", "--json")
    assert json.loads(ran.out)["verdict"] == "unsure"
    assert ran.err == ""


def test_a_verdict_needs_a_reason(run, campaign):
    assert run("review", campaign["id"], "--as", "rejected").code == 2
    assert run("review", campaign["id"], "--as", "rejected", "--reason", " ").code == 2


def test_a_verdict_may_have_an_end(run, campaign):
    told = ("review", campaign["id"], "--as", "unsure", "--author", "ana", "--reason", "r")
    review = json.loads(run(*told, "--days", "30", "--json").out)
    assert datetime.fromisoformat(review["until"]) - datetime.fromisoformat(review["at"]) == timedelta(days=30)
    assert " until " in run("explain", campaign["id"]).out
    assert run(*told, "--days", "0").code == 2


def test_where_two_must_say_so_one_is_not_enough(run, campaign, monkeypatch):
    monkeypatch.setenv("STILLWATCH_REVIEWS__TWO_PERSONS", "rejected")
    told = ("review", campaign["id"], "--as", "rejected", "--author", "ana", "--reason", "a course")
    for second in ((), ("--second", "Ana")):
        assert run(*told, *second).code == 2
    assert json.loads(run("explain", campaign["id"], "--json").out)["review"] is None
    assert "says ana and ben" in run(*told, "--second", "ben").err
    assert "Rejected by ana and ben" in run("explain", campaign["id"]).out


def test_a_report_to_a_file_or_to_standard_output(run, findings):
    assert run("report", findings, "-o", "r.html").out == ""
    assert run("report", findings).out == Path("r.html").read_text(encoding="utf-8")
    assert json.loads(run("report", "-f", "json").out) == json.loads(findings.read_text())
    events = [json.loads(line) for line in run("report", "-f", "ocsf").out.splitlines()]
    found = [campaign["id"] for campaign in json.loads(findings.read_text())["campaigns"]]
    assert [event["finding_info"]["uid"] for event in events] == found


def test_an_unknown_report_format_names_those_that_there_are(run, findings):
    ran = run("report", "-f", "docx", findings)
    assert ran.code == 2
    formats = "html, pdf, json, markdown, csv, csv-accounts, stix, ocsf"
    assert ran.err == f"stillwatch: --format: There is no report format docx. There are: {formats}.\n"


def test_a_file_that_is_no_findings_is_an_input_error(run):
    Path("findings.json").write_text("{")
    ran = run("report")
    assert ran.code == 1
    assert ran.err.startswith("stillwatch: findings.json: ")
