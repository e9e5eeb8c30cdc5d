import json
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.errors import InputError
from stillwatch.forensics.canaries.choosing import slot_id
from stillwatch.forensics.canaries.records import Records, read
from stillwatch.merkle import leaf_hash, root_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SLOTS = [slot_id("slot", (str(number),)) for number in range(6)]


def test_what_was_planted_is_read_back_by_key(tmp_path, a_key):
    path = tmp_path / "new" / "canaries.jsonl"
    records, one, other = Records(path), a_key(1, "C-1"), a_key(2, "C-2")
    records.add(SLOTS[:2], one, NOW)
    records.add(SLOTS[1:3], one, NOW + timedelta(hours=1))
    records.add(SLOTS[:1], other, NOW + timedelta(hours=2))
    found = read(path)
    assert found.slots[one.id] == {leaf_hash(slot) for slot in SLOTS[:3]}
    assert found.slots[other.id] == {leaf_hash(SLOTS[0])}
    assert (found.first[one.id], found.first[other.id]) == (NOW, NOW + timedelta(hours=2))
    assert (found.lines, found.torn) == (4, 0), "what was written is not written again"
    assert found.root == root_of([leaf_hash(line) for line in path.read_bytes().splitlines()])


def test_a_line_says_no_slot_no_prompt_and_no_value_of_a_key(tmp_path, a_key):
    path = tmp_path / "canaries.jsonl"
    key = a_key(0xDEADBEEFCAFEBABE)
    Records(path).add(SLOTS[:1], key, NOW)
    (line,) = path.read_text().splitlines()
    told = json.loads(line)
    assert told == {"leaf": leaf_hash(SLOTS[0]).hex(), "key": key.id, "campaign": "C-1", "at": "2026-05-01T12:00:00Z"}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_line_that_was_broken_off_costs_that_line_alone(tmp_path, a_key, cut):
    path = tmp_path / "canaries.jsonl"
    Records(path).add(SLOTS[:3], a_key(1), NOW)
    os.truncate(path, path.stat().st_size - cut)
    Records(path).add(SLOTS[3:], a_key(1), NOW)
    found = read(path)
    whole = {leaf_hash(slot) for slot in SLOTS[:2] + SLOTS[3:]}
    assert whole <= found.slots[a_key(1).id]
    assert found.lines + found.torn == 6
    assert (found.torn == 0) == (cut == 1), "a line without its end is whole"


def test_several_write_one_file(tmp_path, a_key):
    path = tmp_path / "canaries.jsonl"
    many = [[slot_id("slot", (str(number), str(writer))) for number in range(50)] for writer in range(8)]

    def write(slots):
        records = Records(path)
        for slot in slots:
            records.add([slot], a_key(1), NOW)

    writers = [threading.Thread(target=write, args=(slots,)) for slots in many]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert read(path).slots[a_key(1).id] == {leaf_hash(slot) for slots in many for slot in slots}


def test_no_file_and_another_file_are_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none")
    (tmp_path / "other").write_text("a diary\n")
    with pytest.raises(InputError, match="no record"):
        read(tmp_path / "other")


def test_what_cannot_be_written_is_an_error_and_not_remembered(tmp_path, a_key):
    path = tmp_path / "canaries.jsonl"
    path.mkdir()
    records = Records(path)
    with pytest.raises(OSError, match="directory"):
        records.add(SLOTS, a_key(1), NOW)
    path.rmdir()
    records.add(SLOTS, a_key(1), NOW)
    assert read(path).lines == len(SLOTS)
