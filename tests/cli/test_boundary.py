import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from stillwatch.cli.boundary import run, worded
from stillwatch.errors import ConfigError, InputError, PrivacyError


def failing(error):
    @click.group()
    def group():
        pass

    @group.command()
    def verb():
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (
            InputError("It is empty.", where="log.jsonl", hint="Name another."),
            "log.jsonl: It is empty. Name another.",
            1,
        ),
        (ConfigError("No key."), "No key.", 2),
        (PrivacyError("Too much."), "Too much.", 4),
        (OSError(errno.ENOSPC, "No space left on device", "out.json"), "out.json: No space left on device.", 1),
        (KeyboardInterrupt(), "interrupted.", 130),
        (MemoryError(), "out of memory. Scan fewer files at a time, or with --threads 1.", 1),
        (InputError("Two\nlines."), "Two lines.", 1),
    ],
)
def test_an_error_is_one_line_and_a_code(capsys, error, line, code):
    assert run(failing(error), ["verb"]) == code
    assert capsys.readouterr().err == f"stillwatch: {line}\n"


def test_a_fault_of_ours_tells_where_but_not_what_it_held(capsys):
    assert run(failing(KeyError("a prompt that was private")), ["verb"]) == 70
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert "please report it" in err
    assert "private" not in err
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(capsys, monkeypatch):
    monkeypatch.setenv("STILLWATCH_DEBUG", "1")
    run(failing(KeyError("x")), ["verb"])
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_who_has_gone_is_no_error():
    assert worded(BrokenPipeError()) == ("", 141)


def test_a_closed_pipe_is_quiet():
    program = f"{sys.executable} -m stillwatch.cli config show | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program}; sleep 0"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "[scan]\n"
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_standard_output_is_one_line():
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m stillwatch.cli config show > /dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "stillwatch: No space left on device.\n")


def test_interrupting_a_scan_leaves_one_line_and_no_file(tmp_path):
    # whoever runs the tests in the background may have had interrupts ignored
    started = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    started += "; from stillwatch.cli import main; main()"
    program = [sys.executable, "-c", started, "scan", "-", "-o", "findings.json"]
    with subprocess.Popen(program, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "stillwatch: interrupted.\n")
    assert [path.name for path in tmp_path.iterdir()] == []
