"""profiles: what is stored is shown, merged and forgotten; scan --profiles adds to it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.traffic import Key

ASK = [{"role": "user", "content": "Why does bread rise in the oven, and not before it?"}]


@pytest.fixture
def log(tmp_path):
    """Writes a log: a request an hour of each of three accounts, of so many days, ago."""

    def write(name, *, days, ago=0):
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=ago)
        rows = [
            {"request_id": f"{hour}", "time": end - timedelta(hours=hour), "account_id": account, "input_messages": ASK}
            for hour in range(24 * days)
            for account in ("a", "b", "c")
        ]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def scanned(run, tmp_path):
    """Scans a log into profiles/."""
    key = tmp_path / "xdg-config" / "stillwatch" / "key"

    def scan(log, *options):
        if not key.exists():
            key.parent.mkdir(parents=True)
            Key.create(key)
        return run("scan", log, "--profiles", "profiles", "--quiet", *options)

    return scan


def shown(run):
    return json.loads(run("profiles", "show", "profiles", "--json").out)


def test_a_log_is_added_once_and_shown(scanned, run, log):
    assert scanned(log("one.parquet", days=3)).code == 0
    before = shown(run)
    assert before["requests"] == before["hashes"]["requests"] == 3 * 72
    assert {part["grain"] for part in before["parts"]} == {"hour"}
    again = scanned(log("two.parquet", days=3), "--json")
    assert json.loads(again.out)["inputs"]["requests"] == 3 * 72
    assert any("counted before" in note for note in json.loads(again.out)["inputs"]["notes"])
    assert shown(run)["requests"] == before["requests"]
    text = run("profiles", "show", "profiles")
    assert "an account's hour" in text.out
    assert "216 requests of 2 logs" in text.out


def test_hours_are_merged_and_what_is_old_goes(scanned, run, log):
    scanned(log("one.parquet", days=6, ago=1))
    assert run("profiles", "compact", "profiles", "--hourly-days", "1", "--daily-days", "9").code == 0
    assert {part["grain"] for part in shown(run)["parts"]} == {"hour", "day"}
    ran = run("profiles", "prune", "profiles", "--older-than", "4")
    assert ran.code == 0
    assert ran.err.startswith("Deleted ")
    left = shown(run)
    assert 0 < left["requests"] < 3 * 144
    assert datetime.fromisoformat(left["parts"][0]["end"]) > datetime.now(UTC) - timedelta(days=4, hours=1)
    assert left["nothing_before"] is not None


def test_without_a_key_nothing_is_stored(run, log):
    ran = run("scan", log("one.parquet", days=1), "--profiles", "profiles")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "one is required" in ran.err
    assert not Path("profiles").exists()


def test_with_another_key_nothing_is_added(scanned, run, log, tmp_path):
    scanned(log("one.parquet", days=1))
    Key.create(tmp_path / "other")
    settings = tmp_path / "stillwatch.toml"
    settings.write_text(f'[pseudonyms]\nkey_file = "{tmp_path / "other"}"\n')
    ran = run("scan", log("two.parquet", days=2), "--profiles", "profiles", "--config", settings)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "another key" in ran.err
    assert shown(run)["requests"] == 72


@pytest.mark.parametrize("verb", ["show", "compact", "prune"])
def test_what_is_no_store_is_one_line(verb, run, tmp_path):
    for folder, says in ((tmp_path / "none", "no stored profiles"), (tmp_path, "holds other things")):
        (tmp_path / "letter.txt").write_text("Dear")
        ran = run("profiles", verb, folder)
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert says in ran.err


def test_a_damaged_store_is_one_line(scanned, log):
    scanned(log("one.parquet", days=1))
    part = next(Path("profiles/profiles").iterdir())
    part.write_bytes(part.read_bytes()[:500])
    ran = scanned(log("two.parquet", days=2))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "damaged or missing" in ran.err
