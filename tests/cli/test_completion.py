import subprocess
from pathlib import Path

import pytest

from stillwatch.cli import VERBS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_completes_stillwatch(run, shell):
    ran = run("completion", shell)
    assert ran.code == 0
    assert "_STILLWATCH_COMPLETE" in ran.out


def test_bash_reads_the_script(run):
    Path("script").write_text(run("completion", "bash").out)
    subprocess.run(["bash", "-n", "script"], check=True)


def test_verbs_are_completed(start):
    environ = {"_STILLWATCH_COMPLETE": "bash_complete", "COMP_WORDS": "stillwatch s", "COMP_CWORD": "1", "PATH": ""}
    assert start(env=environ).out.split() == [f"plain,{verb}" for verb in VERBS if verb.startswith("s")]
