import stat
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from stillwatch.cli.output import OutputError, check_writable, progress, show, write_text


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_file_is_written_whole(tmp_path):
    write_text(Path("a.json"), "é\n")
    assert Path("a.json").read_bytes() == "é\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    Path("a.json").write_text("before")
    program = """
import resource, sys
from pathlib import Path
from stillwatch.cli.output import write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text(Path("a.json"), "x" * 100_000)
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "OutputError a.json: cannot be written (File too large).\n"
    assert Path("a.json").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_link_stays_a_link():
    Path("real.json").write_text("before")
    Path("link.json").symlink_to("real.json")
    write_text(Path("link.json"), "after")
    assert Path("link.json").is_symlink()
    assert Path("real.json").read_text() == "after"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_is_written_to_and_not_replaced():
    write_text(Path("/dev/null"), "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OutputError, match="No space left on device"):
        write_text(Path("/dev/full"), "x")


@pytest.mark.parametrize(("path", "says"), [("gone/a.json", "does not exist"), (".", "is a folder")])
def test_a_result_needs_a_place_before_the_work_begins(path, says):
    with pytest.raises(OutputError, match=says):
        check_writable(None, Path(path))


def test_what_is_shown_off_a_terminal_has_no_colour(capsys):
    show(Text("campaign", style="bold red"))
    assert capsys.readouterr().out == "campaign\n"


def test_progress_is_silent_off_a_terminal(capsys):
    with progress(quiet=False) as advance:
        advance("reading", 0.5)
    assert capsys.readouterr() == ("", "")
