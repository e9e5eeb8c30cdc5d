"""A watch that is killed at any moment, again and again: nothing is lost, nothing is counted twice (law 1)."""

import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stillwatch.profiles import wire
from stillwatch.profiles.accounts import profile, zero

PROGRAM = Path(__file__).with_name("unkillable.py")


@pytest.fixture(scope="module")
def requests():
    spec = importlib.util.spec_from_file_location("unkillable", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.requests


def start(folder, number):
    arguments = [sys.executable, str(PROGRAM), str(folder), str(folder / "result"), str(number)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(folder, number, seconds):
    """Starts a watch, and kills it so long after it is ready; False where it had ended."""
    with start(folder, number) as watch:
        if watch.stdout.readline() != "ready\n":
            pytest.fail(watch.stderr.read())
        time.sleep(seconds)
        watch.kill()
        watch.wait()
        assert watch.returncode in {0, -9}, watch.stderr.read()
        return watch.returncode == -9


@pytest.mark.parametrize(("kills", "number"), [(3, 800), pytest.param(12, 2400, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_counts_each_request_once(kills, number, tmp_path, requests, plain):
    draw = random.Random(kills)  # noqa: S311
    hits = sum(killed(tmp_path, number, draw.uniform(0, 0.4)) for _ in range(kills))
    assert hits == kills, "it must have been at work"
    with start(tmp_path, number) as watch:
        _, errors = watch.communicate(timeout=120)
        assert watch.returncode == 0, errors
    whole = zero()
    for name in ("one", "two"):
        for piece in range(number):
            whole.absorb(profile(requests(name, piece)))
    assert plain(wire.loads((tmp_path / "result").read_bytes())) == plain(whole)
    notes = {path.stem: path.read_text() for path in tmp_path.glob("*.forgotten")}
    assert notes == {"one": str(number), "two": str(number)}
