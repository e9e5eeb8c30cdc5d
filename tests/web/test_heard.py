"""What gateways were told, as the health page counts it."""

import pytest

from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.relay.protocol import RelayError
from stillwatch.response.snapshot import OPEN_GATE, Snapshot, snapshot_of
from stillwatch.web.heard import Heard, Told


def test_it_follows_every_snapshot(tmp_path, decision):
    heard, relay = Heard(), FolderRelay(tmp_path)
    assert heard.of(str(tmp_path)) is None
    made = [decision(f"acct-{n}") for n in range(3)]
    for number in range(4):
        relay.publish(snapshot_of(made[:number], OPEN_GATE, version=number + 1))
        assert heard.of(str(tmp_path)) == heard.of(str(tmp_path)) == Told(number + 1, enabled=True, measures=number)
    relay.publish(Snapshot(5, enabled=False))
    assert heard.of(str(tmp_path)) == Told(5, enabled=False, measures=0)


def test_a_relay_that_fails_is_asked_again(tmp_path):
    heard, place = Heard(), tmp_path / "relay"
    FolderRelay(place).publish(Snapshot(1))
    assert heard.of(str(place))
    (place / "snapshot.msgpack").write_bytes(b"none")
    with pytest.raises(RelayError):
        heard.of(str(place))
    FolderRelay(place).publish(Snapshot(2))
    assert heard.of(str(place)) == Told(2, enabled=True, measures=0)
