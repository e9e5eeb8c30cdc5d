import subprocess
import sys

import click
import pytest

from stillwatch import __version__, cli


def commands(command, name=()):
    yield name, command
    if isinstance(command, click.Group):
        for verb in command.list_commands(click.Context(command)):
            yield from commands(command.get_command(click.Context(command), verb), (*name, verb))


EVERY = [" ".join(name) for name, _ in commands(cli.stillwatch)]


@pytest.mark.parametrize("name", EVERY)
def test_the_help_of_every_verb_shows_an_example(run, name):
    ran = run(*name.split(), "--help")
    assert ran.code == 0
    assert f"    stillwatch {name}" in ran.out
    assert "Example:" in ran.out or not name


def test_without_a_verb_there_is_help(run):
    assert run() == run("--help")
    assert run("config").out == run("config", "--help").out


def test_version(run):
    assert run("--version").out == f"stillwatch {__version__}\n"


def test_help_imports_none_of_the_heavy_libraries():
    code = """
import sys
from stillwatch import cli
sys.argv = ["stillwatch", "--help"]
try:
    cli.main()
except SystemExit:
    heavy = {"pyarrow", "numba", "numpy", "scipy", "igraph", "rich", "pydantic", "jinja2"}
    print(sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["scna"], "stillwatch: No such command 'scna'. See `stillwatch --help`.\n"),
        (["scan"], "stillwatch: scan: Missing argument 'LOGS...'. See `stillwatch scan --help`.\n"),
        (["scan", "x", "--utnil", "now"], "stillwatch: scan: No such option"),
        (["scan", "x", "--until", "soon"], "'soon' is not a time such as"),
        (["scan", "x", "--fail-on", "worst"], "'worst' is not one of"),
        (["config", "shwo"], "stillwatch: config: No such command"),
        (["review", "c", "--as", "maybe", "--reason", "x"], "'maybe' is not one of"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(run, args, says):
    ran = run(*args)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1
