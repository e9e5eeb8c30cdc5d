"""The page about impact says what the code does, and its commands run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.campaigns.takings import KINDS
from stillwatch.reports.impact.assessment import NOT_ESTIMATED
from stillwatch.reports.impact.assumptions import load
from stillwatch.reports.impact.estimates import QUANTITIES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "impact.md").read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def first_cells(heading):
    table = PAGE.split(f"| {heading} |")[1].split("\n\n")[0]
    return [row.split("|")[1].strip() for row in table.splitlines()[2:]]


def test_what_it_prints_is_what_the_page_shows():
    printed = (ROOT / "tests/reports/golden/impact.txt").read_text(encoding="utf-8")
    (shown,) = blocks("text")
    assert shown in printed


def test_every_estimate_is_described():
    assert first_cells("estimate") == [quantity.title for quantity in QUANTITIES]
    assert all(each.title in " ".join(blocks("text")) for each in NOT_ESTIMATED)


def test_every_assumption_is_described():
    named = re.findall(r"`(\w+)`", " ".join(first_cells("assumption")))
    assert sorted(named) == sorted(load(None).laws)


def test_every_kind_of_answer_is_described():
    assert re.findall(r"^- \*([a-z ]+)\*", PAGE, re.MULTILINE) == list(KINDS)


def test_the_example_of_own_assumptions_is_read(tmp_path):
    (text,) = blocks("toml")
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    ours = load(path)
    assert ours.laws["price_output of my-large-model"].value == 20
    assert (ours.precision.hits, ours.recall) == (41, load(None).recall)


@pytest.mark.slow
def test_the_commands_run(tmp_path, demonstration):
    environ = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "share")}
    commands = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert len(commands) == 7
    assert commands.pop(0) == "stillwatch demo --out out/demo"
    demonstration(tmp_path / "out" / "demo")
    for command in commands:
        words = [sys.executable, "-m", "stillwatch.cli", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert sorted(path.name for path in (tmp_path / "out").glob("impact.*")) == [
        "impact.html",
        "impact.json",
        "impact.md",
    ]
