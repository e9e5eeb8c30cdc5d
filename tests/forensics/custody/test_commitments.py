from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, InputError, TrustError
from stillwatch.forensics.custody.commitments import Commitments, check, commit, prove, read_head
from stillwatch.forensics.custody.keys import Keyring, Record

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def _record(number):
    digest = f"{number:064x}"
    return Record(id=f"k-{number:012x}", campaign=f"c-{number}", epoch="1", scheme="s", made=NOW, commitment=digest)


@given(size=st.integers(1, 40), place=st.integers(0, 39), other=st.integers(0, 39))
def test_a_proof_holds_for_its_record_and_for_no_other(size, place, other):
    records = [_record(number) for number in range(size)]
    place, other = place % size, other % size
    head, proof = commit(records, NOW), prove(records[place], records)

    check(head, records[place], proof)
    if other != place:
        with pytest.raises(TrustError, match=records[other].id):
            check(head, records[other], proof)


def test_a_record_that_was_changed_has_no_proof():
    records = [_record(number) for number in range(5)]
    head, proof = commit(records, NOW), prove(records[2], records)

    with pytest.raises(TrustError, match="committed"):
        check(head, records[2].model_copy(update={"campaign": "c-other"}), proof)
    check(head, records[2].model_copy(update={"exposed": NOW}), proof)


def test_the_oldest_head_over_all_keys_is_found(tmp_path):
    keyring, kept = Keyring(tmp_path), Commitments(tmp_path)
    ids = []
    for number in range(3):
        ids.append(keyring.make(f"c-{number}", "1", "s", {}, NOW).id)
        kept.add(commit(keyring.records(), NOW + timedelta(hours=number)))
    records = keyring.records()

    assert [head.size for head in kept.heads()] == [1, 2, 3]
    assert kept.covering(ids[:1], records).size == 1
    assert kept.covering([ids[1], ids[0]], records).size == 2
    late = keyring.make("c-late", "1", "s", {}, NOW).id
    assert kept.covering([late], keyring.records()) is None


def test_records_that_were_changed_after_the_commitment_are_noticed(tmp_path):
    keyring, kept = Keyring(tmp_path), Commitments(tmp_path)
    records = [keyring.make(f"c-{number}", "1", "s", {}, NOW) for number in range(3)]
    path = kept.path(kept.add(commit(records, NOW)))
    changed = [records[0], records[1].model_copy(update={"epoch": "2"}), records[2]]

    with pytest.raises(TrustError, match=path.name):
        kept.covering([records[0].id], changed)


def test_nothing_cannot_be_committed_to():
    with pytest.raises(ConfigError, match="no keys"):
        commit([], NOW)
    with pytest.raises(InputError, match=r"x\.json"):
        read_head(b"{}", "x.json")


def test_what_is_stamped_is_what_the_file_holds(tmp_path):
    keyring, kept = Keyring(tmp_path), Commitments(tmp_path)
    keyring.make("", "1", "s", {}, NOW)
    head = commit(keyring.records(), NOW)

    content = kept.path(kept.add(head)).read_bytes()
    assert content == head.text
    assert read_head(content, "head").text == content


def test_who_commits_twice_to_the_same_keys_keeps_the_first_time(tmp_path):
    """The later one would stand in its place, and the time-stamp beside it would hold no more."""
    keyring, kept = Keyring(tmp_path), Commitments(tmp_path)
    keyring.make("", "1", "s", {}, NOW)
    first = kept.add(commit(keyring.records(), NOW))

    assert kept.add(commit(keyring.records(), NOW + timedelta(days=1))) == first
    assert kept.heads() == (first,)
