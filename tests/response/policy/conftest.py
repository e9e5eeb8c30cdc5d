"""Policies from text, and campaigns by hand."""

import importlib.util
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from stillwatch.response.policy.policy import load, packaged

HERE = Path(__file__).parent

BEGINNING = """
version = 1
[rungs.observe]
hours = 720
[rungs.warn]
hours = 336
[rungs.cap]
hours = 336
limits = { max_tokens = 100 }
[rungs.budget]
hours = 168
limits = { requests_per_hour = 10 }
[rungs.verify]
hours = 720
[rungs.hold]
hours = 720
[recognised]
most = "verify"
hours = 24
"""


def _found():
    if "policy_found" not in sys.modules:
        spec = importlib.util.spec_from_file_location("policy_found", HERE / "found.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["policy_found"] = module
        spec.loader.exec_module(module)
    return sys.modules["policy_found"]


@pytest.fixture(scope="session")
def found():
    """The module with campaigns by hand."""
    return _found()


@pytest.fixture(scope="session")
def policies(tmp_path_factory):
    """The packaged policies, the default with every rung acting by itself, and one that wants to hold everybody."""
    folder = tmp_path_factory.mktemp("policies")
    (folder / "all.cedar").write_text("permit(principal, action, resource);", encoding="utf-8")
    (folder / "hold.toml").write_text(
        BEGINNING.replace("[rungs.verify]\n", "[rungs.verify]\naccounts_an_hour = 3\n")
        + '[decider]\ncedar = "all.cedar"\n[exempt]\naccounts = ["a1"]\norganizations = ["o1"]\n'
        '[[declared]]\naccount = "a2"\nwhat = "x"\nuntil = 2030-01-01\n',
        encoding="utf-8",
    )
    free = packaged("default").read_text(encoding="utf-8").replace("person = true", "accounts_an_hour = 2")
    (folder / "free.toml").write_text(free.replace('most = "cap"', 'most = "verify"'), "utf-8")
    paths = [packaged("default"), packaged("strict"), folder / "hold.toml", folder / "free.toml"]
    return {path.stem: load(path) for path in paths}


@pytest.fixture
def policy_of(tmp_path):
    """A policy from TOML; without `version` the usual beginning, in which every rung acts by itself, is put before."""

    def make(text, **files):
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
        path = tmp_path / "policy.toml"
        text = dedent(text)
        path.write_text(text if "version" in text else BEGINNING + text, encoding="utf-8")
        return load(path)

    return make
