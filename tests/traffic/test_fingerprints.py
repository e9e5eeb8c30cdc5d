"""Fingerprints: a log that was changed in any way is another log."""

import os

from stillwatch.traffic.fingerprints import fingerprint


def test_a_log_is_known_by_what_is_in_it_not_by_its_name(tmp_path):
    log, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    log.write_bytes(b"x" * 300_000)
    name = fingerprint(str(log))
    assert name == fingerprint(str(log))
    log.rename(other)
    assert fingerprint(str(other)) == name


def test_a_log_that_grew_or_was_written_anew_is_another(tmp_path):
    log = tmp_path / "a.jsonl"
    log.write_bytes(b"x" * 300_000)
    os.utime(log, ns=(0, 0))
    names = [fingerprint(str(log))]
    log.write_bytes(b"x" * 300_001)
    os.utime(log, ns=(0, 0))
    names.append(fingerprint(str(log)))
    log.write_bytes(b"x" * 299_999 + b"y")
    os.utime(log, ns=(0, 0))
    names.append(fingerprint(str(log)))
    os.utime(log, ns=(0, 1))
    names.append(fingerprint(str(log)))
    assert len(set(names)) == 4


def test_what_is_no_file_has_none(tmp_path):
    assert fingerprint("-") is None
    assert fingerprint("s3://bucket/log.jsonl") is None
    assert fingerprint(str(tmp_path)) is None
