import json
import re
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_demo_goes_from_nothing_to_a_report(start):
    Path("stillwatch.toml").write_text("[pseudonyms]\nrequired = true\n")  # which is not the demo's business
    ran = start("demo", "--out", "here")
    assert ran.code == 0, ran.err
    campaign = json.loads(Path("here/findings.json").read_text(encoding="utf-8"))["campaigns"][0]
    assert campaign["id"] in ran.out
    assert campaign["evidence"][0]["says"][:30] in " ".join(ran.out.split())
    assert Path("here/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"stillwatch explain {campaign['id']} -f here/findings.json" in ran.err


@pytest.mark.slow
def test_three_providers_spare_each_other_what_none_of_them_sees_alone(start):
    ran = start("demo", "--exchange", "--out", "here")
    assert ran.code == 0, ran.err
    rows = [[int(n) for n in re.findall(r"\d+", line)] for line in ran.out.splitlines() if re.match(r"│ \w+ +│", line)]
    assert len(rows) == 3
    for planted, alone, together, *innocent in rows:
        assert alone < together <= planted
        assert innocent == [0, 0]
    assert "stillwatch share --approve" in ran.err
    settings = "here/exchange/beta/stillwatch.toml"
    assert f"stillwatch serve console --config {settings}" in ran.err
    decisions = json.loads(start("decisions", "list", "--json", "--config", settings).out)
    assert decisions["standing"]
    assert decisions["waiting"]
    people = json.loads(start("console", "people", "list", "--json", "--config", settings).out)
    assert {each["name"]: each["role"] for each in people} == {
        "alice": "operator",
        "bob": "approver",
        "carol": "analyst",
    }
    again = start("demo", "--exchange", "--out", "here")
    assert again.code == 1
    assert "Choose another folder" in again.err
