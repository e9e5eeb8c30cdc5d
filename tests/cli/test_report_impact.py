"""report --impact: what the campaigns took, and what it comes to."""

import json
from pathlib import Path

import pytest

from stillwatch.reports.impact.assumptions import packaged

OURS = '[price_output]\nlaw = "fixed"\nvalue = 600\nunit = "US dollars a million tokens"\nsource = "our list"\n'


def estimate(text, scope, name):
    document = json.loads(text)
    of = next(each for each in document["scopes"] if each["id"] == scope)
    return next(each["interval"] for each in of["estimates"] if each["name"] == name)


def test_on_a_terminal(run, findings):
    ran = run("report", "--impact", findings)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == run("report", "--impact", "-f", "terminal").out
    for said in ("At list price", "replacement cost", "Load on the service", "not added up", "cannot be told"):
        assert said.lower() in ran.out.lower()


def test_as_files(run, findings):
    for name in ("html", "json", "markdown"):
        assert run("report", "--impact", "-f", name, findings, "-o", "impact").out == ""
        assert Path("impact").read_text(encoding="utf-8") == run("report", "--impact", "-f", name).out


def test_the_same_findings_give_the_same_figures(run, findings):
    assert run("report", "--impact", "-f", "json", findings).out == run("report", "--impact", "-f", "json").out


def test_assumptions_are_printed_changed_and_taken(run, findings):
    assert run("report", "--impact", "--print-assumptions").out == packaged()
    assert run("report", "--impact", "--print-assumptions", "-o", "a.toml").out == ""
    as_before = run("report", "--impact", "-f", "json", findings, "--assumptions", "a.toml").out
    assert as_before == run("report", "--impact", "-f", "json").out
    Path("b.toml").write_text(OURS, encoding="utf-8")
    changed = run("report", "--impact", "-f", "json", "--assumptions", "b.toml").out
    assert estimate(changed, "all", "list_price")["low"] > estimate(as_before, "all", "list_price")["high"]
    assert estimate(changed, "all", "answers") == estimate(as_before, "all", "answers")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("--impact", "-f", "ocsf"), 2, "There are: terminal, html, pdf, json, markdown."),
        (("--impact", "-o", "x"), 2, "A terminal is no file."),
        (("--assumptions", "x.toml"), 2, "Add --impact, or --for."),
        (("--print-assumptions",), 2, "Add --impact, or --for."),
        (("--impact", "--assumptions", "none.toml"), 1, "none.toml: The assumptions cannot be read"),
        (("--impact", "nothing.json"), 1, "nothing.json: There are no findings here."),
    ],
)
def test_what_cannot_be_is_said_in_one_line(run, findings, words, code, complaint):
    ran = run("report", *words)
    assert (ran.code, ran.out) == (code, "")
    assert complaint in ran.err
    assert ran.err.count("\n") == 1
    assert findings.exists()
    assert not Path("x").exists()
