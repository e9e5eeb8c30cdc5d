"""Logs that grow: the result is a scan's, whatever happens to the files meanwhile."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.config import InputConfig
from stillwatch.errors import ConfigError, InputError
from stillwatch.watch.sources import text as texts
from stillwatch.watch.sources.files import UNREADABLE, Files
from stillwatch.watch.sources.folding import Folding

from .conftest import KEY, Follower, finished, folded, line, packed, request, scanned


def lines(*numbers):
    return "".join(map(line, numbers))


def write(file, *numbers):
    file.write_text(lines(*numbers))
    return file


def append(file, content):
    with file.open("ab") as out:
        out.write(content.encode() if isinstance(content, str) else content)


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Looks at files more often than every fifth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stillwatch.watch.sources.files._TURN_SECONDS", 0.002)
        patch.setattr("stillwatch.watch.sources.present.SEARCH_SECONDS", 0.0)
        yield


@pytest.fixture
def log(tmp_path):
    return tmp_path / "app.jsonl"


def test_what_is_there_once_is_a_scan(log, folding):
    write(log, *range(500))
    came = finished(Files([str(log)], folding, once=True))
    assert (came.requests, came.rejected) == (500, 0)
    assert folded(came) == scanned(log)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "json", "jsonl.gz", "jsonl.zst"])
def test_every_kind_of_file_is_read_as_by_a_scan(tmp_path, folding, kind):
    rows, file = [request(n) for n in range(50)], tmp_path / f"log.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif kind == "json":
        file.write_text(json.dumps(rows, indent=1))
    elif kind == "csv":
        cells = [[r["request_id"], r["time"], r["account_id"], json.dumps(r["input_messages"])] for r in rows]
        quoted = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in cells]
        file.write_text("request_id,time,account_id,input_messages\n" + "\n".join(quoted) + "\n")
    else:
        codec = {"jsonl.gz": "gzip", "jsonl.zst": "zstd"}.get(kind)
        with pa.output_stream(str(file), compression=codec) as out:
            out.write(lines(*range(50)).encode())
    once = finished(Files([str(file)], folding, once=True))
    assert once.requests == 50
    assert folded(once) == scanned(file)
    assert finished(Files([str(file)], folding, once=True), once.position).requests == 0


def test_broken_rows_are_counted_and_the_rest_is_read(log, folding):
    log.write_bytes(line(1).encode() + b"{broken\n" + b"\xff\xfe\n" + line(2).encode() + b'{"request_id": "x"}\n')
    came = finished(Files([str(log)], folding, once=True))
    assert (came.requests, came.rejected) == (2, 3)
    assert folded(came) == scanned(log)


def test_a_log_is_followed_as_it_grows(log, folding, follow):
    write(log, 1, 2)
    follower = follow(Files([str(log)], folding))
    assert follower.round(least=2).requests == 2
    append(log, lines(3, 4, 5))
    assert follower.round(least=5).requests == 5
    assert folded(follower.came) == scanned(log)


def test_a_last_line_waits_for_its_end(log, folding, follow):
    whole = line(3)
    log.write_text(lines(1, 2) + whole[:40])
    follower = follow(Files([str(log)], folding))
    assert follower.round(least=2).requests == 2
    append(log, whole[40:])
    came = follower.round(least=3)
    assert (came.requests, came.rejected) == (3, 0)


def test_read_once_the_last_line_needs_no_end(log, folding):
    log.write_text(lines(1, 2) + line(3).rstrip("\n"))
    assert finished(Files([str(log)], folding, once=True)).requests == 3


def test_an_empty_log_is_waited_for(log, folding, follow):
    log.touch()
    follower = follow(Files([str(log)], folding))
    assert follower.round().requests == 0
    append(log, line(1)[:30])
    assert follower.round().rejected == 0
    append(log, line(1)[30:])
    assert follower.round(least=1).requests == 1


def test_a_restart_goes_on_where_the_position_says(log, folding, follow):
    write(log, 1, 2)
    first = follow(Files([str(log)], folding))
    first.round(least=2)
    first.close()
    append(log, lines(3))
    second = follow(Files([str(log)], folding), json.loads(json.dumps(first.came.position)))
    assert second.round(least=1).requests == 1
    first.came.profiles.absorb(second.came.profiles)
    assert folded(first.came) == scanned(log)


def test_a_renamed_log_is_read_to_its_end_and_the_new_one_from_its_beginning(log, folding, follow):
    write(log, 1, 2)
    follower = follow(Files([str(log)], folding))
    follower.round(least=2)
    old = log.rename(log.with_suffix(".jsonl.1"))
    append(old, lines(3))  # the writer has not noticed yet
    write(log, 4, 5)
    assert follower.round(least=5).requests == 5
    append(old, lines(6))
    append(log, lines(7))
    assert follower.round(least=7).requests == 7
    assert folded(follower.came) == scanned(old, log)


def test_a_log_renamed_while_nobody_looked_is_found(log, folding, follow):
    write(log, 1, 2)
    first = follow(Files([str(log)], folding))
    first.round(least=2)
    first.close()
    append(log, lines(3))
    log.rename(log.with_suffix(".jsonl.1"))
    write(log, 4)
    second = follow(Files([str(log)], folding), first.came.position)
    assert second.round(least=2).requests == 2


def test_an_emptied_log_begins_anew(log, folding, follow):
    write(log, *range(10))
    follower = follow(Files([str(log)], folding))
    follower.round(least=10)
    write(log, 11, 12)
    assert follower.round(least=12).requests == 12
    write(log, *range(20, 50))  # emptied, and longer than before when somebody looks
    assert follower.round(least=42).requests == 42


@pytest.mark.parametrize("pack", [False, True])
def test_a_copy_of_what_was_read_is_not_read_again(log, folding, follow, pack):
    write(log, *range(10))
    follower = follow(Files([str(log.parent / "app.jsonl*")], folding))
    follower.round(least=10)
    append(log, lines(10, 11))
    if pack:
        log.with_suffix(".jsonl.1.gz").write_bytes(packed(map(line, range(12))))
    else:
        shutil.copy(log, log.with_suffix(".jsonl.1"))
    write(log, 20)
    came = follower.round(least=13, turns=15)
    assert came.requests == 13


def test_a_copy_made_while_nobody_looked_is_not_read_again(log, folding, follow):
    write(log, *range(100))
    first = follow(Files([str(log.parent)], folding))
    first.round(least=100)
    first.close()
    (log.parent / "old.jsonl.gz").write_bytes(packed(map(line, range(103))))
    log.unlink()
    second = follow(Files([str(log.parent)], folding), first.came.position)
    assert second.round(least=3).requests == 3


def test_read_once_every_file_counts_also_twins(tmp_path, folding):
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, 1, 2, 3)
    assert finished(Files([str(tmp_path)], folding, once=True)).requests == 6


def test_a_new_file_of_a_folder_is_found(tmp_path, folding, follow):
    write(tmp_path / "a.jsonl", 1)
    follower = follow(Files([str(tmp_path)], folding))
    follower.round(least=1)
    write(tmp_path / "b.jsonl", 2, 3)
    assert follower.round(least=3, turns=1).requests == 3


def test_a_table_that_grows_is_followed_also_in_quotes(tmp_path, folding, follow):
    log = tmp_path / "log.csv"
    log.write_text('request_id,time,account_id,output_text\nr1,1772000000,a,"one\ntwo"\nr2,1772000001,a,"un')
    follower = follow(Files([str(log)], folding))
    assert follower.round(least=1).requests == 1
    append(log, 'finished\n, yet"\nr3,1772000002,b,x\n')
    came = follower.round(least=3)
    assert (came.requests, came.rejected) == (3, 0)
    follower.close()
    append(log, "r4,1772000003,b,x\n")
    again = follow(Files([str(log)], folding), came.position)
    assert again.round(least=1).requests == 1
    assert again.came.rejected == 0


def test_a_parquet_file_is_read_when_it_is_whole(tmp_path, folding, follow):
    log = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_pylist([request(n) for n in range(30)]), log)
    content = log.read_bytes()
    log.write_bytes(content[:200])
    write(tmp_path / "other.jsonl", 50)
    follower = follow(Files([str(tmp_path)], folding))
    came = follower.round(least=1)
    assert came.counts == {UNREADABLE: 1}
    log.write_bytes(content)
    assert follower.round(least=31).requests == 31


def test_what_is_no_log_holds_nothing_else_up(tmp_path, folding, follow):
    write(tmp_path / "good.jsonl", 1)
    (tmp_path / "bad.jsonl").write_text('{"this": "is no request"}\n')
    follower = follow(Files([str(tmp_path)], folding))
    came = follower.round(least=1, turns=15)
    assert (came.requests, came.counts) == (1, {UNREADABLE: 1})


def test_nothing_to_read_is_said(folding, log):
    with pytest.raises(InputError, match="no such file"):
        next(Files([str(log)], folding).pieces(None))
    log.write_text('{"this": "is no request"}\n')
    with pytest.raises(InputError, match="no format"):
        finished(Files([str(log)], folding, once=True))
    with pytest.raises(InputError, match="Standard input"):
        Files(["-"], folding)


def test_a_named_format_is_the_only_one(log):
    write(log, 1)
    with pytest.raises(ConfigError, match="no format 'nativ'"):
        Folding.of(InputConfig(format="nativ"), KEY)
    assert finished(Files([str(log)], Folding.of(InputConfig(format="native"), KEY), once=True)).requests == 1


def test_an_endless_line_is_left_out(log, folding, monkeypatch, follow):
    monkeypatch.setattr(texts, "BLOCK", 1000)
    monkeypatch.setattr(texts, "LINE_LIMIT", 5000)
    log.write_text(lines(1) + "x" * 20_000)
    follower = follow(Files([str(log)], folding))
    came = follower.round(least=1)
    assert came.requests == 1
    assert 1 <= came.rejected <= 4
    append(log, "\n" + lines(2))
    assert follower.round(least=2).requests == 2


def test_a_cut_off_packed_file_is_read_as_far_as_it_goes(tmp_path, folding):
    log = tmp_path / "log.jsonl.gz"
    log.write_bytes(packed(map(line, range(3000)))[:-2000])
    came = finished(Files([str(log)], folding, once=True))
    assert 0 < came.requests < 3000
    assert came.rejected >= 1
    assert folded(came) == scanned(log)


def test_it_ends_when_told(log, folding, follow):
    write(log, 1)
    follower = follow(Files([str(log)], folding))
    follower.round(least=1)
    follower.close()
    assert follower.ended


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["append", "part", "rename", "restart", "pack", "copy and empty", "look"]), st.integers(1, 4)
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_nothing_is_lost_or_read_twice_whatever_happens(acts):
    """Also over restarts; a log is looked at before it is emptied, for what came in between is lost to anybody."""
    folding = Folding.of(InputConfig(), KEY)
    with TemporaryDirectory() as folder:
        log, number, rest, turned = Path(folder) / "app.jsonl", 0, "", 0
        write(log, 0)
        follower = Follower(Files([f"{folder}/app.jsonl*"], folding))
        requests = 0
        for act, count in [*acts, ("look", 1)]:
            if act in ("append", "part"):
                append(log, rest + lines(*range(number + 1, number + 1 + count)))
                number, rest = number + count, ""
            if act == "part":
                number += 1
                append(log, line(number)[:count])
                rest = line(number)[count:]
            if act in ("rename", "pack", "copy and empty") and not rest and log.stat().st_size:
                follower.round(turns=1)
                turned += 1
                if act == "rename":
                    log.rename(f"{log}.{turned}")
                elif act == "pack":
                    Path(f"{log}.{turned}.gz").write_bytes(packed([log.read_text()]))
                    log.unlink()
                else:
                    shutil.copy(log, f"{log}.{turned}")
                    os.truncate(log, 0)
                log.touch()
            if act == "restart":
                requests += follower.came.requests
                position = follower.came.position or follower.position
                follower.close()
                follower = Follower(Files([f"{folder}/app.jsonl*"], folding), json.loads(json.dumps(position)))
        append(log, rest)
        with suppress(AssertionError):
            follower.round(least=number + 1 - requests, turns=2)
        assert requests + follower.came.requests == number + 1
        assert follower.came.rejected == 0
        follower.close()
