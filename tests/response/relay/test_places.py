import pytest

from stillwatch.errors import ConfigError
from stillwatch.response.relay.folder import FolderRelay
from stillwatch.response.relay.places import open_relay
from stillwatch.response.relay.redis import RedisRelay


def test_a_path_is_a_folder_and_nothing_is_made_yet(tmp_path):
    assert isinstance(open_relay(str(tmp_path / "relay")), FolderRelay)
    assert not (tmp_path / "relay").exists()


@pytest.mark.parametrize(
    "address",
    ["redis://127.0.0.1:1/0", "rediss://h", "valkey://h:6379", "valkeys://h", "unix:///run/redis.sock"],
)
def test_an_address_is_redis_and_nothing_is_reached_yet(address):
    relay = open_relay(address)
    assert isinstance(relay, RedisRelay)
    relay.close()


@pytest.mark.parametrize("address", ["", "ftp://h", "http://h", "redis://h:port/0", "redis://h/0?socket_timeout=x"])
def test_what_is_no_relay_is_a_config_error(address):
    with pytest.raises(ConfigError):
        open_relay(address)


def test_no_password_is_in_an_error():
    with pytest.raises(ConfigError) as told:
        open_relay("redis://user:hunter2@h:port/0")
    assert "hunter2" not in str(told.value)
