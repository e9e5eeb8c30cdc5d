"""The pages about the console say what there is: commands, settings, pictures."""

import re
import shlex
from pathlib import Path

import click
import pytest

from stillwatch.cli import stillwatch
from stillwatch.config import declared

CONSOLE = Path(__file__).parents[1] / "docs" / "console"
PAGES = {page.name: page.read_text(encoding="utf-8") for page in CONSOLE.glob("*.md")}
COMMANDS = sorted(
    {
        line
        for page in PAGES.values()
        for block in re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.startswith("stillwatch ")
    }
)
SECTIONS = {setting.key.partition(".")[0] for setting in declared()}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one(line):
    command, words = stillwatch, shlex.split(line)[1:]
    context = click.Context(command)
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
        assert command, line
        context = click.Context(command, parent=context)
    command.make_parser(context).parse_args(words)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_is_one(page):
    keys = {setting.key for setting in declared()}
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGES[page]))
    assert {each for each in named if each.partition(".")[0] in SECTIONS} <= keys


def test_the_tour_has_eight_steps_with_a_picture_each():
    tour = PAGES["tour.md"]
    named = re.findall(r"^!\[[^\]]{40,}\]\((\S+\.png)\)$", tour, re.MULTILINE)
    assert len(re.findall(r"^## \d\. ", tour, re.MULTILINE)) == len(named) == 8
    assert {each.name for each in CONSOLE.glob("*.png")} == set(named)
    taken = re.findall(r'"(\d-\w+)": lambda', (CONSOLE / "pictures.py").read_text(encoding="utf-8"))
    assert [f"{each}.png" for each in taken] == named
