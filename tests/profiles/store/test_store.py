"""The store: any cut into scans, any order, repeats and overlaps make what one scan of everything makes."""

import signal
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, InputError
from stillwatch.profiles.store.compacting import compact, prune
from stillwatch.profiles.store.manifest import FILE, Belongs
from stillwatch.profiles.store.store import hour_of, opened

ANY = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
FAR = 1 << 24  # an hour after everything


@settings(max_examples=20, **ANY)
@given(data=st.data())
def test_any_cut_into_scans_in_any_order_with_repeats_is_one_scan(data, shelves, days):
    rows, shelf = days(3), shelves()
    cuts = data.draw(st.lists(st.lists(st.integers(0, len(rows) - 1), max_size=60), min_size=1, max_size=4))
    scans = [[rows[i] for i in cut] for cut in cuts]
    told = {id(row) for scan in scans for row in scan}
    scans.append([row for row in rows if id(row) not in told])
    counted = 0
    for number, scan in enumerate(data.draw(st.permutations(scans))):
        half = len(scan) // 2
        repeated, late = shelf.add({f"{number}": map(shelf.batch_of, [scan[:half], scan[half:]])})
        counted += len(scan) - repeated
        assert late == 0
    assert counted == len(rows)
    whole, expected = shelf.expected_people(rows), shelf.expected_sums(rows)
    assert shelf.people() == whole
    assert shelf.sums() == expected
    days_before = shelf.first + data.draw(st.integers(-10, 80))
    months_before = data.draw(st.sampled_from([0, days_before, FAR]))
    with opened(shelf.folder) as store:
        compact(store, days_before=days_before, months_before=months_before)
    assert shelf.people() == whole
    assert shelf.sums() == expected
    assert shelf.add({"all of it": rows}) == (len(rows), 0)
    assert shelf.people() == whole


def test_some_accounts_are_read_without_the_rest(days, shelf):
    rows = days(2)
    shelf.add({"one": rows})
    own = [row for row in rows if row["account_id"] in {"b", "ä"}]
    with opened(shelf.folder) as store:
        found = list(store.of(pa.array(["b", "nobody", "ä"])))
        table = store.sums(["b"])
    assert {row for batch in found for row in batch["account_id"].to_pylist()} == {"b", "ä"}
    hourly = {(row["account_id"], int(row["hour"])) for row in own}
    assert sum(batch.num_rows for batch in found) == len(hourly), "a row an hour"
    assert table.to_pylist() == shelf.expected_sums([row for row in own if row["account_id"] == "b"], "b")


def test_what_is_before_an_hour_is_what_was_asked_before_it(days, shelf):
    rows = days(2)
    shelf.add({"one": rows})
    noon = shelf.first + 12
    assert shelf.people(noon) == shelf.expected_people([row for row in rows if row["hour"] < 12])


def test_a_log_that_was_read_is_known(days, shelf):
    assert shelf.add({"one": days(1)}) == (0, 0)
    assert shelf.add({"one": days(1, seed=5)}) == (0, 0), "it is not looked at"
    assert shelf.add({"two": days(1)}) == (40, 0)


def test_a_log_that_grew_adds_what_is_new(days, shelf):
    rows = days(2)
    shelf.add({"at noon": rows[:50]})
    assert shelf.add({"at night": rows}) == (50, 0)
    assert shelf.people() == shelf.expected_people(rows)


def test_the_same_id_of_another_account_or_hour_is_another_request(shelf):
    row = {"request_id": "1", "account_id": "a", "hour": 0}
    rows = [row, row | {"account_id": "b"}, row | {"hour": 1}, row | {"hour": 30}, row]
    assert shelf.add({"one": rows}) == (1, 0)
    assert sum(each["requests"] for each in shelf.people().values()) == 4


def test_what_is_too_late_is_left_out_and_counted(days, shelf):
    old, new = days(1), days(3, first=9)
    shelf.add({"new": new}, lateness_hours=96)
    assert shelf.add({"old": old}, lateness_hours=96) == (0, 40)
    assert shelf.people() == shelf.expected_people(new)
    assert shelf.add({"late": days(1, first=8)}, lateness_hours=96) == (0, 0), "in time"


def test_one_scan_may_read_in_any_order(days, shelf):
    """How late a row is, is measured from the last scan, not from the row before."""
    rows = days(20, each=4)
    logs = {str(row["request_id"]): [row] for row in reversed(rows)}
    assert shelf.add(logs, lateness_hours=24) == (0, 0)
    assert shelf.people() == shelf.expected_people(rows)


def test_hashes_are_kept_as_long_as_a_row_may_come(days, shelf):
    shelf.add({"all": days(20, each=10)}, lateness_hours=72)
    kept = shelf.held.hashes
    assert len({each.day for each in kept}) == len(kept)
    assert len(kept) in {3, 4}
    assert {each.count for each in kept} == {10}


def test_a_clock_that_runs_ahead_makes_nobody_late(days, shelf):
    ahead = {"request_id": "x", "account_id": "a", "hour": 60 * 365 * 24}
    shelf.add({"one": [*days(1), ahead]})
    assert shelf.held.newest <= hour_of(datetime.now(UTC))


def test_merged_days_are_one_row_an_account(days, shelf):
    rows = days(3)
    for day in range(3):
        shelf.add({f"{day}": rows[40 * day : 40 * day + 40]})
    first = shelf.first
    with opened(shelf.folder) as store:
        assert compact(store, days_before=first + 48, months_before=0) == 0
        assert [part.grain for part in store.manifest.parts] == ["day", "day", "hour"]
        assert [part.rows for part in store.manifest.parts][:2] == [
            len({row["account_id"] for row in rows[40 * day : 40 * day + 40]}) for day in range(2)
        ]
        assert compact(store, days_before=FAR, months_before=FAR) == 2
        (month,) = store.manifest.parts
        assert (month.grain, month.rows, month.requests) == ("month", 6, 120)
        assert compact(store, days_before=FAR, months_before=FAR) == 0
        assert store.manifest.parts == (month,), "nothing is written where nothing would change"
    files = sorted(path.name for path in (shelf.folder / "profiles").iterdir())
    assert files == [f"{month.name}.parquet"], "what was merged is gone"


def test_pruned_days_do_not_come_back(days, shelf):
    rows = days(4)
    shelf.add({"all": rows})
    first = shelf.first
    with opened(shelf.folder) as store:
        gone = prune(store, first + 50)
    assert [part.requests for part in gone] == [40, 40]
    left = shelf.expected_people(rows[80:])
    assert shelf.people() == left, "a day of which some is younger stays"
    assert shelf.add({"again": rows}) == (80, 80)
    assert shelf.people() == left


@pytest.mark.parametrize("after", range(6))
def test_an_error_on_the_way_leaves_finished_logs_or_nothing(after, days, monkeypatch, shelf):
    monkeypatch.setattr("stillwatch.profiles.store.taking.ROOM", 20)
    rows = days(3)
    halves = {f"{day}": [rows[40 * day + 20 * h :][:20] for h in range(2)] for day in range(3)}

    class Ended(Exception):  # noqa: N818
        pass

    def batches(name):
        for number, half in enumerate(halves[name]):
            if 2 * int(name) + number == after:
                raise Ended
            yield shelf.batch_of(half)

    with pytest.raises(Ended):
        shelf.add({name: batches(name) for name in halves})
    finished = rows[: 40 * (after // 2)]
    if (shelf.folder / FILE).exists():
        assert shelf.people() == shelf.expected_people(finished)
    else:
        assert not finished
    named = shelf.held.names if finished else set()
    assert shelf.files == named, "nothing is left lying about"
    shelf.add({name: map(shelf.batch_of, log) for name, log in halves.items()})
    assert shelf.people() == shelf.expected_people(rows)


KILLED = """
import sys
from pathlib import Path
import numpy as np, pyarrow as pa
from stillwatch.profiles.store import taking as module
from stillwatch.profiles.store.manifest import Belongs
from stillwatch.profiles.store.store import opened
from stillwatch.profiles.store.hourly import hourly, hours_of
from stillwatch.profiles.store.seen import hashes
module.ROOM = 1
batch = pa.ipc.open_stream(sys.argv[2]).read_all().combine_chunks().to_batches()[0]
with opened(Path(sys.argv[1]), Belongs("f00d", "user")) as store, module.taking(store, lateness_hours=168) as new:
    for number in range(len(batch)):
        row = batch.slice(number, 1)
        new.admit(hashes(row), hours_of(row))
        new.add(hourly(row, np.ones((1, 6), np.int64)))
        if number % 4 == 3:
            new.finished(str(number // 4))
        print(number, flush=True)
"""


@pytest.mark.slow
def test_kill_9_leaves_finished_logs_and_a_rerun_counts_nothing_twice(days, shelf):
    rows = days(1)
    batch, log = shelf.batch_of(rows), shelf.folder.with_name("rows")
    with pa.OSFile(str(log), "wb") as sink, pa.ipc.new_stream(sink, batch.schema) as out:
        out.write_batch(batch)
    command = [sys.executable, "-c", KILLED, str(shelf.folder), str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) == 18:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert shelf.files != shelf.held.names, "what was under way lies there"
    found = shelf.people()
    done = sum(account["requests"] for account in found.values())
    assert done >= 16
    assert done % 4 == 0
    assert found == shelf.expected_people(rows[:done])
    assert shelf.files == shelf.held.names
    assert shelf.add({"all": rows}) == (done, 0)
    assert shelf.people() == shelf.expected_people(rows)


HOLD = """
import sys
from pathlib import Path
from stillwatch.profiles.store.store import opened
with opened(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_at_once_is_one_line(days, shelf):
    shelf.add({"one": days(1)})
    command = [sys.executable, "-c", HOLD, str(shelf.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match="at work on these profiles"):
            shelf.add({"two": days(1)})
        other.stdin.close()
    assert shelf.add({"two": days(1)}) == (40, 0)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (Belongs("beef", "user"), "another key"),
        (Belongs("f00d", "key"), r"input\.grain = user, not key"),
        (Belongs("f00d", "user", "m"), "another mapping"),
    ],
)
def test_a_store_belongs_to_a_key_and_settings(other, says, days, shelf):
    shelf.add({"one": days(1)})
    with pytest.raises(ConfigError, match=says):
        shelf.add({"two": days(1)}, belongs=other)


def test_no_store(shelf):
    with pytest.raises(InputError, match="no stored profiles here"), opened(shelf.folder):
        pass
    assert not shelf.folder.exists()
    shelf.folder.write_text("")
    with pytest.raises(ConfigError, match="cannot be stored here"):
        shelf.add({})
    shelf.folder.unlink()
    shelf.folder.mkdir()
    (shelf.folder / "letter.txt").write_text("Dear")
    with pytest.raises(InputError, match="holds other things"):
        shelf.add({})


def test_another_version(days, shelf):
    shelf.add({"one": days(1)})
    content = msgspec.json.decode((shelf.folder / FILE).read_bytes())
    (shelf.folder / FILE).write_bytes(msgspec.json.encode(content | {"format": 99, "parts": "otherwise"}))
    with pytest.raises(InputError, match="another version"):
        shelf.people()


@pytest.mark.parametrize("kind", ["profiles", "sums", "hashes", "manifest"])
@pytest.mark.parametrize("how", ["cut", "gone", "noise"])
def test_damage_is_one_line(kind, how, days, shelf):
    shelf.add({"one": days(1)})
    path = shelf.folder / FILE if kind == "manifest" else next((shelf.folder / kind).iterdir())
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if how == "cut" else bytes(255 - b for b in content))
    says = r"holds other things" if (kind, how) == ("manifest", "gone") else r"damaged or missing"
    with pytest.raises(InputError, match=says):  # noqa: PT012
        shelf.people()
        shelf.sums()
        shelf.add({"two": days(1)})


FULL = """
import resource, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from stillwatch.profiles.store.compacting import compact
from stillwatch.profiles.store.store import opened
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    with opened(Path(sys.argv[1])) as store:
        compact(store, days_before=1 << 24, months_before=1 << 24)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_leaves_all_as_it_was(days, shelf):
    shelf.add({"one": days(2)})
    before, whole = (shelf.folder / FILE).read_bytes(), shelf.people()
    command = [sys.executable, "-c", FULL, str(shelf.folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"StoreError {shelf.folder}: Profiles cannot be stored (File too large)")
    assert (shelf.folder / FILE).read_bytes() == before
    assert shelf.files == shelf.held.names
    assert shelf.people() == whole


def test_nobody_else_may_read_it(days, shelf):
    shelf.add({"one": days(1)})
    for path in [shelf.folder, *shelf.folder.rglob("*")]:
        assert not path.stat().st_mode & 0o077, path
