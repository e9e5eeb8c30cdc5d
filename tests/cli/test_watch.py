"""watch: finds what a scan finds, goes on where it was, says what is wrong in a line, ends in order."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest

from stillwatch.response.relay.places import open_relay
from stillwatch.simulate import load, write
from stillwatch.traffic import Key
from stillwatch.watch.journal import Journal


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A demo's log in several files of JSON lines, its accounts, and a key."""
    out = tmp_path_factory.mktemp("demo")
    provider, *_ = write(load("demo"), out, scale=0.3)
    table = pq.read_table(out / provider / "requests.parquet")
    (out / "logs").mkdir()
    size = table.num_rows // 5 + 1
    for number, start in enumerate(range(0, table.num_rows, size)):
        lines = (json.dumps(row, default=str) + "\n" for row in table.slice(start, size).to_pylist())
        (out / "logs" / f"{number}.jsonl").write_text("".join(lines), encoding="utf-8")
    (out / provider / "accounts.parquet").rename(out / "accounts.parquet")
    Key.create(out / "key")
    return out


@pytest.fixture
def keyed(demo, monkeypatch):
    monkeypatch.setenv("STILLWATCH_KEY_FILE", str(demo / "key"))


@contextmanager
def started(*args, **options):
    """A watch in a process of its own; killed if it does not end."""
    program = [sys.executable, "-m", "stillwatch.cli", "watch", *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(program, **pipes, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process, how=signal.SIGTERM):
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def found(document):
    return [(c["id"], c["bits"], c["severity"], c["evidence"], c["accounts"]) for c in document["campaigns"]]


@pytest.mark.usefixtures("keyed")
@pytest.mark.slow
def test_what_a_watch_finds_is_what_a_scan_finds_however_often_it_is_killed(demo, run):
    """Law 1, from the command line: kill -9, and again."""
    args = (demo / "logs", "--accounts", demo / "accounts.parquet", "-q")
    assert run("scan", *args, "-o", "scanned.json").code == 0
    draw = random.Random(2)  # noqa: S311
    for _ in range(4):
        with started(*args, "--once", "--folder", "kept", "-o", "watched.json"):
            time.sleep(draw.uniform(1.0, 3.5))
    ran = run("watch", *args, "--once", "--folder", "kept", "-o", "watched.json", "--json")
    assert (ran.code, ran.err) == (0, "")
    scanned, watched = (json.loads(Path(f"{name}.json").read_text(encoding="utf-8")) for name in ("scanned", "watched"))
    assert found(watched) == found(scanned)
    assert scanned["campaigns"]
    assert watched["inputs"]["requests"] == scanned["inputs"]["requests"]


@pytest.mark.usefixtures("keyed")
def test_a_campaign_is_told_once(demo, run):
    args = ("watch", demo / "logs", "--accounts", demo / "accounts.parquet", "--once", "--folder", "kept")
    ran = run(*args, "--json")
    *campaigns, end = map(json.loads, ran.out.splitlines())
    assert ran.code == 0
    assert campaigns
    assert all(line["event"] == "campaign" and line["campaign"]["accounts"] for line in campaigns)
    assert end["event"] == "end"
    assert end["campaigns"] == len(campaigns)
    again = run(*args)
    assert (again.code, again.out) == (0, "")
    assert f"{len(campaigns)} campaigns stand" in again.err
    assert "Folded 0 requests" in again.err


@pytest.mark.usefixtures("keyed")
def test_a_log_is_followed_and_the_end_is_in_order(demo, run, tmp_path):
    """It serves its figures meanwhile, keeps a second watch out, and leaves with 0."""
    settings = tmp_path / "stillwatch.toml"
    settings.write_text("[watch]\nflush_seconds = 0.1\njudge_seconds = 0.5\n", encoding="utf-8")
    logs = sorted((demo / "logs").glob("*.jsonl"))
    log = tmp_path / "app.jsonl"
    log.write_bytes(logs[0].read_bytes())
    table, kept = demo / "accounts.parquet", ("--folder", tmp_path / "kept")
    with started(log, "--accounts", table, *kept, "--metrics", "127.0.0.1:0", cwd=tmp_path) as process:
        begun = process.stderr.readline()
        page = re.search(r"Watching files; metrics at (http\S+/metrics)\.", begun)[1]
        with log.open("ab") as more:
            for each in logs[1:]:
                more.write(each.read_bytes())
        assert re.match(r"\S+Z New campaign c-\w+: ", process.stdout.readline())
        with urlopen(page, timeout=10) as answer:  # noqa: S310
            figures = answer.read().decode()
        assert 'stillwatch_watch_requests_total{source="files"}' in figures
        refused = run("watch", log, *kept)
        assert refused.code == 2
        assert refused.err.endswith("Another watch is at work here. End it first, or give this one a folder of its own "
                                    "(watch.folder).\n")  # fmt: skip
        code, _, err = ended(process)
    assert code == 0, err
    total = sum(each.read_bytes().count(b"\n") for each in logs)
    assert f"Folded {total:,} requests" in err


@pytest.mark.usefixtures("keyed")
def test_it_ends_in_order_at_ctrl_c_too(demo, tmp_path):
    with started(demo / "logs", "--folder", tmp_path / "kept") as process:
        process.stderr.readline()
        code, _, err = ended(process, signal.SIGINT)
    assert code == 0, err


@pytest.mark.usefixtures("keyed")
def test_decisions_are_simulated_and_reach_the_gateways(demo, run, tmp_path):
    """Whoever asked is in the ledger and in the relay, and nobody is touched: nothing was applied."""
    ran = run(
        "watch", demo / "logs", "--accounts", demo / "accounts.parquet", "--once", "--folder", "kept", "--ledger",
        "ledger.sqlite", "--relay", tmp_path / "relay", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    decided = [line for line in map(json.loads, ran.out.splitlines()) if line["event"] == "decided"]
    assert sum(decided[0]["decisions"].values()) > 1
    relay = open_relay(str(tmp_path / "relay"))
    snapshot = relay.snapshot(-1)
    relay.close()
    assert snapshot.accounts
    assert all(measure.simulated for measure in snapshot.accounts.values())


LEDGER = ("--ledger", "ledger.sqlite")


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        ((), 2, "There is nothing to watch. Name logs, or give --otlp"),
        (("absent.jsonl",), 1, "absent.jsonl: There is no such file."),
        (("-",), 1, "Standard input has no place to go on from"),
        (("--once", "--otlp", "127.0.0.1:0"), 2, "Only logs have an end."),
        (("log.jsonl", "--apply"), 2, "Nothing acts without a ledger."),
        (("log.jsonl", "--apply", *LEDGER), 2, "Somebody has to answer for it. Give --as NAME."),
        (("log.jsonl", "--apply", "--as", "eve", *LEDGER), 2, "Nobody may yet."),
        (("log.jsonl", "--accounts", "absent.csv"), 1, "absent.csv"),
        (("log.jsonl", "--relay", "carrier://pigeon"), 2, "no relay that stillwatch knows"),
        (("log.jsonl", "--metrics", "nowhere"), 2, "This is no HOST:PORT."),
        (("log.jsonl", "-o", "absent/findings.json"), 1, "the folder does not exist"),
        (("--once", "empty.jsonl"), 1, "There is no request to look at."),
        (("--folder", "log.jsonl", "log.jsonl"), 2, "The watch cannot keep anything here"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(args, code, says, run, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(Path.cwd() / "state"))
    Path("log.jsonl").write_text('{"request_id": "r"}\n', encoding="utf-8")
    Path("empty.jsonl").touch()
    ran = run("watch", "--quiet", *args)
    assert ran.code == code
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""


@pytest.mark.usefixtures("keyed")
def test_nothing_of_a_prompt_is_kept(demo, run):
    run("watch", demo / "logs", "--once", "--folder", "kept", "-q")
    journal = Journal(Path("kept"))
    assert journal.positions
    journal.close()
    prompts = [
        message["content"][:40].encode()
        for line in (demo / "logs" / "0.jsonl").read_text(encoding="utf-8").splitlines()[:200]
        for message in json.loads(line)["input_messages"]
    ]
    content = b"".join(path.read_bytes() for path in Path("kept").iterdir())
    assert not [prompt for prompt in prompts if len(prompt) >= 20 and prompt in content]
