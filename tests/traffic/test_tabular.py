import csv
import gzip
import io
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.traffic import tabular
from stillwatch.traffic.rows import RowError
from stillwatch.traffic.streams import Replayed, Stream

from .conftest import Read, request

HEADER = ["request_id", "startTime", "api_key", "user", "messages", "prompt_tokens", "spend"]


def spend(number: int, **changes: str) -> list[str]:
    messages = json.dumps([{"role": "user", "content": f'say "{number}",\nplease'}])
    row = dict(zip(HEADER, [f"r{number}", "2026-03-01 12:00:00.5", "hash", "u1", messages, "12", "0.1"], strict=True))
    return list((row | changes).values())


def text(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *rows])
    return out.getvalue().encode()


def test_quoted_lines_and_json_inside(tmp_path: Path, read: Read):
    (tmp_path / "spend.csv").write_bytes(text([spend(0), spend(1)]))
    reading = read(tmp_path / "spend.csv")
    assert reading.rows[1]["input_messages"] == [{"role": "user", "content": 'say "1",\nplease'}]
    assert reading.rows[1]["usage_input_tokens"] == 12
    assert reading.rejects.count == 0


def test_broken_lines_are_named(tmp_path: Path, read: Read):
    rows = [
        spend(0, messages="[]"),
        spend(1, messages="[]")[:-1],
        spend(2, messages="[]", prompt_tokens="many"),
        spend(3, messages="[]"),
    ]
    content = text(rows) + b'\xff,2026-03-01 12:00:00,hash,u,[],1,1\r\n"x"y,1,1,1,1,1,1\r\n'
    (tmp_path / "spend.csv.gz").write_bytes(gzip.compress(content))
    reading = read(tmp_path / "spend.csv.gz")
    assert [row["request_id"] for row in reading.rows] == ["r0", "r3"]
    assert {line: reason for _, line, reason in reading.rejects} == {
        3: "bad CSV",
        4: "wrong type: usage_input_tokens",
        6: "invalid UTF-8",
        7: "bad CSV",
    }


def test_the_native_schema_as_csv(tmp_path: Path, read: Read):
    row = request(5) | {"input_messages": json.dumps(request(5)["input_messages"])}
    with (tmp_path / "log.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, row)
        writer.writeheader()
        writer.writerow(row)
    (tmp_path / "log.jsonl").write_text(json.dumps(request(5)))
    assert read(tmp_path / "log.csv").table.equals(read(tmp_path / "log.jsonl").table)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_records_or_reasons(content: bytes):
    stream = Stream("-", Replayed(io.BytesIO(b"a,b\n" + content)))
    for line, record in tabular.records(stream):
        assert line > 1
        assert isinstance(record, RowError) or record.keys() == {"a", "b"}
