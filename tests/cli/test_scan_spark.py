"""scan --engine spark: the findings of one process, and one clear line for whatever goes wrong there."""

import base64
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stillwatch.simulate import load, write

CLI = (sys.executable, "-c", "from stillwatch.cli import main; main()")
SPARK = ("--engine", "spark", "--spark-conf", "spark.driver.memory=1g")
TRACES = re.compile(r"Traceback|Exception|\bat (java|org)\.|WARN|py4j")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The demo's log and accounts, a key, and what a scan in one process finds."""
    folder = tmp_path_factory.mktemp("spark")
    provider, *_ = write(load("demo"), folder)
    key = folder / "stillwatch.key"
    key.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    key.chmod(0o600)
    (folder / "stillwatch.toml").write_text(f'[pseudonyms]\nkey_file = "{key}"\n')
    scanned = subprocess.run([*command(folder, provider), "-o", folder / "here.json"], check=False)
    assert scanned.returncode == 0
    return folder, provider


def command(folder, provider):
    log, accounts = folder / provider / "requests.parquet", folder / provider / "accounts.parquet"
    return [*CLI, "scan", log, "--accounts", accounts, "--config", folder / "stillwatch.toml", "--quiet"]


@pytest.fixture
def scan(made, tmp_path):
    """Scans the demo's log on Spark in a process of its own."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: apt-get install openjdk-17-jre-headless")

    def begin(*options, **given):
        line = [*command(*made), *SPARK, "-o", tmp_path / "there.json", *options]
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given)

    return begin


def ended(process):
    out, err = process.communicate(timeout=900)
    assert out == ""
    assert not TRACES.search(err), err
    assert err.count("\n") <= 1, err
    return process.returncode, err


def same(made, tmp_path):
    return (tmp_path / "there.json").read_text() == (made[0] / "here.json").read_text()


@pytest.mark.slow
def test_the_findings_are_those_of_one_process(scan, made, tmp_path):
    assert ended(scan("--master", "local[2]")) == (0, "")
    assert same(made, tmp_path)
    assert json.loads((tmp_path / "there.json").read_text())["campaigns"]


def below(parent):
    """The processes below one, with their command lines."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    known, found = {parent}, {}
    while grown := {int(pid): args for pid, above, args in rows if int(above) in known and int(pid) not in known}:
        known |= grown.keys()
        found |= grown
    return found


def busy_executor(process):
    """An executor whose Python is at work."""
    for _ in range(600):
        executors = [pid for pid, args in below(process.pid).items() if "CoarseGrainedExecutorBackend" in args]
        at_work = [pid for pid in executors if sum("pyspark" in args for args in below(pid).values()) > 1]
        if at_work:
            return at_work[0]
        assert process.poll() is None, "the scan ended before an executor was lost"
        time.sleep(0.2)
    raise AssertionError("no executor began to work")


@pytest.mark.slow
def test_an_executor_lost_in_mid_scan_changes_no_finding(scan, made, tmp_path):
    pieces = "spark.sql.files.maxPartitionBytes=1m"  # so that there is work left to be done elsewhere
    process = scan("--master", "local-cluster[2,1,1536]", "--spark-conf", pieces)
    os.kill(busy_executor(process), signal.SIGKILL)
    assert ended(process) == (0, "")
    assert same(made, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("version", "says"), [(None, "no stillwatch"), ("0.0.9", "stillwatch 0.0.9")])
def test_a_worker_without_this_version_is_one_line(scan, tmp_path, version, says):
    packages = tmp_path / "packages"
    packages.mkdir()
    for name in ("numpy", "numpy.libs", "pyarrow"):
        for there in (Path(entry, name) for entry in sys.path):
            if there.exists():
                (packages / name).symlink_to(there)
                break
    if version:
        (packages / "stillwatch").mkdir()
        (packages / "stillwatch" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH=$PYTHONPATH:{packages} exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    code, err = ended(scan("--master", "local[1]", "--spark-conf", f"spark.pyspark.python={python}"))
    assert code == 1
    assert f"A worker has {says}. It needs" in err
    assert not (tmp_path / "there.json").exists()


@pytest.mark.slow
def test_a_full_disk_is_one_line(scan, tmp_path):
    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    code, err = ended(scan("--master", "local[2]", preexec_fn=small))
    assert code == 1
    assert "A disk is full." in err
    assert "spark.local.dir" in err
    assert not (tmp_path / "there.json").exists()


@pytest.mark.slow
def test_an_interrupted_scan_ends_and_leaves_nothing(scan, tmp_path):
    process = scan("--master", "local[1]")
    while not any("pyspark" in args and "daemon" in args for args in below(process.pid).values()):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "stillwatch: interrupted.\n")
    assert not (tmp_path / "there.json").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--master", "local[2]"), "Add --engine spark."),
        (("--spark-conf", "a=b"), "Add --engine spark."),
        (("--engine", "spark", "--spark-conf", "a"), "no KEY=VALUE"),
        (("--engine", "spark", "--master", "sparc://host"), "no cluster that Spark knows"),
        (("--engine", "spark", "--profiles", "profiles"), "in this process only"),
    ],
)
def test_options_that_do_not_fit_are_told(run, tmp_path, options, says):
    (tmp_path / "log.jsonl").write_text("{}\n")
    ran = run("scan", tmp_path / "log.jsonl", *options)
    assert ran.code == 2
    assert says in ran.err


def test_without_the_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "log.jsonl").write_text("{}\n")
    without = "import sys; sys.modules['pyspark'] = None; from stillwatch.cli import main; main()"
    line = [sys.executable, "-c", without, "scan", tmp_path / "log.jsonl", "--engine", "spark", "--quiet"]
    ran = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "pip install 'stillwatch[spark]'" in ran.stderr
    assert ran.stderr.count("\n") == 1
