"""The locked requirements: complete, hashed, and without a word on where they were found."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUN = [*PROJECT["project"]["dependencies"], *EXTRAS["report"], *EXTRAS["exchange"]]
BUILD = PROJECT["dependency-groups"]["build"]


def text(name):
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def pinned(name):
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text(name), re.MULTILINE))


def names(requirements):
    return {re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() for requirement in requirements}


def test_everything_that_is_required_is_locked():
    assert names(RUN + BUILD) <= pinned("run.txt").keys()
    assert names(RUN + BUILD + PROJECT["dependency-groups"]["dev"]) <= pinned("dev.txt").keys()


def test_tests_run_with_what_users_get():
    run, dev = pinned("run.txt"), pinned("dev.txt")
    assert {name: dev.get(name) for name in run} == run


def test_the_build_is_locked_as_the_build_system_asks():
    assert PROJECT["build-system"]["requires"] == BUILD


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_a_lock_holds_names_versions_and_hashes_only(name):
    marker = r"[a-z_]+ (<|<=|==|!=|>=|>) '[\w.]+'"
    pin = rf"[a-z0-9-]+==\S+( ; {marker}( (and|or) {marker})*)? \\"
    allowed = re.compile(rf"{pin}|    --hash=sha256:[0-9a-f]{{64}}( \\)?")
    assert [line for line in text(name).splitlines() if not allowed.fullmatch(line)] == []
    assert "torch" not in pinned(name)
