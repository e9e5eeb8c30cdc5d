"""What the pages say holds: examples run, every verb and setting is described, links lead somewhere."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.cli import VERBS
from stillwatch.config import declared

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("page", "written"), generator().PAGES.items())
def test_the_reference_is_what_the_code_says(page, written):
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == written(), "run `make docs`"


def test_every_verb_and_every_setting_is_described():
    cli, configuration = ((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("cli.md", "configuration.md"))
    assert [verb for verb in VERBS if f"## `stillwatch {verb}`" not in cli] == []
    assert [s.key for s in declared() if f"### `{s.key}`" not in configuration or s.variable not in configuration] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page):
    links = LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    targets = [link.split("#")[0] for link in links if "://" not in link and not link.startswith(("#", "mailto:"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def examples():
    """The commands of the README, in their order."""
    blocks = CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_the_readme_shows_its_two_commands_and_how_to_scan():
    assert {"make demo", "make test"} <= set(examples())
    assert any(example.startswith("stillwatch scan ") for example in examples())


@pytest.mark.slow
def test_the_examples_of_the_readme_run(tmp_path, demonstration):
    environ = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "share")}
    demonstration(tmp_path / "out" / "demo")  # as `make demo`
    for example in examples():
        words = shlex.split(example, comments=True)
        if words[0] != "stillwatch":
            continue
        command = [sys.executable, "-m", "stillwatch.cli", *words[1:]]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode in {0, 8}, f"{example}\n{done.stderr}"
