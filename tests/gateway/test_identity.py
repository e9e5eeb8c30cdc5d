import hashlib

import pytest

from stillwatch.config import GatewayConfig
from stillwatch.errors import ConfigError
from stillwatch.gateway.identity import Identity, Who, digest

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


def test_a_key_is_known_by_its_digest_as_in_litellms_logs():
    who = Identity().read({b"authorization": b"Bearer sk-1"}, CHAT, "203.0.113.7")
    assert who.account == who.api_key == hashlib.sha256(b"sk-1").hexdigest()
    assert (who.organization, who.address) == ("", "203.0.113.7")
    assert Identity().read({b"x-api-key": b"sk-1"}, MESSAGES, "").account == who.account
    assert Identity().read({b"authorization": b"bearer   sk-1 "}, CHAT, "").account == who.account


def test_of_two_keys_that_of_the_paths_own_kind_counts():
    headers = {b"authorization": b"Bearer x", b"x-api-key": b"y"}
    assert Identity().read(headers, CHAT, "").account == digest(b"x")
    assert Identity().read(headers, MESSAGES, "").account == digest(b"y")


def test_headers_of_a_front_end():
    config = GatewayConfig(
        account="header:X-Account", organization="header:x-org", client_address="header:x-forwarded-for"
    )
    headers = {b"x-account": b"a-1", b"x-org": b"o-1", b"x-forwarded-for": b"198.51.100.9", b"authorization": b"k"}
    who = Identity.of(config).read(headers, CHAT, "10.0.0.1")
    assert who == Who("a-1", "o-1", digest(b"k"), "198.51.100.9")


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"x" * 600, b"  "])
def test_what_is_no_id_is_none(value):
    assert Identity.of(GatewayConfig(account="header:x-account")).read({b"x-account": value}, CHAT, "").account == ""


@pytest.mark.parametrize("setting", ["nobody", "header:", "peer"])
def test_another_setting_is_an_error(setting):
    with pytest.raises(ConfigError, match="key or header:NAME"):
        Identity.of(GatewayConfig(account=setting))
