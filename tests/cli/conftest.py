import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from stillwatch import cli
from stillwatch.cli.boundary import run as run_command
from stillwatch.reports.document import dumps, to_document


@dataclass(frozen=True)
class Ran:
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """An empty working folder, and nobody's settings, key or reviews."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg-data"))
    for name in ("STILLWATCH_KEY_FILE", "STILLWATCH_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys):
    """Runs a command line in this process."""

    def run_here(*args):
        capsys.readouterr()
        code = run_command(cli.stillwatch, [str(arg) for arg in args])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_here


@pytest.fixture
def start():
    """Runs a command line in a process of its own."""

    def start_process(*args, **options):
        program = [sys.executable, "-m", "stillwatch.cli", *(str(arg) for arg in args)]
        done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120, **options)
        return Ran(done.returncode, done.stdout, done.stderr)

    return start_process


@pytest.fixture(scope="session")
def findings_text():
    """The findings of the reports' sample, as JSON."""
    path = Path(__file__).parents[1] / "reports" / "sample.py"
    spec = importlib.util.spec_from_file_location("cli_sample", path)
    sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sample)
    return dumps(to_document(sample.findings()))


@pytest.fixture
def findings(findings_text):
    """findings.json in the working folder."""
    path = Path("findings.json")
    path.write_text(findings_text, encoding="utf-8")
    return path
