"""scan: what it prints, writes and returns; the findings themselves are the campaigns' tests."""

import json
import os
import resource
from pathlib import Path

import pytest

from stillwatch.simulate import load, write


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The demo's log and accounts."""
    out = tmp_path_factory.mktemp("demo")
    provider, *_ = write(load("demo"), out)
    return out / provider


@pytest.fixture
def scan(run, made):
    return lambda *args: run("scan", made / "requests.parquet", "--accounts", made / "accounts.parquet", *args)


def test_a_scan_prints_and_writes_the_same_findings(scan):
    ran = scan("--json", "-o", "findings.json", "--html", "report.html", "--fail-on", "critical", "--quiet")
    assert ran.code in {0, 8}
    assert ran.err == ""
    assert Path("findings.json").read_text(encoding="utf-8") == ran.out
    document = json.loads(ran.out)
    assert document["campaigns"], "the demo has campaigns in it"
    assert document["inputs"]["rejected"] == 0
    assert document["campaigns"][0]["id"] in Path("report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_summary_is_shown_unless_quiet_and_a_rejected_campaign_no_longer_counts(scan, run):
    assert scan("--quiet", "-o", "findings.json", "--fail-on", "low") == scan("--quiet", "--fail-on", "low")
    campaigns = json.loads(Path("findings.json").read_text())["campaigns"]
    for campaign in campaigns:
        run("review", campaign["id"], "--as", "rejected", "--author", "ana", "--reason", "a rehearsal")
    shown = scan("--fail-on", "low", "-o", "again.json")
    assert shown.code == 0
    assert campaigns[0]["id"] in shown.out
    again = json.loads(Path("again.json").read_text())["campaigns"]
    assert [(c["id"], c["review"]["verdict"]) for c in again] == [(c["id"], "rejected") for c in campaigns]


def test_a_finding_at_the_severity_asked_for_is_8(scan):
    assert scan("--quiet", "--fail-on", "low").code == 8


def test_until_before_the_log_begins_finds_nothing(scan):
    ran = scan("--until", "2001-01-01")
    assert "Traceback" not in ran.err
    assert ran.code in {0, 1}


def test_rows_left_out_are_counted_and_written(run):
    lines = [f'{{"request_id": "r{n}", "time": "2026-03-01T12:00:0{n}Z", "account_id": "a{n}"}}' for n in range(5)]
    Path("log.jsonl").write_text("\n".join([*lines, "{", '{"time": 1}']) + "\n")
    ran = run("scan", "log.jsonl", "--quiet", "--rejects", "rejects.jsonl")
    assert ran.code == 0
    rejects = [json.loads(line) for line in Path("rejects.jsonl").read_text().splitlines()]
    assert [(reject["file"], reject["line"]) for reject in rejects] == [("log.jsonl", 6), ("log.jsonl", 7)]
    assert "Left out 2 rows" in run("scan", "log.jsonl").err


@pytest.mark.parametrize(
    ("content", "args", "code"),
    [
        (None, ["gone.jsonl"], 1),
        (b"", ["log.jsonl"], 1),
        (b"PAR1 but no more", ["log.jsonl"], 1),
        (b"{}", ["log.jsonl", "--accounts", "gone.csv"], 1),
        (b"{}", ["log.jsonl", "--format", "nosuch"], 2),
        (b"{}", ["log.jsonl", "--mapping", "gone.toml"], 2),
        (b"{}", ["log.jsonl", "--threads", "-1"], 2),
        (b"{}", ["log.jsonl", "--config", "gone.toml"], 2),
        (b"{}", ["log.jsonl", "-o", "gone/findings.json"], 1),
    ],
)
def test_what_cannot_be_scanned_is_one_line(run, content, args, code):
    if content is not None:
        Path("log.jsonl").write_bytes(content)
    ran = run("scan", *args)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1), ran.err
    assert ran.err.startswith("stillwatch: ")


def test_no_key_where_one_is_required(run, made):
    Path("stillwatch.toml").write_text("[pseudonyms]\nrequired = true\n")
    ran = run("scan", made / "requests.parquet")
    assert ran.code == 2
    assert "There is no key here, and one is required. Make one with `stillwatch config init`." in ran.err


@pytest.mark.slow
def test_a_full_disk_leaves_one_line_and_nothing_half_written(start, made, tmp_path_factory):
    kernels = tmp_path_factory.mktemp("kernels")  # compiled before the disk is full, and no other test's
    command, environ = ["scan", made / "requests.parquet", "--quiet"], os.environ | {"NUMBA_CACHE_DIR": str(kernels)}
    assert start(*command, env=environ).code == 0
    full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
    ran = start(*command, "-o", "findings.json", env=environ, preexec_fn=full)
    assert (ran.code, ran.err) == (1, "stillwatch: findings.json: cannot be written (File too large).\n")
    assert list(Path().iterdir()) == []
