"""The page about reports says what the code does, and its commands run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.cli import briefing, report

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


def first_cells(heading):
    table = PAGE.split(f"| {heading} |")[1].split("\n\n")[0]
    return [row.split("|")[1].strip(" `") for row in table.splitlines()[2:]]


def test_every_form_is_described():
    assert sorted(first_cells("form")) == sorted(["pdf", *report.FINDINGS])


def test_what_has_which_form_is_what_the_page_says():
    rows = {row.split("|")[1].strip(" `"): row.split("|")[2] for row in PAGE.splitlines() if row.startswith("| `")}
    of = {"findings": report.FINDINGS, "impact": report.IMPACT, "verdict": report.VERDICT, "brief": report.BRIEF}
    for form in report.FINDINGS:
        told = {kind for kind in of if kind in rows[form]}
        assert told == {kind for kind, forms in of.items() if form in forms}, form


def test_every_reader_is_described():
    assert first_cells("`--for`") == list(briefing.READERS)


@pytest.mark.slow
def test_the_commands_run(tmp_path, demonstration):
    environ = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "share")}
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    commands = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    assert len(commands) == 11
    assert commands.pop(0) == "stillwatch demo --out out/demo"
    demonstration(tmp_path / "out" / "demo")
    for command in commands:
        words = [sys.executable, "-m", "stillwatch.cli", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    written = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert {shlex.split(command)[-1].removeprefix("out/") for command in commands} == written
