import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.traffic import Key, Rejects, jsonl
from stillwatch.traffic.intake import Intake
from stillwatch.traffic.jsonl import Block, _parsed, _rows, cut
from stillwatch.traffic.readers import Native
from stillwatch.traffic.streams import Replayed, Stream

from .conftest import Read, request

KEY = Key.ephemeral()


def stream(content: bytes) -> Stream:
    return Stream("-", Replayed(io.BytesIO(content)))


@given(st.binary(max_size=200).map(lambda content: content.replace(b"\x00", b"\n")), st.integers(1, 50))
def test_blocks_are_the_file_cut_at_line_ends(content: bytes, size: int):
    blocks = list(cut(stream(b"x" + content), size))
    assert b"".join(block.content for block in blocks) == b"x" + content
    assert all(block.content.endswith(b"\n") for block in blocks[:-1])
    line = 1
    for block in blocks:
        assert block.line == line
        line += block.content.count(b"\n")


def test_an_endless_line_is_left_out_unread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jsonl, "LINE_LIMIT", 100)
    blocks = list(cut(stream(b"a\n" + b"x" * 1000 + b"\nb\n" + b"y" * 1000), 50))
    assert [(b.line, b.content or b.broken) for b in blocks] == [
        (1, b"a\n"),
        (2, "text over the limit"),
        (3, b"b\n"),
        (4, "text over the limit"),
    ]


def slow(content: bytes, intake: Intake) -> pa.RecordBatch:
    return intake.admit_rows(list(_rows(Block(content, 1), Native())), "f")


PIECES = [
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"NaN", b"1e999", b"-", b"0.5", b"\n", b" "),
    *(
        b'"request_id"',
        b'"time"',
        b'"input_messages"',
        b'"x"',
        b"\xff",
        b"\\ud800",
        b'{"a":1}',
        b"\x00",
        b"\xef\xbb\xbf",
    ),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid row with a few pieces put in, left out or replaced."""
    line = json.dumps(request(draw(st.integers(0, 99)))).encode()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(st.sampled_from(PIECES)) + line[at + draw(st.sampled_from([0, 0, 1, 5, 40])) :]
    return line


@settings(max_examples=150, deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=4).map(b"\n".join))
def test_the_fast_way_reads_what_the_slow_way_reads(content: bytes):
    fast_rejects, slow_rejects = Rejects(), Rejects()
    fast, one_by_one = Intake(fast_rejects, KEY), Intake(slow_rejects, KEY)
    expected = slow(content, one_by_one)
    batch = _parsed(content, fast.schema)
    if batch is not None:
        assert fast.admit(batch, "f", 1).equals(expected)
        assert fast_rejects.counts_by_reason == slow_rejects.counts_by_reason


def anything() -> st.SearchStrategy[object]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    )


@st.composite
def distorted(draw: st.DrawFn) -> bytes:
    """A valid row with some values replaced by anything."""
    row = request()
    for column in draw(st.lists(st.sampled_from(sorted(row)), max_size=3)):
        row[column] = draw(anything())
    return json.dumps(row).encode()


@settings(max_examples=150, deadline=None)
@given(st.lists(mutated() | distorted() | st.binary(max_size=30) | anything().map(lambda v: json.dumps(v).encode())))
def test_every_line_is_read_or_rejected(lines: list[bytes]):
    content = b"\n".join(lines)
    rejects = Rejects()
    batches = [
        jsonl.decode(block, "f", Native(), Intake(rejects, KEY)) for block in cut(stream(b'{"x":1}\n' + content), 64)
    ]
    rows = sum(bool(line.strip()) for line in content.split(b"\n"))
    assert sum(map(len, batches)) + rejects.count == rows + 1
    for batch in batches:
        batch.validate(full=True)


def test_broken_rows_are_named_and_the_rest_is_read(log: Callable[..., Path], read: Read):
    broken = {
        2: b'{"request_id": "x"',
        3: b"not json at all",
        4: b"null",
        6: json.dumps(request(4, account_id=None)).encode(),
        7: json.dumps(request(4, usage_input_tokens="many")).encode(),
        8: json.dumps(request(4, time="1970-01-01T00:00:00Z")).encode(),
        9: json.dumps(request(4)).encode().replace(b"small", b"sm\xff"),
        10: json.dumps(dict.fromkeys(request())).encode(),
        11: json.dumps(request(4, time="soon")).encode(),
        12: json.dumps(request(4, input_messages="hi")).encode(),
        13: json.dumps(request(4, request_id="")).encode(),
        15: b"[" * 100_000,
    }
    good = [request(n) for n in range(20)]
    records: list[object] = list(good)
    for line, content in broken.items():
        records.insert(line - 1, content)
    reading = read(log(records))
    assert [row["request_id"] for row in reading.rows] == [row["request_id"] for row in good]
    reasons = {line: reason for _, line, reason in reading.rejects}
    assert reasons == {
        2: "bad JSON",
        3: "bad JSON",
        4: "not a JSON object",
        6: "missing field: account_id",
        7: "wrong type: usage_input_tokens",
        8: "time out of range",
        9: "invalid UTF-8",
        10: "missing field: request_id",
        11: "wrong type: time",
        12: "wrong type: input_messages",
        13: "missing field: request_id",
        15: "bad JSON",
    }


def test_a_text_of_50_megabytes_is_left_out(log: Callable[..., Path], read: Read):
    huge = request(1, input_messages=[{"role": "user", "content": "é" * 25_000_000}])
    reading = read(log([huge, request(2), request(3, output_text="x" * 50_000_000)]))
    assert reading.only["request_id"] == "req-2"
    assert reading.rejects.counts_by_reason == {"text over the limit": 2}


def test_times_and_contents_as_others_write_them(log: Callable[..., Path], read: Read):
    parts = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, None]
    rows = [request(0, time=1772366400), request(1, time="2026-03-01 12:00:00"), request(2, input_messages=parts)]
    reading = read(log(rows))
    assert [row["time"].isoformat() for row in reading.rows[:2]] == ["2026-03-01T12:00:00+00:00"] * 2
    assert reading.rows[2]["input_messages"] == [{"role": "user", "content": "hi"}, {"role": None, "content": None}]
    assert reading.rejects.count == 0


def test_blank_lines_windows_lines_and_a_mark_are_no_rows(tmp_path: Path, read: Read):
    lines = b"\r\n\r\n".join(json.dumps(request(n)).encode() for n in range(3))
    (tmp_path / "log.jsonl").write_bytes(b"\xef\xbb\xbf" + lines)
    reading = read(tmp_path / "log.jsonl")
    assert (reading.table.num_rows, reading.rejects.count) == (3, 0)


def test_a_list_of_records_is_read_too(tmp_path: Path, read: Read):
    (tmp_path / "log.json").write_text(json.dumps([request(0), 7, request(1)], indent=1))
    (tmp_path / "page.json").write_text(json.dumps({"data": [request(0), 7, request(1)]}, indent=1))
    for name in ("log.json", "page.json"):
        reading = read(tmp_path / name)
        assert [row["request_id"] for row in reading.rows] == ["req-0", "req-1"]
        assert reading.rejects.counts_by_reason == {"not a JSON object": 1}


@pytest.mark.parametrize("seed", range(3))
def test_the_cut_does_not_change_what_is_read(seed: int):
    rng = random.Random(seed)  # noqa: S311
    lines = [json.dumps(request(n)).encode() if rng.random() < 0.9 else b"{broken" for n in range(200)]
    content = b"\n".join(lines)
    results = []
    for size in (1 << 20, 999, 4321):
        rejects = Rejects()
        batches = [jsonl.decode(b, "f", Native(), Intake(rejects, KEY)) for b in cut(stream(content), size)]
        results.append((pa.Table.from_batches(batches).combine_chunks().to_pylist(), list(rejects)))
    assert results[0] == results[1] == results[2]
