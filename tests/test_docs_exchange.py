"""The pages about the exchange and the examples of deploy/ say what the software does."""

import dataclasses
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from stillwatch.cli import stillwatch
from stillwatch.config import load
from stillwatch.exchange.server.limits import Limits
from stillwatch.exchange.server.metrics import Metrics

ROOT = Path(__file__).parents[1]
DOCS, DEPLOY = ROOT / "docs", ROOT / "deploy"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
ROOT_CONTEXT = click.Context(stillwatch, info_name="stillwatch", **stillwatch.context_settings)
LINK = re.compile(r"\]\(([^)\s#]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def blocks(page, kind):
    return re.findall(rf"^ *```{kind}\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(script):
    """The commands of stillwatch in a script, each as a list of words."""
    for line in script.replace("\\\n", " ").splitlines():
        found = re.search(r"(?<![\w/.-])(?:/opt/stillwatch/bin/)?stillwatch (?=[a-z-])([^)]*)", line)
        if found:
            words = shlex.split(found[1], comments=True)
            yield words[: next((i for i, word in enumerate(words) if word in {"|", "&", ">", "2>"}), None)]


def described():
    """Every command that the pages about the exchange and the response and the examples of deploy/ show."""
    pages = [
        DOCS / "indicators.md",
        *sorted((DOCS / "exchange").glob("*.md")),
        *sorted((DOCS / "response").glob("*.md")),
    ]
    scripts = [("README.md", block) for block in blocks(ROOT / "README.md", "sh")]
    scripts += [(page.name, block) for page in pages for block in blocks(page, "sh")]
    scripts += [(unit.name, started(unit)) for unit in sorted(DEPLOY.glob("*.service"))]
    return [(place, words) for place, script in scripts for words in commands(script)] + composed()


def started(unit):
    """What a unit of systemd starts."""
    lines = unit.read_text().replace("\\\n", " ").splitlines()
    return "\n".join(line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart="))


def composed():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return [("compose.yaml", each["command"]) for each in services.values() if "command" in each]


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(("place", "words"), described(), ids=lambda value: str(value)[:60])
def test_every_command_that_is_shown_is_one(place, words):
    command, context, rest = stillwatch, ROOT_CONTEXT, list(words)
    while isinstance(command, click.Group):
        command = command.get_command(context, rest[0])
        assert command is not None, f"{place}: {rest[0]}"
        context, rest = click.Context(command, parent=context, info_name=rest[0]), rest[1:]
    command.make_parser(context).parse_args(rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_lead_to_a_heading(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        there = page if not target else page.parent / target
        if "://" not in target:
            headings = [slug(each) for each in HEADING.findall(there.read_text(encoding="utf-8"))]
            assert anchor in headings, f"{target}#{anchor}"


def test_the_limits_are_those_of_the_code():
    page = (DOCS / "exchange" / "operating.md").read_text()
    said = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE))
    assert {name: float(value) for name, value in said.items()} == dataclasses.asdict(Limits())


def test_the_metrics_are_those_of_the_code():
    page = (DOCS / "exchange" / "operating.md").read_text()
    served = {line.split()[2] for line in Metrics().text().decode().splitlines() if line.startswith("# TYPE")}
    assert set(re.findall(r"`(stillwatch_\w+)`", page)) == {name for name in served if not name.endswith("_created")}


def test_the_events_of_the_log_are_those_of_the_code():
    page = (DOCS / "exchange" / "operating.md").read_text()
    said = set(re.findall(r"^\| `([a-z ]+)` \| [A-Za-z]", page.split("| event | |")[1].split("\n\n")[0], re.MULTILINE))
    source = (ROOT / "src" / "stillwatch" / "exchange" / "server").glob("*.py")
    logged = re.compile(r"(?:_LOG|self\.log)\.(?:info|warning|error)\(\"([a-z ]+)\"")
    assert said == {event for path in source for event in logged.findall(path.read_text())}


def test_the_settings_of_a_member_are_settings(tmp_path):
    (text,) = blocks(DOCS / "exchange" / "joining.md", "toml")
    (tmp_path / "stillwatch.toml").write_text(text)
    settings = load(tmp_path / "stillwatch.toml", {}).config.exchange
    assert (settings.member, settings.publishers) == ("acme", ("alice", "carol"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_units_are_units(tmp_path):
    for unit in DEPLOY.glob("*.service"):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/stillwatch/bin/stillwatch", "/usr/bin/env"))
    timer = shutil.copy(DEPLOY / "stillwatch-exchange-daily.timer", tmp_path)
    units = [timer, *tmp_path.glob("*.service")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "Unknown" in line] == []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_the_five_minutes_with_three_members_run_and_so_does_another_client(tmp_path):
    """The quickstart, then the other platform's script; beta's new campaign is the one that others' word made known."""
    port = str(free_port())
    (other,) = blocks(DOCS / "exchange" / "joining.md", "python")
    (tmp_path / "other.py").write_text(other.replace("8080", port))
    script = "".join(blocks(DOCS / "exchange" / "README.md", "sh")).replace("8080", port)
    tip = "(umask 077; stillwatch exchange member add tip --read forum/findings --auth basic -q > tip.secret)\n"
    script = script.replace("stillwatch serve", f"{tip}stillwatch serve", 1)
    script = script.replace("kill $server\n", "python other.py > other.txt\nkill $server\n")
    script = script.replace("c-5766", '"$(python -c "$WEAKEST")"')
    weakest = "import json; print(json.load(open('beta/findings.json'))['campaigns'][-1]['id'])"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = os.environ | {"PATH": programs, "WEAKEST": weakest, "HOME": str(tmp_path)}
    for name in ("STILLWATCH_DB", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        environ.pop(name, None)
    whole = f"set -eu\nserver=\ntrap '[ -z \"$server\" ] || kill $server 2>/dev/null || true' EXIT\n{script}"
    done = subprocess.run(
        ["bash", "-c", whole], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "alliance: known means" in done.stdout
    assert "sightings and opinions" in done.stdout
    assert "campaign campaign--" in (tmp_path / "other.txt").read_text()
