import os

import pytest

from stillwatch.response.model import Tap
from stillwatch.response.relay import taps
from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.relay.protocol import RelayError
from stillwatch.response.snapshot import Snapshot


def test_the_oldest_taps_go_where_nobody_takes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(taps, "MOST_TAPS", 5)
    relay = FolderRelay(tmp_path)
    for number in range(1, 11):
        relay.report(Tap("g1", number, 1.0), None, 0, {})
        os.utime(tmp_path / "taps" / f"g1-{number}.tap", (number, number))
    assert [tap.number for tap in relay.take({})] == [6, 7, 8, 9, 10]


def test_large_taps_are_fewer(tmp_path, monkeypatch):
    monkeypatch.setattr(taps, "MOST_BYTES", 10_000)
    relay = FolderRelay(tmp_path)
    for number in range(1, 21):
        relay.report(Tap("g1", number, 1.0, bytes(1000)), None, 0, {})
    assert sum(file.stat().st_size for file in (tmp_path / "taps").iterdir()) <= 10_000


def test_nothing_half_written_is_left_and_nobody_else_can_read_it(tmp_path):
    relay = FolderRelay(tmp_path / "relay")
    relay.report(Tap("g1", 1, 1.0), None, 0, {})
    relay.publish(Snapshot(version=1))
    assert sorted(f.name for f in (tmp_path / "relay").rglob("*")) == ["g1-1.tap", "snapshot.msgpack", "taps"]
    assert (tmp_path / "relay").stat().st_mode & 0o077 == 0
    assert (tmp_path / "relay" / "snapshot.msgpack").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "relay").write_text("a file")
    relay = FolderRelay(tmp_path / "relay")
    for act in (
        lambda: relay.publish(Snapshot()),
        lambda: list(relay.take({})),
        lambda: relay.release({}),
        lambda: relay.snapshot(0),
    ):
        with pytest.raises(RelayError):
            act()
    assert isinstance(relay.report(Tap("g1", 1, 1.0), None, 0, {}).fault, RelayError)


def test_a_broken_snapshot_is_said(tmp_path):
    (tmp_path / "snapshot.msgpack").write_bytes(b"no snapshot")
    with pytest.raises(RelayError, match="no snapshot"):
        FolderRelay(tmp_path).snapshot(0)


def test_a_gateway_may_not_name_another_folder(tmp_path):
    with pytest.raises(ValueError, match="no name"):
        FolderRelay(tmp_path).report(Tap("../g1", 1, 1.0), None, 0, {})
