import json
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
